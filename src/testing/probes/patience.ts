import { type Env, realEnv, type Timer } from "../../env/env.ts";
import { durationOf } from "./duration.ts";
import { limitsOf } from "./limits.ts";

export interface ClockOptions {
  /** Lets so much time pass, where the system's clock only goes when told to. It is called while an expectation waits. */
  readonly advance?: (ms: number) => void | Promise<void>;
}

/** How an expectation settles. */
export interface Expectation<T> {
  /** Looks whether it is met: the value, or undefined for not yet. What it throws is the failure. */
  readonly attempt: () => T | undefined;
  /** The time is up. */
  readonly late: () => T;
}

/** How far time goes on at once, in milliseconds, where it is left to us. */
const stepMs = 1;

/** The time of expectations: a system's own, so that virtual time counts. */
export class Patience {
  readonly env: Env;
  readonly #advance: ClockOptions["advance"];
  readonly #waiting = new Set<() => void>();
  #timers = 0;
  #pumping = false;

  constructor(env: Env, { advance }: ClockOptions) {
    this.env = env;
    this.#advance = advance;
  }

  /** How long something may take: as long as it says, and no longer than the blocks it stands in. @throws OPTION_INVALID */
  leftMs(withinMs: number | undefined, withinMsDefault: number): number {
    const left = Math.min(...limitsOf(this.env).map(({ untilMs }) => untilMs)) - this.env.monotonicMs();
    // In a block, what does not say how long it may take has what is left of it.
    if (withinMs === undefined)
      return Math.max(0, left === Number.POSITIVE_INFINITY ? withinMsDefault : left);
    return Math.max(0, Math.min(durationOf(withinMs), left));
  }

  /** Settles an expectation: now, when {@link look} finds it met, or when its time is up. */
  wait<T>(leftMs: number, { attempt, late }: Expectation<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const met = attempt();
      if (met !== undefined) return resolve(met);
      if (leftMs <= 0) return resolve(late());
      const within = limitsOf(this.env);
      const settle = (how: () => T | undefined): void => {
        try {
          const value = how();
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error);
        }
        over();
      };
      const look = (): void => settle(attempt);
      const expire = (): void => settle(late);
      const timer = this.timer(leftMs, expire);
      const over = (): void => {
        timer.cancel();
        this.#waiting.delete(look);
        for (const limit of within) limit.waiting.delete(expire);
      };
      this.#waiting.add(look);
      for (const limit of within) limit.waiting.add(expire);
    });
  }

  /** Something has happened: whoever waits looks again, the longest waiting first. */
  look(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** As the system's own; while it is set, time goes on. */
  timer(delayMs: number, run: () => void): Timer {
    let isSet = true;
    const over = (): void => {
      if (isSet) this.#timers--;
      isSet = false;
    };
    const timer = this.env.setTimer(delayMs, () => {
      over();
      run();
    });
    this.#timers++;
    void this.#pump();
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.timer(delayMs, resolve));
  }

  async #pump(): Promise<void> {
    if (this.#advance === undefined || this.#pumping) return;
    this.#pumping = true;
    while (this.#timers > 0) {
      // What has happened so far is to be carried through before time goes on.
      await new Promise<void>((resolve) => realEnv.soon(resolve));
      if (this.#timers > 0) await this.#advance(stepMs);
    }
    this.#pumping = false;
  }
}
