import type {
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateNode,
  AnyTransitionDefinition,
  StateValue,
} from "xstate";

/** Event types cached for one state; protocols have fewer, spawned children may make more. */
const cachedTypesMax = 500;

/** A state of a configuration and its active children, in the order of the state value. */
export interface Branch {
  readonly node: AnyStateNode;
  readonly inner: readonly Branch[];
}

interface Candidate {
  readonly transition: AnyTransitionDefinition;
  /** The answer if it is the only one chosen. */
  readonly alone: readonly AnyTransitionDefinition[];
}

const none: readonly AnyTransitionDefinition[] = Object.freeze([]);
const candidatesByNode = new WeakMap<AnyStateNode, Map<string, readonly Candidate[]>>();

export function branchOf(node: AnyStateNode, value: StateValue | undefined): Branch {
  if (value === undefined) return { node, inner: [] };
  if (typeof value === "string") return { node, inner: [branchOf(childOf(node, value), undefined)] };
  const inner = Object.keys(value).map((key) => branchOf(childOf(node, key), value[key]));
  return { node, inner };
}

function childOf(node: AnyStateNode, key: string): AnyStateNode {
  return node.states[key] as AnyStateNode;
}

/**
 * The transitions an event enables: innermost states first, each region for itself. As XState's
 * `getTransitionData`, which remembers every event type it ever saw.
 */
export function select(
  branch: Branch,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
): readonly AnyTransitionDefinition[] {
  const { node, inner } = branch;
  let chosen = none;
  for (const child of inner) {
    const more = select(child, snapshot, event);
    if (more.length > 0) chosen = chosen.length === 0 ? more : [...chosen, ...more];
  }
  return chosen.length > 0 ? chosen : selectOf(node, snapshot, event);
}

function selectOf(
  node: AnyStateNode,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
): readonly AnyTransitionDefinition[] {
  for (const { transition, alone } of candidatesOf(node, event.type)) {
    if (isEnabled(transition, snapshot, event)) return alone;
  }
  return none;
}

function isEnabled(
  { guard, source }: AnyTransitionDefinition,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
): boolean {
  if (!guard) return true;
  try {
    return Boolean(passes(guard, snapshot, event));
  } catch (error) {
    const type =
      typeof guard === "string" ? guard : typeof guard === "object" ? (guard as Named).type : undefined;
    throw new Error(
      `Unable to evaluate guard ${type ? `'${type}' ` : ""}in transition for event '${event.type}' in state node '${source.id}':\n${(error as Error).message}`,
    );
  }
}

interface Named {
  readonly type: string;
  readonly params?: unknown;
}
type GuardFunction = ((args: object, params: unknown) => unknown) & {
  check?: (snapshot: AnyMachineSnapshot, args: object, guard: unknown) => unknown;
};

/** XState's `evaluateGuard`. */
function passes(guard: unknown, snapshot: AnyMachineSnapshot, event: AnyEventObject): unknown {
  const args = { context: snapshot.context, event };
  if (typeof guard === "function") return call(guard as GuardFunction, snapshot, args, undefined);
  const named = guard as Named | string;
  const name = typeof named === "string" ? named : named.type;
  const found: unknown = snapshot.machine.implementations.guards[name];
  if (found === undefined) throw new Error(`Guard '${name}' is not implemented.'.`);
  if (typeof found !== "function") return passes(found, snapshot, event);
  const params = typeof named === "string" ? undefined : named.params;
  return call(
    found as GuardFunction,
    snapshot,
    args,
    typeof params === "function" ? params({ ...args }) : params,
  );
}

function call(guard: GuardFunction, snapshot: AnyMachineSnapshot, args: object, params: unknown): unknown {
  return guard.check === undefined ? guard(args, params) : guard.check(snapshot, args, guard);
}

function candidatesOf(node: AnyStateNode, type: string): readonly Candidate[] {
  let byType = candidatesByNode.get(node);
  if (byType === undefined) {
    byType = new Map();
    candidatesByNode.set(node, byType);
  }
  let candidates = byType.get(type);
  if (candidates === undefined) {
    if (byType.size >= cachedTypesMax) byType.clear();
    candidates = findCandidates(node, type);
    byType.set(type, candidates);
  }
  return candidates;
}

/** The exact descriptor first, then the longer wildcards before the shorter. */
function findCandidates(node: AnyStateNode, type: string): Candidate[] {
  const wildcards = [...node.transitions.keys()]
    .filter((descriptor) => descriptor !== type && matches(type, descriptor))
    .sort((a, b) => b.length - a.length);
  return [type, ...wildcards]
    .flatMap((descriptor) => node.transitions.get(descriptor) ?? [])
    .map((transition) => ({ transition, alone: [transition] }));
}

export function matches(type: string, descriptor: string): boolean {
  if (descriptor === type || descriptor === "*") return true;
  if (!descriptor.endsWith(".*")) return false;
  const tokens = type.split(".");
  const wanted = descriptor.split(".");
  for (const [i, token] of wanted.entries()) {
    if (token === "*") return i === wanted.length - 1;
    if (token !== tokens[i]) return false;
  }
  return true;
}

/** `on: { x: undefined }` forbids x in a state; `on: { x: {} }` takes it and does nothing. */
export function isForbidden(transition: AnyTransitionDefinition): boolean {
  if (transition.target !== undefined || transition.actions.length > 0) return false;
  const { source, eventType } = transition;
  const on = source.config.on as Record<string, unknown> | undefined;
  if (on === undefined || !Object.hasOwn(on, eventType)) return false;
  const configured = on[eventType];
  if (!Array.isArray(configured)) return configured === undefined;
  return configured[source.transitions.get(eventType)?.indexOf(transition) ?? -1] === undefined;
}
