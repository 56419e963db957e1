import type { AnyStateNode } from "xstate";
import { activeNodes } from "../../xstate/internals.ts";
import { matches } from "../../xstate/selection.ts";
import { type Part, siblingsOf, stateId, transitionId } from "./catalogue.ts";
import type { Graph } from "./graph.ts";
import { candidatesOf } from "./seen.ts";
import { isAfter } from "./timers.ts";

interface Circumstances {
  readonly truncated: boolean;
  /** Event types that nothing says. */
  readonly unsaid: readonly string[];
  /** Those on which the machine failed. */
  readonly faulty: readonly string[];
}

/** Why a part of a machine was never at work, as far as that can be told. */
export function reasonFor(part: Part, graph: Graph, why: Circumstances): string {
  const { truncated, unsaid, faulty } = why;
  if (truncated) return "not found within the limits: raise them, or give a coarser stateKey";
  const { kind, node, transition } = part;
  if (!isSeen(node, graph)) return kind === "state" ? "nothing leads there" : "its state is never entered";
  if (transition === undefined) return "nothing leads there";
  const type = transition.eventType;
  const earlier = siblingsOf(transition)[siblingsOf(transition).indexOf(transition) - 1];
  if (kind === "guard" && part.id.endsWith("false"))
    return graph.seen.has(transitionId(transition))
      ? "its guard held whenever it was asked"
      : "its guard was never asked";
  if (earlier !== undefined && earlier.guard === undefined)
    return "an earlier one without a guard always goes first";
  const said = saidTypes(graph, node).filter((each) => type === "" || matches(each, type));
  if (type !== "" && said.length === 0) {
    if (unsaid.includes(type)) return `nothing says ${type}: give payloads for it`;
    if (faulty.some((each) => matches(each, type)))
      return "the machine fails on all that was made up for it: see the notes";
    return isAfter({ type }) ? "its timer never goes off" : `${type} never comes in its state`;
  }
  if (type !== "" && isCovered(node, said, graph)) return "a state within it always takes the event";
  return transition.guard === undefined
    ? "an earlier one was always taken"
    : "its guard did not hold whenever it was asked";
}

/** The root is no part, but always there. */
function isSeen(node: AnyStateNode, graph: Graph): boolean {
  return node.parent === undefined || graph.seen.has(stateId(node));
}

/** The events that came while a state was active. */
function saidTypes(graph: Graph, node: AnyStateNode): string[] {
  const types = new Set<string>();
  for (const { state, ways } of graph.places) {
    if (!activeNodes(state.snapshot).includes(node)) continue;
    for (const { occurrence } of ways) types.add(occurrence.event.type);
  }
  return [...types];
}

function isCovered(node: AnyStateNode, types: readonly string[], graph: Graph): boolean {
  for (const { state } of graph.places) {
    const active = activeNodes(state.snapshot);
    if (!active.includes(node)) continue;
    const below = active.filter((other) => other !== node && isBelow(other, node));
    const open = types.some((type) =>
      below.every((inner) => candidatesOf(inner, type).every(({ guard }) => guard !== undefined)),
    );
    if (open) return false;
  }
  return true;
}

function isBelow(node: AnyStateNode, above: AnyStateNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (at === above) return true;
  return false;
}
