import type { AnyActorLogic, AnyStateMachine } from "xstate";
import { statesOf } from "../../xstate/machine-parts.ts";

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
