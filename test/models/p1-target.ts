import { risen } from "../../machines/durability/high-water.ts";
import type { Order } from "../../machines/durability/orders.ts";
import type { OutboxEntry } from "../../machines/durability/outbox.ts";
import type { Session } from "../../machines/durability/session.ts";
import type { DurabilitySteps } from "./durability-steps.ts";
import { type Log, type Node, type P1State, type P1Step, withNode } from "./p1-state.ts";

/** The way to the target: what is published may be lost, or arrive at any time, in any order. */
export function* flightOf(
  state: P1State,
  item: OutboxEntry<number>,
  steps: DurabilitySteps,
): Generator<P1Step> {
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
export function* publishing(
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
