import type { Env } from "./env/env.ts";

export interface Steps {
  /** Works on one message. @returns whether another one waits. */
  step(): boolean;
}

/** Messages one cell may work on before the next cell has its turn. */
const batchMax = 64;
/** Messages worked on before the event loop may breathe, */
const sliceMax = 1_024;
/** or, where turns are long, so much time; looked at after each few messages. */
const sliceMaxMs = 10;
const lookEvery = 8;
/** More time for each breath, where a mailbox fills up meanwhile. */
const hurryMaxMs = 40;

/**
 * Gives cells with waiting messages their turns, fairly, at our own pace: a transport's callback
 * only enqueues; the work begins when that callback has returned, and lets I/O in after each slice.
 */
export class Scheduler {
  readonly #env: Env;
  #ready: (Steps | undefined)[] = [];
  #head = 0;
  #armed = false;
  #hurry = false;
  #hurryLeftMs = hurryMaxMs;
  readonly #run = (): void => this.#slice(sliceMaxMs);
  readonly #breathed = (): void => {
    this.#hurryLeftMs = hurryMaxMs;
    this.#slice(sliceMaxMs);
  };
  readonly #runHurried = (): void => {
    const beganMs = this.#env.monotonicMs();
    this.#slice(this.#hurryLeftMs);
    this.#hurryLeftMs -= this.#env.monotonicMs() - beganMs;
  };

  constructor(env: Env) {
    this.#env = env;
  }

  /** The cell has work; it calls this once until its work is done. */
  ready(cell: Steps): void {
    this.#ready.push(cell);
    if (this.#armed) return;
    this.#armed = true;
    queueMicrotask(this.#run);
  }

  /**
   * A mailbox fills up. A socket is read in up to 32 pieces before the event loop goes on, each with hundreds
   * of messages: with a slice only after all of them, most would be refused by an actor that has time.
   */
  hurry(): void {
    this.#hurry = true;
  }

  #slice(maxMs: number): void {
    let left = sliceMax;
    const untilMs = this.#env.monotonicMs() + maxMs;
    while (left > 0) {
      const cell = this.#ready[this.#head];
      if (cell === undefined) {
        this.#ready.length = 0;
        this.#head = 0;
        this.#armed = false;
        this.#hurry = false;
        return;
      }
      this.#ready[this.#head++] = undefined;
      let more = true;
      for (let n = Math.min(batchMax, left); more && n > 0; n--) {
        more = cell.step();
        left--;
        if (left % lookEvery === 0 && this.#env.monotonicMs() >= untilMs) left = n = 0;
      }
      if (more) this.#ready.push(cell);
    }
    this.#ready = this.#ready.slice(this.#head);
    this.#head = 0;
    if (this.#hurry && this.#hurryLeftMs > 0) queueMicrotask(this.#runHurried);
    else this.#env.soon(this.#breathed);
    this.#hurry = false;
  }
}
