import {
  type AnyStateNode,
  type AnyTransitionDefinition,
  spawnChild,
  stopChild,
  type UnknownAction,
} from "xstate";

/** What a set of transitions does to a configuration, as far as that depends on nothing else. */
export interface Steps {
  /** Of the states left, of the transitions, of the states entered: in the order they run. */
  readonly actions: readonly UnknownAction[];
  /** Those of them that come just before an invocation, whose actor they may send to by its id. */
  readonly beforeInvoke: readonly UnknownAction[];
  readonly nodes: ReadonlySet<AnyStateNode>;
}

/**
 * Works out once what XState's microstep works out for every event (the SCXML algorithm: exit set,
 * entry set, their order).
 *
 * @returns undefined where history or a final state is involved.
 */
export function stepsOf(
  nodes: readonly AnyStateNode[],
  enabled: readonly AnyTransitionDefinition[],
): Steps | undefined {
  // Also of those that will give way: what they would leave depends on the history.
  if (enabled.some(({ target }) => target?.some((node) => node.type === "history"))) return undefined;
  const transitions = withoutConflicts(enabled, nodes);
  const left = [...exitSet(transitions, nodes)].sort((a, b) => b.order - a.order);
  if (left.some(remembers)) return undefined;
  const entry = entryOf(transitions);
  if (entry === undefined) return undefined;
  const next = new Set(nodes);
  for (const node of left) next.delete(node);
  for (const node of entry.entering) next.add(node);
  return {
    actions: [
      ...left.flatMap((node) => [
        ...node.exit,
        ...node.invoke.map(({ id }) => stopChild(id) as UnknownAction),
      ]),
      ...transitions.flatMap((transition) => transition.actions as readonly UnknownAction[]),
      ...entry.actions,
    ],
    beforeInvoke: entry.beforeInvoke,
    nodes: next,
  };
}

/** The same for the start of a machine; undefined also where it begins with an invocation. */
export function initialStepsOf(root: AnyStateNode): Steps | undefined {
  const start = {
    source: root,
    target: [root],
    reenter: true,
    actions: [],
  } as unknown as AnyTransitionDefinition;
  const entry = entryOf([start]);
  if (entry === undefined || entry.entering.some(({ invoke }) => invoke.length > 0)) return undefined;
  const { actions, beforeInvoke, entering } = entry;
  return { actions, beforeInvoke, nodes: new Set([root, ...entering]) };
}

interface Entry extends Omit<Steps, "nodes"> {
  readonly entering: readonly AnyStateNode[];
}

function entryOf(transitions: readonly AnyTransitionDefinition[]): Entry | undefined {
  const { entered, byDefault } = entrySet(transitions);
  const entering = [...entered].sort((a, b) => a.order - b.order);
  if (entering.some(({ type }) => type === "final" || type === "history")) return undefined;
  const initialOf = (node: AnyStateNode): readonly UnknownAction[] =>
    byDefault.has(node) ? ((node.initial?.actions ?? []) as readonly UnknownAction[]) : [];
  const actions = entering.flatMap((node) => [...node.entry, ...invocationsOf(node), ...initialOf(node)]);
  const invoking = entering.filter(({ invoke }) => invoke.length > 0);
  const beforeInvoke = invoking.flatMap((node) => [...node.entry, ...initialOf(node)]);
  return { entering, actions, beforeInvoke };
}

function invocationsOf({ invoke }: AnyStateNode): UnknownAction[] {
  return invoke.map(
    ({ src, onSnapshot, ...options }) =>
      spawnChild(
        src as never,
        { ...options, syncSnapshot: onSnapshot !== undefined } as never,
      ) as UnknownAction,
  );
}

export function ancestorsOf(node: AnyStateNode, upTo?: AnyStateNode): AnyStateNode[] {
  const ancestors: AnyStateNode[] = [];
  if (node === upTo) return ancestors;
  for (let a: AnyStateNode | undefined = node.parent; a && a !== upTo; a = a.parent) ancestors.push(a);
  return ancestors;
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode | undefined): boolean {
  let a = node;
  while (a.parent && a.parent !== ancestor) a = a.parent;
  return a.parent === ancestor;
}

function regionsOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states as Record<string, AnyStateNode>).filter(({ type }) => type !== "history");
}

function remembers(node: AnyStateNode): boolean {
  return Object.values(node.states as Record<string, AnyStateNode>).some(({ type }) => type === "history");
}

/** The innermost state that a transition does not leave. Undefined above the root. */
function domainOf(transition: AnyTransitionDefinition): AnyStateNode | undefined {
  const source: AnyStateNode = transition.source;
  const targets: readonly AnyStateNode[] = transition.target ?? [];
  if (!transition.reenter && targets.every((target) => target === source || isWithin(target, source))) {
    return source;
  }
  const [head, ...rest] = [...targets, source];
  const common = head && ancestorsOf(head).find((a) => rest.every((node) => isWithin(node, a)));
  if (common !== undefined) return common;
  return transition.reenter ? undefined : source.machine.root;
}

function exitSet(
  transitions: readonly AnyTransitionDefinition[],
  nodes: Iterable<AnyStateNode>,
): Set<AnyStateNode> {
  const left = new Set<AnyStateNode>();
  for (const transition of transitions) {
    if (!transition.target?.length) continue;
    const domain = domainOf(transition);
    if (transition.reenter && domain !== undefined && transition.source === domain) left.add(domain);
    for (const node of nodes) if (isWithin(node, domain)) left.add(node);
  }
  return left;
}

/** Of two transitions which leave the same state, the inner one's goes first, else the earlier. */
function withoutConflicts(
  enabled: readonly AnyTransitionDefinition[],
  nodes: readonly AnyStateNode[],
): readonly AnyTransitionDefinition[] {
  if (enabled.length === 1) return enabled;
  const kept = new Set<AnyTransitionDefinition>();
  for (const candidate of enabled) {
    const left = exitSet([candidate], nodes);
    const outdone: AnyTransitionDefinition[] = [];
    let preempted = false;
    for (const other of kept) {
      const otherLeft = exitSet([other], nodes);
      if (![...left].some((node) => otherLeft.has(node))) continue;
      if (isWithin(candidate.source, other.source)) outdone.push(other);
      else {
        preempted = true;
        break;
      }
    }
    if (preempted) continue;
    for (const other of outdone) kept.delete(other);
    kept.add(candidate);
  }
  return [...kept];
}

function entrySet(transitions: readonly AnyTransitionDefinition[]): {
  readonly entered: Set<AnyStateNode>;
  readonly byDefault: Set<AnyStateNode>;
} {
  const entered = new Set<AnyStateNode>();
  const byDefault = new Set<AnyStateNode>();
  const isEntered = (region: AnyStateNode): boolean => [...entered].some((node) => isWithin(node, region));
  const enterWithin = (node: AnyStateNode): void => {
    if (node.type === "compound") {
      const [initial] = node.initial.target as readonly AnyStateNode[];
      if (initial === undefined) return;
      entered.add(initial);
      byDefault.add(initial);
      enterWithin(initial);
    } else if (node.type === "parallel") {
      for (const region of regionsOf(node)) {
        if (isEntered(region)) continue;
        entered.add(region);
        byDefault.add(region);
        enterWithin(region);
      }
    }
  };
  const enterAbove = (ancestors: readonly AnyStateNode[], within: AnyStateNode | undefined): void => {
    for (const ancestor of ancestors) {
      if (within === undefined || isWithin(ancestor, within)) entered.add(ancestor);
      if (ancestor.type !== "parallel") continue;
      for (const region of regionsOf(ancestor)) {
        if (isEntered(region)) continue;
        entered.add(region);
        enterWithin(region);
      }
    }
  };
  for (const transition of transitions) {
    const { source, target, reenter } = transition;
    const targets: readonly AnyStateNode[] = target ?? [];
    const domain = domainOf(transition);
    for (const node of targets) {
      if (source !== node || source !== domain || reenter) {
        entered.add(node);
        byDefault.add(node);
      }
      enterWithin(node);
    }
    for (const node of targets) {
      const ancestors = ancestorsOf(node, domain);
      if (domain?.type === "parallel") ancestors.push(domain);
      enterAbove(ancestors, !source.parent && reenter ? undefined : domain);
    }
  }
  return { entered, byDefault };
}
