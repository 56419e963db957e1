import { type Answer, type Settlement, settle, settleByReading, type Write, writeOf } from "./commit.ts";
import type { Stamp } from "./high-water.ts";
import type { Order } from "./orders.ts";
import { ordersOnCommit, ordersOnResume } from "./orders.ts";
import { trimmed } from "./outbox.ts";
import type { DurableRecord, Stored } from "./record.ts";

/**
 * What an owner has in memory of its actor: everything that a crash may take. It begins with a claim and ends
 * when a write of it is fenced. Plain data, never changed in place.
 */
export interface Session<State = unknown, Message = unknown> {
  /** The last value known to be the store's, and ours. */
  readonly held: Stored<State, Message>;
  /** A commit under way; one at a time. */
  readonly writing?: Writing<State, Message>;
  /** Turns applied in memory on top of it: the next commit. */
  readonly draft?: Draft<State, Message>;
  /** Places in the outbox that the receivers' streams have confirmed; the next commit trims them (R4). */
  readonly confirmed: readonly number[];
}

export interface Draft<State, Message> {
  readonly record: DurableRecord<State, Message>;
  /** Entries of the inbox to acknowledge once it is committed (R4). */
  readonly entries: readonly number[];
}

export interface Writing<State, Message> {
  readonly write: Write<State, Message>;
  readonly entries: readonly number[];
}

/** A message of the inbox. */
export interface Arrival {
  /** Its number in the inbox's stream: a message sent twice has two. */
  readonly entry: number;
  readonly stamp: Stamp;
}

/** A session's answer: what it is now, and what is to be done, in this order. Without a session it is over. */
export interface Move<State = unknown, Message = unknown> {
  readonly session: Session<State, Message> | undefined;
  readonly orders: readonly Order<State, Message>[];
}

/** Begins with a claim that succeeded (R1), and takes up what the owner before left under way (R4, R12). */
export function resume<State, Message>(held: Stored<State, Message>): Move<State, Message> {
  return { session: { held, confirmed: [] }, orders: ordersOnResume(held.record) };
}

/** The newest value, committed or not: what the next turn is applied to. */
export function newest<State, Message>(session: Session<State, Message>): DurableRecord<State, Message> {
  return session.draft?.record ?? session.writing?.write.record ?? session.held.record;
}

/**
 * R2: makes the draft, and the trimming of what is confirmed, into one write. With neither it is a renewal
 * (R6). While a commit is under way it does nothing: the draft waits for it.
 */
export function commit<State, Message>(
  session: Session<State, Message>,
  nonce: string,
): Move<State, Message> {
  if (session.writing !== undefined) return { session, orders: [] };
  const { held, draft, confirmed } = session;
  const write = writeOf(withoutConfirmed(draft?.record ?? held.record, confirmed), held.revision, nonce);
  const writing = { write, entries: draft?.entries ?? [] };
  return { session: { held, writing, confirmed }, orders: [{ do: "write", write }] };
}

function withoutConfirmed<State, Message>(
  record: DurableRecord<State, Message>,
  confirmed: readonly number[],
): DurableRecord<State, Message> {
  return { ...record, outbox: trimmed(record.outbox, confirmed) };
}

/**
 * Changes what the shell itself keeps in the state, outside of any turn of the actor; part of the next commit. The machine
 * must not see it.
 */
export function tidied<State, Message>(
  session: Session<State, Message>,
  change: (state: State) => State,
): Session<State, Message> {
  const record = newest(session);
  const entries = session.draft?.entries ?? [];
  return { ...session, draft: { record: { ...record, state: change(record.state) }, entries } };
}

/** The store answered the write, or did not in time. */
export function answered<State, Message>(
  session: Session<State, Message>,
  answer: Answer,
): Move<State, Message> {
  return concluded(session, settle(answer));
}

/** The record was read from the leader, as ordered; undefined where the key is missing (R3). */
export function readBack<State, Message>(
  session: Session<State, Message>,
  stored: Stored<State, Message> | undefined,
): Move<State, Message> {
  if (session.writing === undefined) return { session, orders: [] };
  return concluded(session, settleByReading(session.writing.write, stored));
}

function concluded<State, Message>(
  session: Session<State, Message>,
  settlement: Settlement,
): Move<State, Message> {
  const { writing } = session;
  if (writing === undefined) return { session, orders: [] };
  switch (settlement.kind) {
    case "read":
      return { session, orders: [{ do: "read" }] };
    case "again":
      return { session, orders: [{ do: "write", write: writing.write }] };
    case "fenced":
      return { session: undefined, orders: [{ do: "stop" }] };
    case "committed":
      return committed(session, writing, settlement.revision);
  }
}

/** R4: acknowledging, publishing and calling come after the commit, and only here. */
function committed<State, Message>(
  { held, writing: _, confirmed, ...session }: Session<State, Message>,
  { write, entries }: Writing<State, Message>,
  revision: number,
): Move<State, Message> {
  const { record } = write;
  const waiting = new Set(record.outbox.entries.map(({ position }) => position));
  return {
    session: {
      ...session,
      held: { record, revision },
      confirmed: confirmed.filter((position) => waiting.has(position)),
    },
    orders: ordersOnCommit(held.record, record, entries),
  };
}

/** R4: a receiver's stream has confirmed an outbox entry (its PubAck came). */
export function confirm<State, Message>(
  session: Session<State, Message>,
  position: number,
): Session<State, Message> {
  const { confirmed } = session;
  return confirmed.includes(position) ? session : { ...session, confirmed: [...confirmed, position] };
}
