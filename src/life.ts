import type { StopLimit } from "../machines/index.ts";
import type { ActorAddress, ActorOutcome } from "../protocols/index.ts";
import type { Timer } from "./env/env.ts";
import type { Node } from "./node.ts";
import { type Watcher, Watchers } from "./watches.ts";
import type { Verdict } from "./xstate/host.ts";

/** The one whose beginning and end it is. */
export interface Living {
  readonly node: Node;
  readonly address: ActorAddress;
  readonly activation: string;
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

/** Whoever started an actor, and has to hear how it ends. */
export interface Starter {
  ended(actor: Living, outcome: ActorOutcome): void;
}

/** How one actor comes up and goes down: who waits for it, who watches it, who asked it to end. Most actors need none. */
export class Life {
  readonly #cell: Living;
  #starter: Starter | undefined;
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
    const askedMs = this.#cell.node.env.monotonicMs();
    if (this.#asked === undefined) this.#ask(reason);
    // Most have ended by now, and need no timer.
    if (limit !== "infinity" && this.#cell.outcome === undefined) this.#endsWithin(limit, askedMs);
  }

  #ask(reason: string | undefined): void {
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

  #endsWithin(limitMs: number, askedMs: number): void {
    const { env } = this.#cell.node;
    const dueMs = askedMs + limitMs;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#limit?.cancel();
    this.#limit = env.setTimer(dueMs - env.monotonicMs(), () => {
      this.late = true;
      this.kill(`it had not ended ${limitMs} ms after it was asked to`);
    });
  }

  // ---- who wants to know ----

  /** Tells `starter` the outcome, once; at once if the actor has ended. There is one at a time. */
  tellStarter(starter: Starter): void {
    if (this.#cell.outcome !== undefined) starter.ended(this.#cell, this.#cell.outcome);
    else this.#starter = starter;
  }

  /** @returns whether it is this one that hears how the actor ends */
  tells(starter: Starter): boolean {
    return this.#starter === starter;
  }

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
    const starter = this.#starter;
    this.#starter = undefined;
    starter?.ended(this.#cell, outcome);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    watchers?.tell(outcome);
  }
}
