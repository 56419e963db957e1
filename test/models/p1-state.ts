import type { Write } from "../../machines/durability/commit.ts";
import type { HighWater } from "../../machines/durability/high-water.ts";
import type { Order } from "../../machines/durability/orders.ts";
import type { OutboxEntry } from "../../machines/durability/outbox.ts";
import type { Stored } from "../../machines/durability/record.ts";
import type { Move, Session } from "../../machines/durability/session.ts";
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
export type Log = readonly number[];

export interface Node {
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

export type P1Step = { readonly action: string; readonly to: P1State };

export function acknowledged(state: P1State, entry: number): P1State {
  const entries = new Set([...state.acknowledged, entry]);
  return { ...state, acknowledged: [...entries].sort((a, b) => a - b) };
}

/** What the store makes of a write; undefined where it refuses. */
export function written(
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
export function moved(state: P1State, i: number, { session, orders }: Move<Log, number>): P1State {
  const { todo } = state.nodes[i] as Node;
  if (session === undefined) return withNode(state, i, { up: true, todo: [] });
  return withNode(state, i, { up: true, session, todo: merged(todo, orders) });
}

/** An order that waits already is not given twice. */
export function merged(
  todo: readonly Order<Log, number>[],
  orders: readonly Order<Log, number>[],
): readonly Order<Log, number>[] {
  if (orders.length === 0) return todo;
  if (todo.length === 0 && orders.length === 1) return orders;
  const names = new Map([...todo, ...orders].map((order) => [orderName(order), order]));
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, order]) => order);
}

/** Of a node's own orders no two with the same name differ: it has one write at a time, which its session knows. */
export function orderName(order: Order<Log, number>): string {
  switch (order.do) {
    case "publish":
      return `publish ${order.entry.position}:${order.entry.message}`;
    case "acknowledge":
      return `acknowledge ${order.entry}`;
    default:
      return order.do;
  }
}

export function withNode(state: P1State, i: number, node: Node): P1State {
  return { ...state, nodes: state.nodes.with(i, node) };
}

export function spend(state: P1State, what: keyof P1State["left"]): P1State {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}

/**
 * A state as a row of numbers. Records are many states' own, so their text is made once. The nodes are alike, so
 * when folded it does not matter which of two is which.
 */
export function keyOf(folded: boolean): (state: P1State) => readonly number[] {
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
