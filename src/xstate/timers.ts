import type { Env, Timer } from "../env/env.ts";
import type { LocalActor } from "./tree-host.ts";

interface Armed {
  readonly source: LocalActor;
  readonly timer: Timer;
  /** Tells of the loss, if the source ends first and the event was meant for another. */
  readonly onLost: (() => void) | undefined;
}

/** The delayed events of one tree, each named by its source and id. */
export class Timers {
  readonly #env: Env;
  readonly #armed = new Map<string, Armed>();
  #unnamed = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Replaces a timer of the same source and id. */
  arm(
    source: LocalActor,
    id: string | undefined,
    delayMs: number,
    run: { readonly onDue: () => void; readonly onLost: (() => void) | undefined },
  ): void {
    const key = keyOf(source, id ?? `#${this.#unnamed++}`);
    this.#armed.get(key)?.timer.cancel();
    const timer = this.#env.setTimer(delayMs, () => {
      this.#armed.delete(key);
      run.onDue();
    });
    this.#armed.set(key, { source, timer, onLost: run.onLost });
  }

  disarm(source: LocalActor, id: string): void {
    const key = keyOf(source, id);
    this.#armed.get(key)?.timer.cancel();
    this.#armed.delete(key);
  }

  disarmAll(source: LocalActor): void {
    for (const [key, armed] of this.#armed) {
      if (armed.source !== source) continue;
      armed.timer.cancel();
      this.#armed.delete(key);
      armed.onLost?.();
    }
  }

  clear(): void {
    for (const { timer } of this.#armed.values()) timer.cancel();
    this.#armed.clear();
  }
}

function keyOf(source: LocalActor, id: string): string {
  return `${source.sessionId} ${id}`;
}
