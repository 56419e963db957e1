import { CoxswainError } from "../../../protocols/index.ts";
import { realEnv, type Timer } from "../../env/env.ts";

/** What an event is to the process it happens in: a process that wakes up may take its letters before its timers. */
export type EventKind = "timer" | "soon" | "input";

export interface ClockEvent {
  dueMs: number;
  order: number;
  readonly kind: EventKind;
  readonly owner: EventOwner | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

/** Where events happen: a process that is dead takes none, a paused one keeps them. */
export interface EventOwner {
  readonly number: number;
  /** @returns whether the event may happen now */
  admits(event: ClockEvent): boolean;
}

/** So many events at one instant mean that time will never go on. */
const eventsPerInstantMax = 1_000_000;
/** The process may breathe after so many, in the real world. */
const eventsPerTurn = 2_000;

/**
 * Time that passes only from event to event, in order of time, then of scheduling. Between two events every promise
 * settles that can, so that a run depends on nothing but what was scheduled. Nothing in it may wait for the real world.
 */
export class VirtualClock {
  readonly #onEvent: (event: ClockEvent) => void;
  readonly #heap: ClockEvent[] = [];
  #order = 0;
  #cancelled = 0;
  #atInstant = 0;
  #stopped = false;
  nowMs = 0;
  /** Events that have happened. */
  count = 0;

  constructor(onEvent: (event: ClockEvent) => void = () => {}) {
    this.#onEvent = onEvent;
  }

  /** @param dueMs never before now */
  schedule(dueMs: number, run: () => void, kind: EventKind = "timer", owner?: EventOwner): Timer {
    const event: ClockEvent = {
      dueMs: Math.max(dueMs, this.nowMs),
      order: this.#order++,
      kind,
      owner,
      run,
      cancelled: false,
    };
    this.#push(event);
    return { cancel: () => this.#cancel(event) };
  }

  /** An event that was kept back happens now, after what is due now already. */
  reschedule(event: ClockEvent): void {
    if (event.cancelled) return;
    event.dueMs = this.nowMs;
    event.order = this.#order++;
    this.#push(event);
  }

  /** Ends the present run after the event at hand. */
  stop(): void {
    this.#stopped = true;
  }

  /** Lets time pass until then. @throws INVARIANT_BROKEN where it would not go on, and what an event throws. */
  runUntil(untilMs: number): Promise<void> {
    this.#stopped = false;
    return new Promise<void>((resolve, reject) => {
      let left = eventsPerTurn;
      // A tick comes only when no microtask is left: then all promises that could settle have settled.
      const settled = (): void => process.nextTick(step);
      const step = (): void => {
        try {
          if (!this.#step(untilMs)) return resolve();
        } catch (error) {
          return reject(error as Error);
        }
        left -= 1;
        if (left > 0) return queueMicrotask(settled);
        left = eventsPerTurn;
        realEnv.soon(step);
      };
      process.nextTick(step);
    });
  }

  #step(untilMs: number): boolean {
    const event = this.#stopped ? undefined : this.#next(untilMs);
    if (event === undefined) {
      if (!this.#stopped && untilMs < Number.POSITIVE_INFINITY) this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.#atInstant = event.dueMs > this.nowMs ? 0 : this.#atInstant + 1;
    if (this.#atInstant > eventsPerInstantMax) {
      throw new CoxswainError(
        "INVARIANT_BROKEN",
        `Expected time to pass, but ${eventsPerInstantMax} events happened at ${this.nowMs} ms`,
      );
    }
    this.nowMs = event.dueMs;
    this.count += 1;
    if (event.owner !== undefined && !event.owner.admits(event)) return true;
    this.#onEvent(event);
    // One that has happened can no more be cancelled.
    event.cancelled = true;
    event.run();
    return true;
  }

  #cancel(event: ClockEvent): void {
    if (event.cancelled) return;
    event.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled < 1_000 || this.#cancelled < this.#heap.length / 2) return;
    const left = this.#heap.splice(0).filter((each) => !each.cancelled);
    for (const each of left) this.#push(each);
    this.#cancelled = 0;
  }

  #next(untilMs: number): ClockEvent | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (!first.cancelled && first.dueMs > untilMs) return undefined;
      this.#pop();
      if (!first.cancelled) return first;
      this.#cancelled -= 1;
    }
    return undefined;
  }

  #push(event: ClockEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as ClockEvent)) break;
      heap[at] = heap[above] as ClockEvent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as ClockEvent;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as ClockEvent, heap[below] as ClockEvent))
        below += 1;
      if (!isBefore(heap[below] as ClockEvent, last)) break;
      heap[at] = heap[below] as ClockEvent;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: ClockEvent, other: ClockEvent): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
