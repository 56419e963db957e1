import type { Env, Timer } from "../env/env.ts";

export interface PulseOptions {
  /** How long a turn may take, in milliseconds. */
  readonly turnMaxMs: number;
  readonly ping: () => void;
  /** Called again and again while an answer is awaited. */
  readonly look: () => unknown;
  /** The limit was exceeded; called once. */
  readonly late: (reason: string) => void;
}

/** The worker's event loop is tried so often while nothing else is awaited of it, in milliseconds. */
const heartbeatMs = 1_000;
/** How often a worker that owes an answer is looked at, in milliseconds. */
const lookMs = 25;
/** A timer that comes so late says that this process stood still, in milliseconds. */
const stallMs = 500;
/** Turns that follow one another without a pause may take so many times as long as one. */
const turnsWithoutPause = 4;

/**
 * Watches that a worker gets back to its event loop. Each turn must end within `turnMaxMs`; and since an endless
 * loop may be anywhere, also between turns, a heartbeat must be answered in that time too.
 *
 * - `resting`: nothing is awaited; the next heartbeat is due.
 * - `waiting`: at least one answer is awaited, since `#sinceMs`; the last turn ended at `#heardMs`.
 */
export class Pulse {
  readonly #env: Env;
  readonly #options: PulseOptions;
  #awaited = 0;
  #sinceMs = 0;
  #heardMs = 0;
  #dueMs = 0;
  #timer: Timer | undefined;
  #doubted = false;
  #closed = false;

  constructor(env: Env, options: PulseOptions) {
    this.#env = env;
    this.#options = options;
    this.#rest();
  }

  get waiting(): boolean {
    return this.#awaited > 0;
  }

  /** An answer is due from now on. */
  asked(): void {
    if (this.#closed || this.#awaited++ > 0) return;
    this.#sinceMs = this.#env.monotonicMs();
    this.#heardMs = this.#sinceMs;
    this.#arm(Math.min(lookMs, this.#options.turnMaxMs));
  }

  /** The worker says that a turn of its own has begun. */
  begun(): void {
    this.asked();
    this.#heardMs = this.#env.monotonicMs();
  }

  answered(): void {
    if (this.#closed || this.#awaited === 0) return;
    this.#heardMs = this.#env.monotonicMs();
    this.#doubted = false;
    if (--this.#awaited === 0) this.#rest();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #rest(): void {
    this.#arm(Math.min(heartbeatMs, this.#options.turnMaxMs));
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#dueMs = this.#env.monotonicMs() + delayMs;
    this.#timer = this.#env.setTimer(delayMs, () => this.#fired());
  }

  #fired(): void {
    if (this.#awaited === 0) {
      this.asked();
      this.#options.ping();
      return;
    }
    this.#forgiveDelay();
    const reason = this.#tooLong();
    if (reason === undefined) {
      this.#doubted = false;
      this.#options.look();
      if (!this.#closed) this.#arm(lookMs);
    } else if (this.#doubted) {
      this.close();
      this.#options.late(reason);
    } else {
      // Timers come before what has arrived: the answer may be there already.
      this.#doubted = true;
      this.#arm(1);
    }
  }

  /** A process that was suspended, or kept from its timers, cannot blame the worker for that time. */
  #forgiveDelay(): void {
    const nowMs = this.#env.monotonicMs();
    const lateMs = nowMs - this.#dueMs;
    if (lateMs < stallMs) return;
    this.#sinceMs = Math.min(nowMs, this.#sinceMs + lateMs);
    this.#heardMs = Math.min(nowMs, this.#heardMs + lateMs);
  }

  #tooLong(): string | undefined {
    const { turnMaxMs } = this.#options;
    const nowMs = this.#env.monotonicMs();
    if (nowMs - this.#heardMs >= turnMaxMs) return `a turn took longer than ${turnMaxMs} ms`;
    if (nowMs - this.#sinceMs >= turnMaxMs * turnsWithoutPause)
      return `its turns went on without a pause for longer than ${turnMaxMs * turnsWithoutPause} ms`;
    return undefined;
  }
}
