import { lowWater, risen, standing } from "../../../../machines/durability/high-water.ts";
import { decodeBoxEntry, decodeEnvelope } from "../../../../protocols/index.ts";
import { ok, rejected, unknown } from "../../../../src/transport/outcomes.ts";
import type { Outcome, Stream } from "../../../../src/transport/transport.ts";

/**
 * What becomes of one append.
 *
 * - `ok`: stored, and said so. `lostRequest`: not stored; `lostAnswer`: stored; `late`, `veryLate`: stored 2, 40
 * appends later. Of none of these is anything heard.
 * - `full`, `tooLarge`: rejected. `away`, `busy`: the store could not be asked. `throws`: as a store must not.
 */
export type Fate =
  | "ok"
  | "lostRequest"
  | "lostAnswer"
  | "late"
  | "veryLate"
  | "full"
  | "tooLarge"
  | "away"
  | "busy"
  | "throws";

export interface StoredEntry {
  readonly subject: string;
  readonly payload: Uint8Array;
}

interface Late {
  readonly entry: StoredEntry;
  readonly atAttempt: number;
}

/** A stream whose appends end as planned; beyond the plan they end well. Appends of all lines share the plan. */
export class FaultyStream implements Stream {
  readonly stored: StoredEntry[] = [];
  readonly attempts: StoredEntry[] = [];
  readonly #plan: Fate[];
  #late: Late[] = [];

  constructor(plan: readonly Fate[] = []) {
    this.#plan = [...plan];
  }

  append(subject: string, payload: Uint8Array): Promise<Outcome<number>> {
    const entry = { subject, payload: new Uint8Array(payload) };
    this.attempts.push(entry);
    this.#arrive(({ atAttempt }) => atAttempt <= this.attempts.length);
    const fate = this.#plan.shift() ?? "ok";
    if (fate === "throws") return Promise.reject(new Error("no store"));
    return Promise.resolve(this.#end(fate, entry));
  }

  /** All that is still under way arrives. */
  settle(): void {
    this.#arrive(() => true);
  }

  #arrive(isDue: (late: Late) => boolean): void {
    for (const late of this.#late.filter(isDue)) this.stored.push(late.entry);
    this.#late = this.#late.filter((late) => !isDue(late));
  }

  #end(fate: Exclude<Fate, "throws">, entry: StoredEntry): Outcome<number> {
    if (fate === "full") return rejected("MAILBOX_FULL", "full");
    if (fate === "tooLarge") return rejected("PAYLOAD_TOO_LARGE", "too large");
    if (fate === "busy") return rejected("TRANSPORT_FULL", "too much waits for the connection");
    if (fate === "away") return rejected("STORE_FAILED", "not connected");
    if (fate === "late" || fate === "veryLate")
      this.#late.push({ entry, atAttempt: this.attempts.length + (fate === "late" ? 2 : 40) });
    if (fate === "ok" || fate === "lostAnswer") this.stored.push(entry);
    return fate === "ok" ? ok(this.stored.length) : unknown("STORE_FAILED", "no answer");
  }

  read(): never {
    throw new Error("not read here");
  }
  lastSequence(): never {
    throw new Error("not read here");
  }
  delete(): never {
    throw new Error("not deleted here");
  }
  count(): never {
    throw new Error("not counted here");
  }
  consume(): never {
    throw new Error("not consumed here");
  }
}

export interface Reading {
  /** The types of the messages each receiver applied, in order. */
  readonly applied: Readonly<Record<string, readonly string[]>>;
  /** Those refused as of an earlier line. */
  readonly stale: readonly string[];
}

/** What receivers make of entries, in the order they are stored, by the high-water rules. @throws where one finds a gap before it */
export function readByHighWater(entries: readonly StoredEntry[]): Reading {
  const applied: Record<string, string[]> = {};
  const stale: string[] = [];
  const waters = new Map<string, typeof lowWater>();
  for (const { subject, payload } of entries) {
    const { from, incarnation, firstSeq, messages } = decodeBoxEntry(payload);
    const to = subject.split(".").slice(5).join(".");
    for (const [i, { frame }] of messages.entries()) {
      const water = waters.get(to) ?? lowWater;
      const stamp = { from, incarnation, seq: firstSeq + i };
      const { type } = decodeEnvelope(frame);
      const stands = standing(water, stamp);
      if (stands === "ahead") throw new Error(`${type} to ${to} is ahead: ${JSON.stringify(stamp)}`);
      if (stands === "stale") stale.push(type);
      if (stands !== "next") continue;
      waters.set(to, risen(water, stamp, 1, 1_000));
      applied[to] = [...(applied[to] ?? []), type];
    }
  }
  return { applied, stale };
}
