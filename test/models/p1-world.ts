import type { Answer, Write } from "../../machines/durability/commit.ts";
import type { Move } from "../../machines/durability/session.ts";
import type { Step } from "../../machines/durability/turn.ts";
import type { DurabilitySteps } from "./durability-steps.ts";
import {
  acknowledged,
  expectNothing,
  type Log,
  moved,
  type Node,
  type P1Bounds,
  type P1Server,
  type P1State,
  type P1Step,
  spend,
  withNode,
  written,
} from "./p1-state.ts";
import { flightOf, publishing } from "./p1-target.ts";

/** Whatever may happen next. */
export function* nextOf(
  state: P1State,
  bounds: P1Bounds,
  steps: DurabilitySteps,
  server: P1Server,
): Generator<P1Step> {
  for (const i of state.nodes.keys()) {
    yield* lifeOf(state, i, steps);
    yield* workOf(state, i, bounds, steps);
    yield* ordersOf(state, i, steps, server);
  }
  for (const write of state.lagging) {
    const rest = { ...state, lagging: state.lagging.filter((it) => it !== write) };
    yield { action: "late write lands", to: written(rest, write)?.state ?? rest };
  }
  for (const item of state.net) yield* flightOf(state, item, steps);
  if (state.left.doubles > 0)
    for (const message of new Set(state.inbox))
      yield {
        action: "sender doubles",
        to: spend({ ...state, inbox: [...state.inbox, message] }, "doubles"),
      };
}

/** Claims, crashes and restarts. */
function* lifeOf(state: P1State, i: number, steps: DurabilitySteps): Generator<P1Step> {
  const node = state.nodes[i] as Node;
  if (!node.up) {
    yield { action: `node ${i} restarts`, to: withNode(state, i, { up: true, todo: [] }) };
    return;
  }
  if (state.left.crashes > 0)
    yield { action: `node ${i} crashes`, to: spend(withNode(state, i, { up: false, todo: [] }), "crashes") };
  const owned = state.nodes.some(({ session }) => session?.held.record.epoch === state.store?.record.epoch);
  if (node.session === undefined && (state.left.epochs > 0 || !owned)) {
    const found = state.store ?? steps.unborn<Log>([], 1);
    const write = steps.claimOf<Log, number>(found, "node", `claim ${state.store?.revision ?? 0}`);
    const landed = written(state, write);
    if (landed === undefined) return;
    const after = state.left.epochs > 0 ? spend(landed.state, "epochs") : landed.state;
    yield {
      action: `node ${i} claims`,
      to: moved(after, i, steps.resume({ record: write.record, revision: landed.revision })),
    };
  }
}

/** Takes from the inbox, and commits. */
function* workOf(state: P1State, i: number, { batch }: P1Bounds, steps: DurabilitySteps): Generator<P1Step> {
  const { session } = state.nodes[i] as Node;
  if (session === undefined) return;
  for (const [entry, seq] of state.inbox.entries()) {
    if (state.acknowledged.includes(entry)) continue;
    if (session.writing !== undefined && batch === 1) continue;
    if ((session.draft?.entries.length ?? 0) >= batch) continue;
    const arrival = { entry, stamp: { from: "sender", incarnation: 1, seq } };
    const decide = ({ state: log }: { readonly state: Log }): Step<Log, number> => ({
      state: [...log, seq],
      sends: [{ to: "target", message: seq }],
    });
    const received: Move<Log, number> = steps.receive(session, arrival, decide, steps.limits);
    if (received.session === session && received.orders.length === 0) continue;
    const to = moved(state, i, received);
    // Nothing is gained by waiting with a batch of one.
    yield { action: `node ${i} takes ${seq}`, to: batch === 1 ? committing(to, i, steps) : to };
  }
  if (batch > 1 && session.draft !== undefined && session.writing === undefined)
    yield { action: `node ${i} commits`, to: committing(state, i, steps) };
}

function committing(state: P1State, i: number, steps: DurabilitySteps): P1State {
  const { session } = state.nodes[i] as Node;
  if (session?.draft === undefined) return state;
  const { record, revision } = session.held;
  return moved(state, i, steps.commit(session, `commit ${record.epoch} ${revision}`));
}

/** Carries out orders: the first of each kind, so that acknowledging, publishing and writing overtake each other. */
function* ordersOf(state: P1State, i: number, steps: DurabilitySteps, server: P1Server): Generator<P1Step> {
  const node = state.nodes[i] as Node;
  const kinds = new Set<string>();
  for (const order of node.todo) {
    if (kinds.has(order.do)) continue;
    kinds.add(order.do);
    const rest = withNode(state, i, { ...node, todo: node.todo.filter((it) => it !== order) });
    switch (order.do) {
      case "acknowledge":
        yield { action: `node ${i} acknowledges ${order.entry}`, to: acknowledged(rest, order.entry) };
        break;
      case "publish":
        yield* publishing(state, i, order, steps);
        break;
      case "write":
        yield* writingOf(state, rest, i, order.write, steps, server);
        break;
      case "read":
        if (node.session !== undefined)
          yield {
            action: `node ${i} reads back`,
            to: moved(rest, i, steps.readBack(node.session, state.store)),
          };
        break;
      default:
        throw new Error(`The model knows no order "${order.do}"`);
    }
  }
}

function* writingOf(
  state: P1State,
  rest: P1State,
  i: number,
  write: Write<Log, number>,
  steps: DurabilitySteps,
  server: P1Server,
): Generator<P1Step> {
  const node = state.nodes[i] as Node;
  const told = (to: P1State, answer: Answer): P1State => {
    const { session, todo } = to.nodes[i] as Node;
    if (session === undefined) return to;
    const next = moved(withNode(to, i, { up: true, session, todo }), i, steps.answered(session, answer));
    // A conflict is read back at once: between the two nothing of this node's could happen.
    return answer.kind === "conflict" ? readAtOnce(next, i, steps) : next;
  };
  const matches = write.expect === expectNothing || (state.store?.revision ?? 0) === write.expect;
  if (!server.atomic && !node.compared) {
    yield matches
      ? { action: `the server compares for node ${i}`, to: withNode(state, i, { ...node, compared: true }) }
      : { action: `node ${i} is refused`, to: told(rest, { kind: "conflict" }) };
    return;
  }
  const landed = written(rest, node.compared ? { ...write, expect: expectNothing } : write);
  yield landed === undefined
    ? { action: `node ${i} is refused`, to: told(rest, { kind: "conflict" }) }
    : { action: `node ${i} commits`, to: told(landed.state, { kind: "ok", revision: landed.revision }) };
  if (state.left.unknowns === 0) return;
  const doubtful = spend(rest, "unknowns");
  const unanswered = (to: P1State): P1State => told(to, { kind: "unknown" });
  if (landed !== undefined)
    yield { action: `node ${i} commits, unanswered`, to: unanswered(spend(landed.state, "unknowns")) };
  yield { action: `a write of node ${i} is lost`, to: unanswered(doubtful) };
  yield {
    action: `a write of node ${i} lags`,
    to: unanswered({ ...doubtful, lagging: [...state.lagging, write] }),
  };
}

function readAtOnce(state: P1State, i: number, steps: DurabilitySteps): P1State {
  const node = state.nodes[i] as Node;
  if (node.session === undefined || !node.todo.some((order) => order.do === "read")) return state;
  const rest = withNode(state, i, { ...node, todo: node.todo.filter((order) => order.do !== "read") });
  return moved(rest, i, steps.readBack(node.session, state.store));
}
