import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { statesOf } from "../../xstate/machine-parts.ts";
import { isForbidden } from "../../xstate/selection.ts";

/** A part of a machine that can be seen at work. */
export interface Part {
  /** `state crew.busy`, `crew.ready: work (2)`, and of its guard `crew.ready: work (2) guard false`. */
  readonly id: string;
  readonly kind: "state" | "transition" | "guard";
  readonly node: AnyStateNode;
  readonly transition?: AnyTransitionDefinition;
}

const catalogues = new WeakMap<object, readonly Part[]>();
const transitionIds = new WeakMap<AnyTransitionDefinition, string>();

/**
 * All there is to see of a machine: each state one can be in, each transition, each guard holding and not holding. The
 * same ids for all machines of one definition, however they were provided for.
 */
export function partsOf(machine: AnyStateMachine): readonly Part[] {
  const known = catalogues.get(machine);
  if (known !== undefined) return known;
  const parts = statesOf(machine).flatMap(partsOfNode);
  catalogues.set(machine, parts);
  return parts;
}

function partsOfNode(node: AnyStateNode): Part[] {
  const states: Part[] = isState(node) ? [{ id: stateId(node), kind: "state", node }] : [];
  const transitions = transitionsOf(node).filter((transition) => !isForbidden(transition));
  return [
    ...states,
    ...transitions.flatMap((transition): Part[] => {
      const own: Part = { id: transitionId(transition), kind: "transition", node, transition };
      if (transition.guard === undefined) return [own];
      const outcome = (holds: boolean): Part => ({
        id: guardId(transition, holds),
        kind: "guard",
        node,
        transition,
      });
      return [own, outcome(true), outcome(false)];
    }),
  ];
}

/** Whether it is worth telling that a machine was in it: it always is in its root, and never in a history. */
export function isState(node: AnyStateNode): boolean {
  const atRoot = node.parent === undefined && Object.keys(node.states).length > 0;
  return !atRoot && node.type !== "history";
}

function transitionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

export function stateId(node: AnyStateNode): string {
  return `state ${node.id}`;
}

/** `crew.ready: work (2)`: the second for this event. */
export function transitionId(transition: AnyTransitionDefinition): string {
  const known = transitionIds.get(transition);
  if (known !== undefined) return known;
  const { source, eventType } = transition as { source: AnyStateNode; eventType: string };
  const siblings = siblingsOf(transition);
  const place = siblings.length > 1 ? ` (${siblings.indexOf(transition) + 1})` : "";
  const id = `${source.id}: ${eventType === "" ? "always" : eventType}${place}`;
  transitionIds.set(transition, id);
  return id;
}

export function guardId(transition: AnyTransitionDefinition, holds: boolean): string {
  return `${transitionId(transition)} guard ${holds}`;
}

/** The transitions of the same state for the same event, in the order in which they are tried. */
export function siblingsOf({
  source,
  eventType,
}: AnyTransitionDefinition): readonly AnyTransitionDefinition[] {
  const node = source as AnyStateNode;
  return (eventType === "" ? node.always : node.transitions.get(eventType)) ?? [];
}

/** `lastIdle`, or `guard` for one without a name. */
export function guardName(transition: AnyTransitionDefinition): string | undefined {
  const guard = transition.guard as unknown;
  if (guard === undefined) return undefined;
  if (typeof guard === "string") return guard;
  const name = typeof guard === "function" ? guard.name : (guard as { type?: unknown }).type;
  return typeof name === "string" && name !== "" && name !== "guard" ? name : "guard";
}
