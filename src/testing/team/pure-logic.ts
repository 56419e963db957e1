import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot } from "xstate";

/** What a member's logic wants done in a step. Local actors are named by their path below the member, `cook/oven`. */
export type Word =
  /** To an address, to whoever asked, or of its own life: plain data. */
  | { readonly kind: "say"; readonly target: unknown; readonly event: AnyEventObject }
  /** To itself, in the same turn. */
  | { readonly kind: "own"; readonly event: AnyEventObject }
  | {
      readonly kind: "later";
      /** Whose timer it is: it goes with its actor. */
      readonly from: string;
      /** A local actor's path, or plain data as for `say`. */
      readonly to: unknown;
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: AnyEventObject;
    }
  | { readonly kind: "cancel"; readonly from: string; readonly id: string }
  /** A local actor has stopped, and its timers with it. */
  | { readonly kind: "cancelAll"; readonly from: string }
  /** A promise, callback or observable would start. */
  | {
      readonly kind: "call";
      readonly child: string;
      /** The name under which it is invoked or spawned. */
      readonly src: string;
      readonly logic: AnyActorLogic;
      readonly input: unknown;
    }
  /** Nobody waits for the call any more. */
  | { readonly kind: "stop"; readonly child: string }
  | { readonly kind: "emit"; readonly event: AnyEventObject }
  /** An action of the machine's own. */
  | { readonly kind: "act"; readonly type: string; readonly params: unknown };

/** What a member's logic does for one event: nothing is carried out. */
export interface Stepped {
  /** Undefined if its code threw. */
  readonly snapshot: AnyMachineSnapshot | undefined;
  readonly words: readonly Word[];
  readonly error: unknown;
}

/** How a call or a question came to its end. */
export type Ending =
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "error"; readonly error: unknown };

/** A member's logic as a function of what it is and what happens. */
export interface PureLogic {
  first(input: unknown): Stepped;
  /** @param to the path of the local actor that gets the event; empty for the member itself */
  next(at: AnyMachineSnapshot, event: AnyEventObject, to: string): Stepped;
  /** @param isHidden whether another child has its name by now */
  ended(at: AnyMachineSnapshot, child: string, ending: Ending, isHidden: boolean): Stepped;
  /** Whether it takes a message now. */
  takes(at: AnyMachineSnapshot, event: AnyEventObject): boolean;
  /** Whether it takes an event of the runtime's own now. */
  hears(at: AnyMachineSnapshot, event: AnyEventObject): boolean;
  postpones(at: AnyMachineSnapshot, type: string): boolean;
}

export function threw(error: unknown): Stepped {
  return { snapshot: undefined, words: [], error: error ?? new Error("Something undefined was thrown") };
}

/** What a parent hears when its child of that id has ended. */
export function endEvent(id: string, ending: Ending): AnyEventObject {
  if (ending.kind === "done") return { type: `xstate.done.actor.${id}`, output: ending.output, actorId: id };
  return { type: `xstate.error.actor.${id}`, error: ending.error, actorId: id };
}
