import type { StopLimit } from "../machines/index.ts";
import type { ActorOutcome } from "../protocols/index.ts";
import type { Timer } from "./env/env.ts";
import type { Node } from "./node.ts";
import { type Watcher, Watchers } from "./watches.ts";
import type { Verdict } from "./xstate/host.ts";

/** The one whose beginning and end it is. */
export interface Living {
  readonly node: Node;
  readonly address: string;
  readonly outcome: ActorOutcome | undefined;
  /** Whether its machine is in a state tagged `starting`. */
  readonly starting: boolean;
  /** Gives a turn to an event of the runtime; at once, or after the present turn. `over` learns what became of it. */
  signal(event: { readonly type: string }, over?: (verdict: Verdict) => void): void;
  /** Ends it: now, or when the present turn is over. */
  endWith(outcome: ActorOutcome): void;
  /** Ends it now, whatever it is doing. */
  finish(outcome: ActorOutcome): void;
}

/** How one actor comes up and goes down: who waits for it, who watches it, who asked it to end. Most actors need none. */
export class Life {
  readonly #cell: Living;
  #watchers: Watchers | undefined;
  #whenUp: (() => void)[] | undefined;
  #limit: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #asked: { readonly reason: string | undefined } | undefined;
  /** Whether it had to be ended because it had not ended in time. */
  late = false;
  /** What it announced while starting. */
  info: unknown;

  constructor(cell: Living) {
    this.#cell = cell;
  }

  /** Whether somebody asked it to end: what follows is no failure of its own. */
  get asked(): boolean {
    return this.#asked !== undefined;
  }

  // ---- coming up ----

  /** Resolves when the actor is up, or has ended. After `withinMs`, or by the signal, it is killed. */
  async up(withinMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#cell.outcome !== undefined || !this.#cell.starting) return;
    const { env } = this.#cell.node;
    const late = env.setTimer(withinMs, () => this.kill(`it was not up after ${withinMs} ms`));
    const withdraw = (): void => this.kill("its start was withdrawn");
    if (signal?.aborted === true) withdraw();
    signal?.addEventListener("abort", withdraw, { once: true });
    await new Promise<void>((resolve) => {
      this.#whenUp ??= [];
      this.#whenUp.push(resolve);
      if (this.#cell.outcome !== undefined) this.#isUp();
    });
    late.cancel();
    signal?.removeEventListener("abort", withdraw);
  }

  turned(): void {
    if (this.#whenUp !== undefined && !this.#cell.starting) this.#isUp();
  }

  #isUp(): void {
    const waiting = this.#whenUp ?? [];
    this.#whenUp = undefined;
    for (const resolve of waiting) resolve();
  }

  // ---- going down ----

  /** Asks the actor to end in good order. One that takes `coxswain.shutdown` has until the limit; others end at once. */
  shutdown(reason: string | undefined, limit: StopLimit): void {
    if (this.#cell.outcome !== undefined) return;
    if (limit === "brutal_kill") return this.kill(reason);
    if (limit !== "infinity") this.#endsWithin(limit);
    if (this.#asked !== undefined) return;
    this.#asked = { reason };
    const event = { type: "coxswain.shutdown", ...(reason === undefined ? {} : { reason }) };
    this.#cell.signal(event, (verdict) => {
      if (verdict === "unexpected") this.#cell.endWith(this.stopped());
    });
  }

  /** The outcome of one that ended as it was asked to. */
  stopped(): ActorOutcome {
    const reason = this.#asked?.reason;
    return reason === undefined ? { kind: "stopped" } : { kind: "stopped", reason };
  }

  /** Ends it now: its calls are aborted, what it still sends is refused, nothing of it is waited for. */
  kill(reason: string | undefined): void {
    this.#asked ??= { reason };
    this.#cell.finish(reason === undefined ? { kind: "killed" } : { kind: "killed", reason });
  }

  #endsWithin(limitMs: number): void {
    const { env } = this.#cell.node;
    const dueMs = env.monotonicMs() + limitMs;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#limit?.cancel();
    this.#limit = env.setTimer(limitMs, () => {
      this.late = true;
      this.kill(`it had not ended ${limitMs} ms after it was asked to`);
    });
  }

  // ---- who wants to know ----

  /** Tells `watcher` the outcome once; at once if the actor has ended, or as lost if too many watch it already. */
  watch(id: string, watcher: Watcher): void {
    if (this.#cell.outcome !== undefined) return watcher(this.#cell.outcome);
    this.#watchers ??= new Watchers();
    this.#watchers.add(id, watcher, this.#cell.node.name);
  }

  unwatch(id: string): void {
    this.#watchers?.delete(id);
  }

  /** The watchers of a node that left. */
  forgetWatchers(incarnation: string): void {
    this.#watchers?.forgetNode(incarnation);
  }

  ended(outcome: ActorOutcome): void {
    this.#limit?.cancel();
    this.#isUp();
    const watchers = this.#watchers;
    this.#watchers = undefined;
    watchers?.tell(outcome);
  }
}
