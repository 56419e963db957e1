import type { AnyActorRef } from "xstate";
import { hostKey } from "../../machines/index.ts";
import { pathOf } from "./actor-paths.ts";
import type { HostCell } from "./host-cell.ts";
import { failInsteadOfStart, isRunning, isStopped, startNow, stopNow } from "./internals.ts";
import type { LocalActor } from "./tree-host.ts";

/** What the runtime tells a running call (a promise, callback or observable of a tree). */
export interface CallContext {
  /** Aborts when what caused the call is cancelled, or the call is stopped. */
  readonly signal: AbortSignal;
  /** What caused the turn that started the call. */
  readonly cause: unknown;
  /** Names this call: `<address><path of the child>#<incarnation>`, never the same for two calls. */
  readonly key: string;
  readonly cell: HostCell;
}

/** The context of a call of ours, from the `self` its logic was given; undefined in a plain XState system. */
export function callContextOf(self: AnyActorRef): CallContext | undefined {
  const host = (self.system as { [hostKey]?: { callContext(self: AnyActorRef): CallContext } })[hostKey];
  return host?.callContext(self);
}

interface Call {
  readonly cause: unknown;
  readonly turn: number;
  /** Made when somebody asks for the signal. */
  controller: AbortController | undefined;
}

/** The promises, callbacks and observables of one tree, from the turn that starts them until they end. */
export class Calls {
  readonly #cell: HostCell;
  readonly #known = new Map<LocalActor, Call>();
  #stopping: LocalActor | undefined;
  /** Tells the calls of this tree from those of an earlier one at the same address. */
  #epoch: string | undefined;

  constructor(cell: HostCell) {
    this.#cell = cell;
  }

  /** A call that is to start when its turn is over. @returns false if it is known already. */
  announce(actor: LocalActor, turn: number): boolean {
    if (isRunning(actor) || this.#known.has(actor)) return false;
    this.#known.set(actor, { cause: this.#cell.cause(), turn, controller: undefined });
    return true;
  }

  start(actor: LocalActor): void {
    if (isStopped(actor)) this.#known.delete(actor);
    else startNow(actor);
  }

  /** Instead of a start. */
  fail(actor: LocalActor, error: unknown): void {
    if (isStopped(actor)) this.#known.delete(actor);
    else failInsteadOfStart(actor, error);
  }

  /** Whoever still works for the call learns that it is over. */
  stop(actor: LocalActor): void {
    this.#stopping = actor;
    stopNow(actor);
    this.#stopping = undefined;
    this.#known.get(actor)?.controller?.abort();
    this.#known.delete(actor);
  }

  /** Whether its disposer runs just now. */
  isStopping(actor: LocalActor): boolean {
    return this.#stopping === actor;
  }

  /** A call that ended by itself. */
  ended(actor: LocalActor): void {
    this.#known.delete(actor);
  }

  stopAll(): void {
    for (const actor of [...this.#known.keys()]) this.stop(actor);
  }

  has(actor: LocalActor): boolean {
    return this.#known.has(actor);
  }

  causeOf(actor: LocalActor): unknown {
    return this.#known.get(actor)?.cause;
  }

  context(actor: LocalActor): CallContext {
    const call = this.#known.get(actor);
    if (call !== undefined) call.controller ??= new AbortController();
    this.#epoch ??= this.#cell.env.uniqueId();
    return {
      signal: call?.controller?.signal ?? AbortSignal.abort(),
      cause: call?.cause,
      key:
        this.#cell.callKey?.(pathOf(actor)) ??
        `${this.#cell.address}${pathOf(actor)}#${this.#epoch}.${call?.turn ?? 0}`,
      cell: this.#cell,
    };
  }

  /** Aborts the call that the child at a path makes. */
  cancelAt(path: string, reason: unknown): void {
    for (const [actor, call] of this.#known) {
      if (pathOf(actor) !== path) continue;
      call.controller ??= new AbortController();
      call.controller.abort(reason);
    }
  }

  /** Aborts the calls whose cause matches. @returns how many were not aborted before. */
  cancel(match: (cause: unknown) => boolean, reason: unknown): number {
    let cancelled = 0;
    for (const call of this.#known.values()) {
      if (call.controller?.signal.aborted === true || !match(call.cause)) continue;
      call.controller ??= new AbortController();
      call.controller.abort(reason);
      cancelled++;
    }
    return cancelled;
  }
}
