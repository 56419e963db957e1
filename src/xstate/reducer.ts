import type { AnyActorLogic, AnyEventObject } from "xstate";
import type { CellSystem } from "./cell-system.ts";
import {
  createRoot,
  deliver,
  isMachine,
  type RootOptions,
  replaceSnapshot,
  scopeOf,
  startNow,
  stopNow,
} from "./internals.ts";
import type { ActorScope, AnySnapshot, LocalActor } from "./tree-host.ts";

/** `fromTransition`, and any logic that only makes a snapshot of a snapshot and an event. */
export function isReducer(logic: AnyActorLogic): boolean {
  return typeof logic.start !== "function" && !isMachine(logic);
}

const blank: AnySnapshot = Object.freeze({ status: "active", output: undefined, error: undefined });

/** Runs a reducer without an XState actor. One is made when the reducer first asks for it, by `self`. */
export class Reducer {
  readonly id: string;
  readonly system: CellSystem;
  readonly #logic: AnyActorLogic;
  readonly #scope: ReducerScope;
  #snapshot: AnySnapshot = blank;
  #actor: LocalActor | undefined;
  #started = false;

  constructor(logic: AnyActorLogic, system: CellSystem, options: RootOptions) {
    const { id, input, snapshot } = options;
    this.id = id;
    this.system = system;
    this.#logic = logic;
    this.#scope = new ReducerScope(this);
    this.#become(() => {
      if (snapshot === undefined) return logic.getInitialSnapshot(this.#scope as never, input);
      return logic.restoreSnapshot?.(snapshot as AnySnapshot, this.#scope as never) ?? snapshot;
    });
  }

  get snapshot(): AnySnapshot {
    return this.#actor === undefined ? this.#snapshot : this.#actor.getSnapshot();
  }

  start(): void {
    this.#started = true;
    if (this.#actor !== undefined) startNow(this.#actor);
  }

  take(event: AnyEventObject): void {
    if (this.#actor !== undefined) deliver(this.#actor, event);
    else this.#become(() => this.#logic.transition(this.#snapshot, event, this.#scope as never));
  }

  persist(): unknown {
    return this.#logic.getPersistedSnapshot(this.snapshot);
  }

  stop(): void {
    if (this.#actor !== undefined) stopNow(this.#actor);
  }

  /** From the next event on the actor runs the reducer. What it is sent until then waits in its queue. */
  actor(): LocalActor {
    const options = { id: this.id, input: undefined, snapshot: this.#snapshot };
    this.#actor ??= createRoot(this.#logic, this.system, options);
    return this.#actor;
  }

  #become(compute: () => AnySnapshot): void {
    try {
      this.#snapshot = compute();
    } catch (error) {
      this.#snapshot = { ...this.#snapshot, status: "error", output: undefined, error };
    }
    if (this.#actor === undefined) return;
    replaceSnapshot(this.#actor, this.#snapshot);
    if (this.#started) startNow(this.#actor);
  }
}

/** What a reducer gets as its third argument. */
class ReducerScope implements ActorScope {
  readonly #reducer: Reducer;

  constructor(reducer: Reducer) {
    this.#reducer = reducer;
  }
  get self(): LocalActor {
    return this.#reducer.actor();
  }
  get system(): CellSystem {
    return this.#reducer.system;
  }
  get id(): string {
    return this.#reducer.id;
  }
  get sessionId(): string {
    return this.self.sessionId;
  }
  get logger(): (...args: unknown[]) => void {
    return this.system._logger;
  }
  get emit(): (event: AnyEventObject) => void {
    // Without an actor nobody can have subscribed to it.
    return (event) => this.system.host.emitted(undefined, event);
  }
  get defer(): (run: () => void) => void {
    return (run) => scopeOf(this.self).defer(run);
  }
  get stopChild(): (child: LocalActor) => void {
    return (child) => scopeOf(this.self).stopChild(child);
  }
  get actionExecutor(): ActorScope["actionExecutor"] {
    return scopeOf(this.self).actionExecutor;
  }
}
