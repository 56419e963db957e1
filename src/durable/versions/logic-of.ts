import type { AnyActorLogic, AnyStateMachine } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import { isMachine } from "../../xstate/internals.ts";
import { statesOf } from "../../xstate/machine-parts.ts";
import { isReducer } from "../../xstate/reducer.ts";

/**
 * What is stored of logic depends on which of these it is.
 *
 * @throws MACHINE_INVALID for a machine of another copy of XState: it would pass for a call, of which nothing is checked.
 */
export function kindOf(logic: AnyActorLogic): "machine" | "transition" | "call" {
  if (isMachine(logic)) return "machine";
  if ("root" in logic && "implementations" in logic) {
    const id = quote((logic as { readonly id?: unknown }).id);
    throw new CoxswainError(
      "MACHINE_INVALID",
      `Expected a machine of the xstate that coxswain uses, got ${id} of another copy`,
    );
  }
  return isReducer(logic) ? "transition" : "call";
}

const inlineSource = /^xstate\.invoke\.(\d+)\.(.*)$/s;

/** The logic a stored child of the machine would be given, by its `src`; undefined where there is none, and XState would drop the child. */
export function logicOf(machine: AnyStateMachine, src: string): AnyActorLogic | undefined {
  const inline = inlineSource.exec(src);
  if (inline === null) {
    const { actors } = machine.implementations;
    return Object.hasOwn(actors, src) ? (actors[src] as AnyActorLogic) : undefined;
  }
  const [, index, id] = inline;
  const invoked = [statesOf(machine).find((node) => node.id === id)?.config.invoke].flat()[Number(index)];
  const logic = (invoked as { readonly src?: unknown } | undefined)?.src;
  return typeof logic === "object" && logic !== null ? (logic as AnyActorLogic) : undefined;
}
