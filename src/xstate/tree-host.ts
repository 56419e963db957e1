import type { Actor, AnyActorLogic, AnyEventObject, Snapshot } from "xstate";
import type { CellSystem } from "./cell-system.ts";

/** An XState actor of a hosted tree; opaque outside of this file. */
export type LocalActor = Actor<AnyActorLogic>;
export type AnySnapshot = Snapshot<unknown>;

/** An action as XState hands it to an actor's executor. `exec` is missing if its name is not implemented. */
export interface ActionCall {
  readonly type: string;
  readonly info: unknown;
  readonly params: unknown;
  readonly exec: ((info: unknown, params: unknown) => void) | undefined;
}

/** Who carries out what a tree of actors wants done. One for each tree. */
export interface TreeHost {
  /** Every event from one actor of the tree to another, to plain data, or from outside (source undefined). */
  relay(source: LocalActor | undefined, target: unknown, event: AnyEventObject): void;
  arm(
    source: LocalActor,
    target: unknown,
    event: AnyEventObject,
    delayMs: number,
    id: string | undefined,
  ): void;
  disarm(source: LocalActor, id: string): void;
  disarmAll(source: LocalActor): void;
  /** A custom action of a running actor. */
  act(call: ActionCall): void;
  emitted(source: LocalActor | undefined, event: AnyEventObject): void;
  logged(args: readonly unknown[]): void;
  /** A promise, callback or observable would start. `startNow` does it. */
  starting(actor: LocalActor): void;
  /** A running promise, callback or observable would stop. `stopNow` does it. */
  stopping(actor: LocalActor): void;
  /** One that was to start has been stopped before. */
  forgone(actor: LocalActor): void;
  /** A machine of the tree is about to compute its first snapshot. */
  adopted(actor: LocalActor): void;
  /** An observer or inspector threw. */
  listenerFailed(error: unknown, what: string): void;
}

/** What logic gets to see of its actor. */
export interface ActorScope {
  readonly self: LocalActor;
  readonly system: CellSystem;
  readonly id: string;
  readonly sessionId: string;
  readonly logger: (...args: unknown[]) => void;
  readonly emit: (event: AnyEventObject) => void;
  readonly defer: (run: () => void) => void;
  readonly stopChild: (child: LocalActor) => void;
  readonly actionExecutor: (action: ActionCall) => void;
}
