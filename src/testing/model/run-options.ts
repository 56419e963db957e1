import type { AnyStateMachine } from "xstate";
import type { ActorSystem } from "../../system.ts";

/** How a path is gone. */
export interface RunOptions<M extends AnyStateMachine = AnyStateMachine> {
  /** Another machine, which is to do the same: a variant, a newer version, one with its actors provided. */
  readonly machine?: M | AnyStateMachine;
  /** Default: without a runtime. `"memory"`: in a system of its own in this process. Or in yours, over whatever it speaks. */
  readonly on?: "memory" | ActorSystem;
  /** Where it lives there; default made up. The first token must be free, or this node's. */
  readonly address?: string;
  /** How long each step may take there, in milliseconds; default 5,000. */
  readonly withinMs?: number;
  /** Lets the system go on, where its clock only goes when told to. */
  readonly settle?: () => void | Promise<void>;
}
