import type { Env } from "./env/env.ts";

/** How long work may take of one turn of the event loop, in milliseconds. */
const sliceMaxMs = 10;

/**
 * Parts work that would be one long turn of the event loop: to start or stop 10,000 actors is a chain of promises, in
 * which no timer fires and nothing is read. Work is done at once while there is time, else in its order when I/O has
 * been let in. What waits is bounded by those who wait for it: the steps of the plans that are being carried out.
 */
export class Pace {
  readonly #env: Env;
  #untilMs: number | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #next = (): void => this.#goOn();

  constructor(env: Env) {
    this.#env = env;
  }

  /** Does the work, which must not throw, now or in a later turn of the event loop. */
  run(work: () => void): void {
    if (this.#waiting.length === 0 && this.#hasTime()) work();
    else this.#waiting.push(work);
  }

  #hasTime(): boolean {
    const nowMs = this.#env.monotonicMs();
    if (this.#untilMs !== undefined) return nowMs < this.#untilMs;
    this.#untilMs = nowMs + sliceMaxMs;
    this.#env.soon(this.#next);
    return true;
  }

  #goOn(): void {
    this.#untilMs = undefined;
    let done = 0;
    while (done < this.#waiting.length && this.#hasTime()) this.#waiting[done++]?.();
    this.#waiting.splice(0, done);
  }
}
