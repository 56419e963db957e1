import { own } from "./own.ts";

/** Where a message stands in the line of its sender to its receiver. */
export interface Stamp {
  readonly from: string;
  /**
   * Which line of this sender it is: a later one has a greater number, also beside other senders' (the epoch
   * milliseconds of its beginning, or more).
   */
  readonly incarnation: number;
  /** 1, 2, 3 … without a gap. */
  readonly seq: number;
}

/** How far a sender's line was applied, and in which turn last. */
interface Head {
  readonly incarnation: number;
  readonly seq: number;
  readonly turn: number;
}

/**
 * The receiver's own memory of what it applied, and the only authority on duplicates and order: a server's
 * window of message ids forgets (R11). Part of the record, so that it moves with the state it speaks of.
 */
export interface HighWater {
  readonly heads: Readonly<Record<string, Head>>;
  /** The greatest incarnation of a forgotten sender: of one unknown, nothing up to it can be told from a duplicate. */
  readonly horizon: number;
}

export const lowWater: HighWater = { heads: {}, horizon: 0 };

/**
 * - `next`: to be applied.
 * - `seen`: applied before; acknowledge and drop it.
 * - `ahead`: one before it is missing; leave it unacknowledged.
 * - `stale`: of an earlier line, or older than what is remembered; refuse it, since nobody can tell.
 */
export type Standing = "next" | "seen" | "ahead" | "stale";

/** R5: only the message after the last applied one of its line is applied. */
export function standing({ heads, horizon }: HighWater, { from, incarnation, seq }: Stamp): Standing {
  const head = own(heads, from);
  if (incarnation < (head?.incarnation ?? 0) || (head === undefined && incarnation <= horizon))
    return "stale";
  const last = head?.incarnation === incarnation ? head.seq : 0;
  if (seq <= last) return "seen";
  return seq === last + 1 ? "next" : "ahead";
}

/**
 * R5: the mark with this message applied. Beyond `sendersMax` senders the one idle for most turns is forgotten:
 * what it sends later in the same line is refused as stale, never applied twice.
 */
export function risen(
  water: HighWater,
  { from, incarnation, seq }: Stamp,
  turn: number,
  sendersMax: number,
): HighWater {
  const heads: Record<string, Head> = { ...water.heads, [from]: { incarnation, seq, turn } };
  const senders = Object.keys(heads);
  if (senders.length <= sendersMax) return { heads, horizon: water.horizon };
  const turnOf = (sender: string): number => heads[sender]?.turn ?? 0;
  const idlest = senders.reduce((a, b) => (turnOf(b) < turnOf(a) ? b : a));
  const horizon = Math.max(water.horizon, heads[idlest]?.incarnation ?? 0);
  delete heads[idlest];
  return { heads, horizon };
}
