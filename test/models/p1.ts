import type { Answer, Write } from "../../machines/durability/commit.ts";
import type { HighWater } from "../../machines/durability/high-water.ts";
import { lowWater, risen } from "../../machines/durability/high-water.ts";
import type { Order } from "../../machines/durability/orders.ts";
import type { OutboxEntry } from "../../machines/durability/outbox.ts";
import type { Stored } from "../../machines/durability/record.ts";
import type { Move, Session } from "../../machines/durability/session.ts";
import type { Step } from "../../machines/durability/turn.ts";
import type { DurabilitySteps } from "./durability-steps.ts";
import { numbered, numberedData } from "./numbered.ts";

/**
 * The world of the model P1: one durable actor, its inbox, the nodes that may own it, the store of its record,
 * the way to a target and the target. What the nodes do is the product's; whatever may happen between any two
 * of their steps happens here: claims at any time (every pause, every false suspicion, every zombie), crashes,
 * redelivery in any order, doubles by the sender, loss and reordering on the way, commits whose answer is lost.
 */
export interface P1Bounds {
  readonly messages: number;
  readonly nodes: number;
  /** Claims while the record may still have a living owner. Where its owner is dead, one more is always possible. */
  readonly epochs: number;
  readonly crashes: number;
  readonly doubles: number;
  /** Writes whose answer is lost: landed, never to land, or landing later. */
  readonly unknowns: number;
  /** Messages a node may take into one commit. */
  readonly batch: number;
  /** Whether states that differ only in which node is which count as one; default true. */
  readonly folded?: boolean;
}

/** The numbers of the messages applied, in order. An effect carries the number of the message that caused it. */
type Log = readonly number[];

interface Node {
  readonly up: boolean;
  readonly session?: Session<Log, number>;
  /** Orders not carried out yet. */
  readonly todo: readonly Order<Log, number>[];
  /** A server whose compare and set are two steps has compared (mutant M7). */
  readonly compared?: boolean;
}

export interface P1State {
  /** Message numbers in the order of the inbox's stream; a double has two entries. */
  readonly inbox: readonly number[];
  readonly acknowledged: readonly number[];
  readonly store: Stored<Log, number> | undefined;
  readonly nodes: readonly Node[];
  /** Writes without an answer that may still land. */
  readonly lagging: readonly Write<Log, number>[];
  /** Published and not arrived; a second copy adds nothing, since whoever has no confirmation publishes again. */
  readonly net: readonly OutboxEntry<number>[];
  readonly target: { readonly water: HighWater; readonly log: Log };
  /** Somebody wrote whose epoch was past. */
  readonly staleWrite: boolean;
  readonly left: {
    readonly epochs: number;
    readonly crashes: number;
    readonly doubles: number;
    readonly unknowns: number;
  };
}

/** How the store may be wrong. */
export interface P1Server {
  /** False: as a replicated 2.9 server, which compares at the leader and sets later. */
  readonly atomic: boolean;
}

/** A write with this expectation is a plain put, as of a writer that sends no expected revision (mutant M2). */
export const expectNothing = -1;

type P1Step = { readonly action: string; readonly to: P1State };

export function p1(bounds: P1Bounds, steps: DurabilitySteps, server: P1Server = { atomic: true }) {
  const { messages, nodes, epochs, crashes, doubles, unknowns } = bounds;
  const all = Array.from({ length: messages }, (_, i) => i + 1);
  const start: P1State = {
    inbox: all,
    acknowledged: [],
    store: undefined,
    nodes: Array.from({ length: nodes }, () => ({ up: true, todo: [] })),
    lagging: [],
    net: [],
    target: { water: lowWater, log: [] },
    staleWrite: false,
    left: { epochs, crashes, doubles, unknowns },
  };
  return {
    init: [start],
    next: (state: P1State) => nextOf(state, bounds, steps, server),
    key: keyOf(bounds.folded ?? true),
    safe: {
      "each message is applied once, in order": ({ store }: P1State) => isPrefix(store?.record.state ?? []),
      "each effect is applied once, in order": ({ target }: P1State) => isPrefix(target.log),
      "no effect without its commit": ({ store, net, target }: P1State) => {
        const committed = store?.record.state ?? [];
        return [...net.map(({ message }) => message), ...target.log].every((it) => committed.includes(it));
      },
      "no acknowledgement without its commit": ({ store, acknowledged, inbox }: P1State) =>
        acknowledged.every((entry) => store?.record.state.includes(inbox[entry] as number)),
      "no write of a past epoch": ({ staleWrite }: P1State) => !staleWrite,
    },
    reachable: {
      "everything is applied, acknowledged and delivered": ({
        store,
        target,
        acknowledged,
        inbox,
      }: P1State) =>
        store?.record.state.length === messages &&
        target.log.length === messages &&
        acknowledged.length === inbox.length,
    },
    mayEnd: () => true,
  };
}

function isPrefix(log: Log): boolean {
  return log.every((message, i) => message === i + 1);
}

/**
 * A state as a row of numbers. Records are many states' own, so their text is made once. The nodes are alike, so
 * when folded it does not matter which of two is which.
 */
function keyOf(folded: boolean): (state: P1State) => readonly number[] {
  const recordOf = numberedData();
  const nodeOf = numbered();
  const [wayOf, endsOf] = [numbered(), numbered()];
  const nodeText = ({ up, session, todo, compared }: Node): string => {
    if (!up) return "down";
    const orders = todo.map(orderName).join();
    if (session === undefined) return orders;
    const { held, writing, draft, confirmed } = session;
    const write = writing && `${recordOf(writing.write.record)}@${writing.write.expect}:${writing.entries}`;
    const drawn = draft && `${recordOf(draft.record)}:${draft.entries}`;
    return `${compared}|${recordOf(held.record)}@${held.revision}|${write}|${drawn}|${confirmed}|${orders}`;
  };
  return ({ inbox, acknowledged, store, nodes, lagging, net, target, staleWrite, left }) => {
    const each = nodes.map((node) => nodeOf(nodeText(node)));
    const late = lagging.map(({ expect, record }) => `${recordOf(record)}@${expect}`);
    const heads = Object.values(target.water.heads).map(({ seq }) => seq);
    return [
      store === undefined ? -1 : recordOf(store.record),
      store?.revision ?? 0,
      wayOf(`${net.map(({ position, message }) => `${position}:${message}`)}|${late}|${heads}|${target.log}`),
      endsOf(`${inbox}|${acknowledged}|${staleWrite}|${Object.values(left)}`),
      ...(folded ? each.sort((a, b) => a - b) : each),
    ];
  };
}

function* nextOf(
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

/** The way to the target: what is published may be lost, or arrive at any time, in any order. */
function* flightOf(state: P1State, item: OutboxEntry<number>, steps: DurabilitySteps): Generator<P1Step> {
  const rest = { ...state, net: state.net.filter((it) => it !== item) };
  yield { action: `effect ${item.message} is lost`, to: rest };
  const target = arrived(state, item, steps);
  if (target !== undefined) yield { action: `effect ${item.message} arrives`, to: { ...rest, target } };
}

/** The target with an effect; undefined where it does not take it now. */
function arrived(
  { target }: P1State,
  { message, incarnation, seq }: OutboxEntry<number>,
  steps: DurabilitySteps,
): P1State["target"] | undefined {
  const stamp = { from: "actor", incarnation, seq };
  const found = steps.standingAtTarget(target.water, stamp);
  if (found === "ahead" || found === "stale") return undefined;
  if (found === "seen") return target;
  return { water: risen(target.water, stamp, 0, 10), log: [...target.log, message] };
}

/**
 * Publishes: it is confirmed at once, or no confirmation comes, and the order stays. Without a session (a mutant
 * publishes before it may) nothing is awaited.
 */
function* publishing(
  state: P1State,
  i: number,
  order: Extract<Order<Log, number>, { do: "publish" }>,
  steps: DurabilitySteps,
): Generator<P1Step> {
  const { entry } = order;
  const node = state.nodes[i] as Node;
  const target = arrived(state, entry, steps);
  if (target !== undefined && node.session !== undefined) {
    const session = sorted(steps.confirm(node.session, entry.position));
    const todo = node.todo.filter((it) => it !== order);
    const to = withNode({ ...state, target }, i, { ...node, session, todo });
    yield { action: `node ${i} publishes ${entry.message}`, to };
  }
  if (state.net.some(({ position }) => position === entry.position)) return;
  const net = [...state.net, entry].sort((a, b) => a.position - b.position);
  yield { action: `node ${i} publishes ${entry.message}, unconfirmed`, to: { ...state, net } };
}

/** The order of confirmations means nothing. */
function sorted({ confirmed, ...session }: Session<Log, number>): Session<Log, number> {
  return { ...session, confirmed: confirmed.toSorted((a, b) => a - b) };
}

function acknowledged(state: P1State, entry: number): P1State {
  const entries = new Set([...state.acknowledged, entry]);
  return { ...state, acknowledged: [...entries].sort((a, b) => a - b) };
}

/** What the store makes of a write; undefined where it refuses. */
function written(
  state: P1State,
  { expect, record }: Write<Log, number>,
): { readonly state: P1State; readonly revision: number } | undefined {
  const { store } = state;
  if (expect !== expectNothing && (store?.revision ?? 0) !== expect) return undefined;
  const revision = (store?.revision ?? 0) + 1;
  const staleWrite = state.staleWrite || record.epoch < (store?.record.epoch ?? 0);
  return { state: { ...state, store: { record, revision }, staleWrite }, revision };
}

/** A node after a step of its session, with what it is ordered to do. */
function moved(state: P1State, i: number, { session, orders }: Move<Log, number>): P1State {
  const { todo } = state.nodes[i] as Node;
  if (session === undefined) return withNode(state, i, { up: true, todo: [] });
  return withNode(state, i, { up: true, session, todo: merged(todo, orders) });
}

/** An order that waits already is not given twice. */
function merged(
  todo: readonly Order<Log, number>[],
  orders: readonly Order<Log, number>[],
): readonly Order<Log, number>[] {
  if (orders.length === 0) return todo;
  if (todo.length === 0 && orders.length === 1) return orders;
  const names = new Map([...todo, ...orders].map((order) => [orderName(order), order]));
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, order]) => order);
}

/** Of a node's own orders no two with the same name differ: it has one write at a time, which its session knows. */
function orderName(order: Order<Log, number>): string {
  switch (order.do) {
    case "publish":
      return `publish ${order.entry.position}:${order.entry.message}`;
    case "acknowledge":
      return `acknowledge ${order.entry}`;
    default:
      return order.do;
  }
}

function withNode(state: P1State, i: number, node: Node): P1State {
  return { ...state, nodes: state.nodes.with(i, node) };
}

function spend(state: P1State, what: keyof P1State["left"]): P1State {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}
