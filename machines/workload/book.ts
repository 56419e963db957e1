import {
  type Load,
  type MessageOf,
  type ReplyOf,
  type ResourceAmounts,
  resourceNames,
  type workload,
} from "../../protocols/index.ts";
import { afterEnd, afterTask, type Rate, rateAt, type Service, serviceOf } from "./service.ts";

/** A task that the agent has in hand. */
interface Held {
  readonly task: string;
  readonly type: string;
  readonly resources: ResourceAmounts;
  readonly sinceMs: number;
}

/** All that is kept of one agent's work. Plain data. */
export interface WorkloadBook {
  /** What the roster said last. */
  readonly capacity: number;
  /** Oldest first. */
  readonly held: readonly Held[];
  /** Tasks that have ended, the last ones: who asks for a place for one of them again has asked before. */
  readonly ended: readonly string[];
  readonly rate: Rate;
  /** By task type, the one that ended last behind. */
  readonly services: readonly Service[];
}

export type Reservation = MessageOf<typeof workload> & { readonly type: "reserve" };
export type Finished = MessageOf<typeof workload> & { readonly type: "finished" };
type Reserved = ReplyOf<typeof workload, "reserve">;
type Violation = Extract<Reserved, { readonly violations: unknown }>["violations"][number];

/** Tasks in hand, whatever the capacity: the book is one record. */
export const heldMax = 2_000;
export const endedMax = 1_000;
export const servicesMax = 64;

export const emptyBook: WorkloadBook = {
  capacity: 0,
  held: [],
  ended: [],
  rate: { perSecond: 0, atMs: 0 },
  services: [],
};

/** Gives a place to a task, if there is one and all that is held stays within the limits. */
export function reserve(book: WorkloadBook, asked: Reservation, nowMs: number): [WorkloadBook, Reserved] {
  const { task, taskType: type, resources, capacity } = asked;
  if (book.held.some((held) => held.task === task) || book.ended.includes(task))
    return [book, { ok: true, load: loadOf(book, nowMs) }];
  const now = { ...book, capacity };
  if (book.held.length >= Math.min(capacity, heldMax))
    return [now, { ok: false, by: "capacity", load: loadOf(now, nowMs) }];
  const violations = violationsOf(book, asked);
  if (violations.length > 0) return [now, { ok: false, by: "limits", violations, load: loadOf(now, nowMs) }];
  const next = { ...now, held: [...book.held, { task, type, resources, sinceMs: nowMs }] };
  return [next, { ok: true, load: loadOf(next, nowMs) }];
}

function violationsOf(book: WorkloadBook, { resources, limits }: Reservation): Violation[] {
  const held = heldBy(book);
  return resourceNames.flatMap((resource) => {
    const [requested, limit] = [resources[resource], limits[resource]];
    if (requested === undefined || limit === undefined) return [];
    // Of time each task has its own.
    const remaining = resource === "time" ? limit : Math.max(0, limit - (held[resource] ?? 0));
    return requested > remaining ? [{ resource, requested, remaining }] : [];
  });
}

/** Gives the place back. What was done or failed counts; what was never worked on to its end does not. */
export function finish(book: WorkloadBook, { task, outcome }: Finished, nowMs: number): WorkloadBook {
  const found = book.held.find((held) => held.task === task);
  if (found === undefined) return book;
  const held = book.held.filter((other) => other !== found);
  const next = { ...book, held, ended: [...book.ended, task].slice(-endedMax) };
  if (outcome !== "done" && outcome !== "failed") return next;
  const known = book.services.find(({ type }) => type === found.type) ?? serviceOf(found.type);
  const others = book.services.filter(({ type }) => type !== found.type);
  const tookMs = Math.max(0, nowMs - found.sinceMs);
  return {
    ...next,
    rate: afterEnd(book.rate, nowMs),
    services: [...others, afterTask(known, tookMs, outcome)].slice(-servicesMax),
  };
}

export function figuresOf(book: WorkloadBook, nowMs: number): ReplyOf<typeof workload, "figures"> {
  const service = Object.fromEntries(book.services.map(({ type, ...figures }) => [type, figures]));
  return { load: loadOf(book, nowMs), service };
}

function loadOf(book: WorkloadBook, nowMs: number): Load {
  const { capacity, held, rate } = book;
  const oldest = held[0]?.sinceMs ?? nowMs;
  return {
    capacity,
    inFlight: held.length,
    held: heldBy(book),
    throughput: rateAt(rate, nowMs).perSecond,
    oldestMs: Math.max(0, nowMs - oldest),
  };
}

function heldBy({ held }: WorkloadBook): ResourceAmounts {
  const sums: { [name in keyof ResourceAmounts]: number } = {};
  for (const { resources } of held)
    for (const name of resourceNames) {
      const amount = resources[name];
      if (amount !== undefined) sums[name] = (sums[name] ?? 0) + amount;
    }
  return sums;
}
