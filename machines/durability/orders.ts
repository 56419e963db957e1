import type { Write } from "./commit.ts";
import { type Intent, resumption } from "./intents.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { DurableRecord } from "./record.ts";
import { nextDueMs } from "./timers.ts";

/**
 * What the shell is to do. Every order may be carried out twice, by another owner after a crash, and is safe so.
 *
 * - `write`: as a compare-and-set; tell `answered`.
 * - `read`: the record, from the leader; tell `readBack`.
 * - `acknowledge`: an entry of the inbox.
 * - `deadLetter`: an entry of the inbox, with the reason; acknowledge it when that is stored.
 * - `publish`: until the receiver's stream confirms it; tell `confirm`. In order to each receiver.
 * - `call`: tell `receiveResult` what came of it.
 * - `abort`: a call whose intent is gone; one that has ended already is left alone.
 * - `reportUnknown`: tell `receiveResult` that nobody can know what came of it (D5).
 * - `wake`: look for due timers at this time, and no more at the time given before.
 * - `stop`: another owner goes on. Drop everything in memory, publish and acknowledge nothing more.
 */
export type Order<State = unknown, Message = unknown> =
  | { readonly do: "write"; readonly write: Write<State, Message> }
  | { readonly do: "read" | "stop" }
  | { readonly do: "acknowledge"; readonly entry: number }
  | { readonly do: "deadLetter"; readonly entry: number; readonly reason: "stale" | "closed" }
  | { readonly do: "publish"; readonly entry: OutboxEntry<Message> }
  | { readonly do: "call"; readonly intent: Intent }
  | { readonly do: "abort"; readonly key: string }
  | { readonly do: "reportUnknown"; readonly key: string }
  | { readonly do: "wake"; readonly atMs: number | undefined };

/** R4, R12: what a commit sets free. */
export function ordersOnCommit<State, Message>(
  before: DurableRecord<State, Message>,
  after: DurableRecord<State, Message>,
  entries: readonly number[],
): readonly Order<State, Message>[] {
  const standing = new Set(after.intents.map(({ key }) => key));
  const known = new Set(before.intents.map(({ key }) => key));
  const atMs = nextDueMs(after.timers);
  const wakes = after.timers !== before.timers && atMs !== nextDueMs(before.timers);
  return [
    ...entries.map((entry) => ({ do: "acknowledge", entry }) as const),
    ...after.outbox.entries
      .filter(({ position }) => position >= before.outbox.nextPosition)
      .map((entry) => ({ do: "publish", entry }) as const),
    ...before.intents
      .filter(({ key }) => !standing.has(key))
      .map(({ key }) => ({ do: "abort", key }) as const),
    ...after.intents.filter(({ key }) => !known.has(key)).map((intent) => ({ do: "call", intent }) as const),
    ...(wakes ? [{ do: "wake", atMs } as const] : []),
  ];
}

/** R4, R12: what a new owner takes up: the whole outbox, every intent, the next timer. */
export function ordersOnResume<State, Message>(
  record: DurableRecord<State, Message>,
): readonly Order<State, Message>[] {
  const atMs = nextDueMs(record.timers);
  return [
    ...record.outbox.entries.map((entry) => ({ do: "publish", entry }) as const),
    ...record.intents.map((intent) =>
      resumption(intent, record.epoch) === "call"
        ? ({ do: "call", intent } as const)
        : ({ do: "reportUnknown", key: intent.key } as const),
    ),
    ...(atMs === undefined ? [] : [{ do: "wake", atMs } as const]),
  ];
}
