import type { AnyEventObject } from "xstate";
import type { Effect } from "./effects.ts";
import type { LocalActor } from "./tree-host.ts";

/** Something from outside of a turn, which gets a turn of its own. */
export interface Arrival {
  readonly what:
    | { readonly source: LocalActor | undefined; readonly target: unknown; readonly event: AnyEventObject }
    | Effect;
  readonly cause: unknown;
  readonly depth: number;
}

/** An event that comes later. Actors of the tree are named by their paths, which outlive the process. */
export interface Delayed {
  readonly source: string;
  /** Of the same source and id there is one. */
  readonly id: string | undefined;
  readonly delayMs: number;
  readonly event: AnyEventObject;
  readonly target: { readonly path: string } | { readonly data: unknown };
}

/** Who commits turns before anything of them is done: keeps what a tree otherwise does by itself. */
export interface TurnKeeper {
  /** What the turn that ends now wants done, in order; {@link Tree.carryOut} does it. Not called where it faulted. */
  hold(effects: readonly Effect[]): void;
  /** Something wants a turn of its own: {@link Tree.turnFor} gives it one. */
  arrived(arrival: Arrival): void;
  arm(delayed: Delayed): void;
  /** Of one id, or all of a source. */
  disarm(source: string, id: string | undefined): void;
}
