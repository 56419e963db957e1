import type { Env } from "../env/env.ts";

/** Of the difference to the wall clock, so much is made up for in each second, in milliseconds. */
const slewMsPerSecond = 10;

/**
 * The wall clock as it was when this process began, carried on by the monotonic clock: when somebody sets the wall clock,
 * timers do not fire early by it (D6). It follows the wall clock slowly, since the other drifts.
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
    const slewMaxMs = (passedMs / 1_000) * slewMsPerSecond;
    const slewMs = Math.max(-slewMaxMs, Math.min(slewMaxMs, this.env.nowMs() - carriedMs));
    this.#atMs = monotonicMs;
    this.#nowMs = carriedMs + slewMs;
    return this.#nowMs;
  }
}
