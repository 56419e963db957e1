import type { AnyEventObject } from "xstate";
import type { Env } from "../env/env.ts";
import type { AnySnapshot } from "./tree-host.ts";

/**
 * What a hosted machine needs of its cell, and reports to it.
 *
 * A turn is one event and everything it sets off within the machine's own tree of actors. Effects
 * are held until the tree is at rest, then released in order; a turn that faults releases none.
 */
export interface HostCell {
  readonly address: string;
  readonly env: Env;
  /** What the present turn was caused by; opaque here. Kept with every call and timer started in the turn. */
  cause(): unknown;
  /** The name of the call that the child at a path makes, where the cell knows better than its tree. */
  callKey?(path: string): string | undefined;
  /** The id of the message that a cause stands for. */
  idOf(cause: unknown): string | undefined;
  /**
   * A turn begins that did not come from `receive`: a timer, a call's result, an event a callback
   * sent back. @returns false to refuse it (the cell has ended).
   */
  begin(cause: unknown): boolean;
  /**
   * A turn has ended: its effects were released, or it faulted, and `done` or `failed` was called
   * if it was the last. `receive` may be called from here.
   */
  end(before: AnySnapshot, after: AnySnapshot): void;
  /** A message to plain data, which is what an address outside of the tree is. */
  send(target: unknown, event: AnyEventObject): void;
  /** An event emitted by the root or any actor of its tree. */
  emit(event: AnyEventObject): void;
  log(args: readonly unknown[]): void;
  /** What an action, callback, observer, inspector or handler threw ended here; other effects go on. */
  effectFailed(error: unknown, what: string): void;
  /** An event to an actor of the tree that is finished or missing. */
  lost(event: AnyEventObject, target: string): void;
  /** Whether effects of this turn may still start (its cause has a deadline). */
  mayRelease(): boolean;
  /** What was not done because `mayRelease` said no. */
  withheld(kind: "send" | "emit" | "action" | "call", detail: string): void;
  /** The error that calls get which may not start any more. */
  expired(): unknown;
  /** The root reached a final state. Nothing comes after, but `end`. */
  done(output: unknown): void;
  /** The root threw, or did not handle what a child threw. Nothing comes after, but `end`. */
  failed(error: unknown): void;
}
