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
    this.#atMs = env.monotonicMs();
    this.#nowMs = env.nowMs();
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
