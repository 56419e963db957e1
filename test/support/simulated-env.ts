import type { Env } from "../../src/env/env.ts";

export interface SimulatedEnv extends Env {
  /** Lets time pass. Timers fire in the order they are due, those due together in the order they were set. */
  advance(ms: number): void;
  /** Fires what is due without letting time pass, `soon` first. */
  settle(): void;
  /** Timers set and neither fired nor cancelled. */
  readonly pendingTimers: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** An environment in which time passes only when told to, and one seed repeats all chance. */
export function simulatedEnv(
  options: { readonly seed?: number; readonly nowMs?: number } = {},
): SimulatedEnv {
  const random = seededRandom(options.seed ?? 1);
  const startMs = options.nowMs ?? 1_750_000_000_000;
  const waiting = new Set<Waiting>();
  const asap: (() => void)[] = [];
  let elapsedMs = 0;
  let order = 0;
  let ids = 0;

  const flush = (): void => {
    for (let run = asap.shift(); run !== undefined; run = asap.shift()) run();
  };
  const nextDue = (untilMs: number): Waiting | undefined => {
    let next: Waiting | undefined;
    for (const timer of waiting) {
      const earlier =
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order);
      if (timer.dueMs <= untilMs && earlier) next = timer;
    }
    return next;
  };
  const advance = (ms: number): void => {
    const untilMs = elapsedMs + ms;
    flush();
    for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
      waiting.delete(due);
      elapsedMs = Math.max(elapsedMs, due.dueMs);
      due.run();
      flush();
    }
    elapsedMs = untilMs;
  };

  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer: (delayMs, run) => {
      const timer = { dueMs: elapsedMs + Math.max(0, delayMs), order: order++, run };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    soon: (run) => void asap.push(run),
    random,
    uniqueId: () => {
      const text = (ids++).toString(36);
      return `sim${"0".repeat(19 - text.length)}${text}`;
    },
    advance,
    settle: () => advance(0),
    get pendingTimers() {
      return waiting.size;
    },
  };
}

/** 0 ≤ x < 1, the same series for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
