import type { AnyEventObject, AnyMachineSnapshot, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { activeNodes } from "../../xstate/internals.ts";
import { isForbidden, matches } from "../../xstate/selection.ts";
import { guardId, isState, siblingsOf, stateId, transitionId } from "./catalogue.ts";

/** One microstep, as XState tells its inspectors. */
export interface Microstep {
  readonly event: AnyEventObject;
  readonly snapshot: AnyMachineSnapshot;
  readonly transitions: readonly AnyTransitionDefinition[];
}

/**
 * Which parts of a machine were at work in one macrostep. Guards are inferred: of the transitions tried in order, the
 * one taken held, and those before it did not.
 *
 * @param before undefined for the start.
 */
export function seenIn(
  before: AnyMachineSnapshot | undefined,
  steps: readonly Microstep[],
  after: AnyMachineSnapshot,
): Set<string> {
  const seen = new Set<string>();
  let from = before;
  for (const { event, snapshot, transitions } of steps) {
    for (const transition of transitions) seeTransition(transition, seen);
    if (from === undefined) {
      // The states a machine begins in are not told before it has left them.
      for (const transition of transitions) seeEarlier(transition, seen);
    } else {
      if (isEventless(transitions)) seeEventless(from, transitions, seen);
      else if (!isInit(event)) {
        if (from !== before) seeEventless(from, [], seen);
        const taken = new Set(transitions);
        seeTried(innermostFirst(activeNodes(from)), event.type, taken, seen);
      }
    }
    for (const node of activeNodes(snapshot)) seeState(node, seen);
    from = snapshot;
  }
  // A start without microsteps is not told at all.
  for (const node of activeNodes(after)) seeState(node, seen);
  if (after.status === "active" && (before === undefined || steps.length > 0)) seeEventless(after, [], seen);
  return seen;
}

function isEventless(transitions: readonly AnyTransitionDefinition[]): boolean {
  return transitions.some(({ eventType }) => eventType === "");
}

function isInit({ type }: AnyEventObject): boolean {
  return type === "xstate.init";
}

function seeState(node: AnyStateNode, seen: Set<string>): void {
  if (isState(node)) seen.add(stateId(node));
}

function seeTransition(transition: AnyTransitionDefinition, seen: Set<string>): void {
  seen.add(transitionId(transition));
  if (transition.guard !== undefined) seen.add(guardId(transition, true));
  // Left again at once, it may show in no snapshot.
  const source: AnyStateNode = transition.source;
  seeState(source, seen);
}

/** The states in an order in which each comes before those it lies in. */
function innermostFirst(nodes: readonly AnyStateNode[]): AnyStateNode[] {
  return [...nodes].sort((a, b) => b.path.length - a.path.length);
}

/** XState asks a state only if none of those within it takes the event. */
function seeTried(
  nodes: readonly AnyStateNode[],
  type: string,
  taken: ReadonlySet<AnyTransitionDefinition>,
  seen: Set<string>,
): void {
  const settled = new Set<AnyStateNode>();
  const settle = (node: AnyStateNode): void => {
    for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) settled.add(at);
  };
  for (const node of nodes) {
    if (settled.has(node)) continue;
    for (const candidate of candidatesOf(node, type)) {
      if (taken.has(candidate)) {
        settle(node);
        break;
      }
      if (candidate.guard !== undefined) seen.add(guardId(candidate, false));
    }
  }
}

/** The transitions tried before one that was taken. */
function seeEarlier(transition: AnyTransitionDefinition, seen: Set<string>): void {
  const siblings = siblingsOf(transition);
  for (const tried of siblings.slice(0, siblings.indexOf(transition)))
    if (tried.guard !== undefined) seen.add(guardId(tried, false));
}

function seeEventless(
  from: AnyMachineSnapshot,
  transitions: readonly AnyTransitionDefinition[],
  seen: Set<string>,
): void {
  const nodes = activeNodes(from);
  const taken = new Set(transitions);
  // Of two regions' transitions in conflict only one is told: whether the other held is not known then.
  const regions = taken.size > 0 && nodes.some(({ type }) => type === "parallel");
  for (const node of innermostFirst(nodes)) {
    const { always = [] } = node;
    const last = always.findIndex((transition) => taken.has(transition));
    if (last < 0 && regions) continue;
    for (const tried of last < 0 ? always : always.slice(0, last)) {
      if (tried.guard !== undefined) seen.add(guardId(tried, false));
    }
    if (last >= 0 && !regions) return;
  }
}

/** The transitions a state tries for an event, in order. */
export function candidatesOf(node: AnyStateNode, type: string): AnyTransitionDefinition[] {
  const wildcards = [...node.transitions.keys()]
    .filter((descriptor) => descriptor !== type && matches(type, descriptor))
    .sort((a, b) => b.length - a.length);
  return [type, ...wildcards].flatMap((descriptor) => node.transitions.get(descriptor) ?? []);
}

/** Whether any active state would try something for an event. */
export function isTried(snapshot: AnyMachineSnapshot, type: string): boolean {
  return activeNodes(snapshot).some((node) =>
    candidatesOf(node, type).some((transition) => !isForbidden(transition)),
  );
}
