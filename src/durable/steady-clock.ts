import type { Env } from "../env/env.ts";

/** The monotonic clock's own error is less: so much is made up for in each second, in milliseconds. */
const slewMsPerSecond = 0.1;
/** A difference to the wall clock that is no drift: somebody has set it. */
const driftMaxMs = 1_000;

/**
 * The wall clock as it was when this process began, carried on by the monotonic clock: when somebody sets the wall clock,
 * timers do not fire early by it (D6), nor late. What the two drift apart is made up for, slowly.
 */
export class SteadyClock {
  readonly env: Env;
  #atMs: number;
  #nowMs: number;

  constructor(env: Env) {
    this.env = env;
    const { atMs, nowMs } = readTogether(env);
    this.#atMs = atMs;
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    const monotonicMs = this.env.monotonicMs();
    const passedMs = monotonicMs - this.#atMs;
    const carriedMs = this.#nowMs + passedMs;
    this.#atMs = monotonicMs;
    this.#nowMs = carriedMs + this.#slewMs(carriedMs, passedMs);
    return this.#nowMs;
  }

  #slewMs(carriedMs: number, passedMs: number): number {
    const behindMs = this.env.nowMs() - carriedMs;
    if (Math.abs(behindMs) > driftMaxMs) return 0;
    const mostMs = (passedMs / 1_000) * slewMsPerSecond;
    return Math.max(-mostMs, Math.min(mostMs, behindMs));
  }
}

/** A busy machine may take the process off the processor between one clock and the other: the best of several tries. */
function readTogether(env: Env): { readonly atMs: number; readonly nowMs: number } {
  let best = { atMs: 0, nowMs: 0, gapMs: Number.POSITIVE_INFINITY };
  for (let tries = 0; tries < 20; tries++) {
    const beforeMs = env.monotonicMs();
    const nowMs = env.nowMs();
    // The later reading: what was lost in between makes timers late, never early.
    const atMs = env.monotonicMs();
    if (atMs - beforeMs < best.gapMs) best = { atMs, nowMs, gapMs: atMs - beforeMs };
  }
  return best;
}
