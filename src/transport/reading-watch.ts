import { performance } from "node:perf_hooks";
import type { Env, Timer } from "../env/env.ts";

const tickMs = 500;
const samplesMax = 4;
const stallMs = 500;
const busyShare = 0.9;
const busyMs = 1_000;

/**
 * Whether this process was too busy to read its sockets in the last two seconds. A server that cuts a
 * slow reader says nothing to it: all that is seen here is a closed connection, while we were busy.
 */
export class ReadingWatch {
  readonly #env: Env;
  #samples: { readonly atMs: number; readonly lateMs: number; readonly use: Utilization }[];
  #timer: Timer;

  constructor(env: Env) {
    this.#env = env;
    this.#samples = [{ atMs: env.monotonicMs(), lateMs: 0, use: performance.eventLoopUtilization() }];
    this.#timer = env.setTimer(tickMs, () => this.#tick());
  }

  wasBusy(): boolean {
    const [oldest, newest] = [this.#samples[0], this.#samples.at(-1)];
    if (oldest === undefined || newest === undefined) return false;
    const nowMs = this.#env.monotonicMs();
    const lateMs = nowMs - newest.atMs - tickMs;
    if (lateMs >= stallMs || this.#samples.some((sample) => sample.lateMs >= stallMs)) return true;
    const busy = performance.eventLoopUtilization(oldest.use).utilization >= busyShare;
    return busy && nowMs - oldest.atMs >= busyMs;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    const atMs = this.#env.monotonicMs();
    const lateMs = atMs - (this.#samples.at(-1)?.atMs ?? atMs) - tickMs;
    this.#samples = [
      ...this.#samples.slice(1 - samplesMax),
      { atMs, lateMs, use: performance.eventLoopUtilization() },
    ];
    this.#timer = this.#env.setTimer(tickMs, () => this.#tick());
  }
}

type Utilization = ReturnType<typeof performance.eventLoopUtilization>;
