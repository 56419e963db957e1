import { own } from "./own.ts";

/** A message that a turn sends. */
export interface Send<Message> {
  readonly to: string;
  readonly message: Message;
}

/** A committed message that may not have arrived yet. */
export interface OutboxEntry<Message> extends Send<Message> {
  /** Its place in all that this actor ever sent; never given twice. */
  readonly position: number;
  /** Its stamp at the receiver, the same however often and by whomever it is published. */
  readonly incarnation: number;
  readonly seq: number;
}

/** How far the line to a receiver was numbered, and in which turn last. */
interface Line {
  readonly incarnation: number;
  readonly seq: number;
  readonly turn: number;
}

/**
 * What was sent and not yet confirmed, oldest first (D4). Part of the record: an entry exists if and only if
 * the turn that sent it is committed.
 */
export interface Outbox<Message> {
  readonly entries: readonly OutboxEntry<Message>[];
  readonly nextPosition: number;
  readonly lines: Readonly<Record<string, Line>>;
  /** Of a line that begins: greater than that of every line forgotten. */
  readonly nextIncarnation: number;
}

/** @param bornAtMs wall clock: makes the actor's lines greater than those of an earlier actor of its name. */
export function emptyOutbox(bornAtMs: number): Outbox<never> {
  return { entries: [], nextPosition: 1, lines: {}, nextIncarnation: bornAtMs };
}

/**
 * R4: numbers what a turn sends, a line for each receiver, so that the receiver can apply R5. Beyond
 * `receiversMax` the receiver idle for most turns is forgotten if nothing to it waits; the next message to it
 * begins a line of a greater incarnation.
 */
export function posted<Message>(
  outbox: Outbox<Message>,
  sends: readonly Send<Message>[],
  turn: number,
  receiversMax: number,
): Outbox<Message> {
  if (sends.length === 0) return outbox;
  const entries = [...outbox.entries];
  const lines: Record<string, Line> = { ...outbox.lines };
  let { nextPosition } = outbox;
  for (const send of sends) {
    const line = own(lines, send.to) ?? { incarnation: outbox.nextIncarnation, seq: 0 };
    const { incarnation } = line;
    const seq = line.seq + 1;
    lines[send.to] = { incarnation, seq, turn };
    entries.push({ ...send, position: nextPosition, incarnation, seq });
    nextPosition += 1;
  }
  return forgetful({ ...outbox, entries, nextPosition, lines }, receiversMax);
}

function forgetful<Message>(outbox: Outbox<Message>, receiversMax: number): Outbox<Message> {
  const excess = Object.keys(outbox.lines).length - receiversMax;
  if (excess <= 0) return outbox;
  const waiting = new Set(outbox.entries.map(({ to }) => to));
  const idle = Object.entries(outbox.lines)
    .filter(([to]) => !waiting.has(to))
    .sort(([, a], [, b]) => a.turn - b.turn)
    .slice(0, excess);
  const forgotten = new Set(idle.map(([to]) => to));
  const lines = Object.fromEntries(Object.entries(outbox.lines).filter(([to]) => !forgotten.has(to)));
  const nextIncarnation = Math.max(
    outbox.nextIncarnation,
    ...idle.map(([, { incarnation }]) => incarnation + 1),
  );
  return { ...outbox, lines, nextIncarnation };
}

/** R4: without what the receivers' streams have confirmed. It takes effect with the commit it is part of. */
export function trimmed<Message>(outbox: Outbox<Message>, confirmed: readonly number[]): Outbox<Message> {
  const gone = new Set(confirmed);
  const entries = outbox.entries.filter(({ position }) => !gone.has(position));
  return entries.length === outbox.entries.length ? outbox : { ...outbox, entries };
}
