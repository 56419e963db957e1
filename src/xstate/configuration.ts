import type {
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  StateValue,
  UnknownAction,
} from "xstate";
import type { SharedParts } from "./internals.ts";
import { type Branch, branchOf } from "./selection.ts";

/** What a chosen set of transitions does from one configuration; `slow`: XState has to work it out. */
export type Plan = { readonly actions: readonly UnknownAction[]; readonly next: Configuration } | "slow";

interface PlanNode {
  plan?: Plan;
  after?: Map<AnyTransitionDefinition, PlanNode>;
}

/** One set of active states of a machine, in XState's order, with all that follows from it alone. */
export class Configuration implements SharedParts {
  readonly nodes: AnyStateNode[];
  readonly value: StateValue;
  readonly tags: Set<string>;
  readonly branch: Branch;
  /** Nothing can be planned here: some state has an `always`, or XState lost track of what is active. */
  readonly unplanned: boolean;
  readonly #plans = new Map<AnyTransitionDefinition, PlanNode>();
  #postponed: ReadonlySet<string> | undefined;

  /** @param value the state value of the nodes, if it is known. */
  constructor(machine: AnyStateMachine, nodes: AnyStateNode[], value?: StateValue) {
    this.nodes = nodes;
    this.value = value === undefined ? stateValue(machine.root, nodes) : frozen(value);
    this.tags = new Set(nodes.flatMap((node) => node.tags));
    this.branch = branchOf(machine.root, this.value);
    this.unplanned = nodes.some((node) => node.always !== undefined) || !isComplete(nodes);
  }

  /** The cached plan for transitions in this order, made by `make` the first time. */
  plan(transitions: readonly AnyTransitionDefinition[], make: () => Plan): Plan {
    let level = this.#plans;
    let node: PlanNode = {};
    for (const transition of transitions) {
      node = level.get(transition) ?? {};
      level.set(transition, node);
      if (transitions.length > 1) {
        node.after ??= new Map();
        level = node.after;
      }
    }
    node.plan ??= make();
    return node.plan;
  }

  /** `meta: { postpone: ["type"] }` of an active state. */
  postpones(type: string): boolean {
    this.#postponed ??= new Set(this.nodes.flatMap((node) => postponedBy(node)));
    return this.#postponed.has(type);
  }
}

function postponedBy(node: AnyStateNode): string[] {
  const { postpone } = (node.meta ?? {}) as { postpone?: unknown };
  return Array.isArray(postpone) ? postpone.filter((type) => typeof type === "string") : [];
}

/** The state value of active nodes; regions in the order of the nodes, as XState has it. Shared, so frozen. */
function stateValue(node: AnyStateNode, nodes: readonly AnyStateNode[]): StateValue {
  const children = nodes.filter((other) => other.parent === node);
  const [first] = children;
  if (node.type === "compound" && first !== undefined && isAtomic(first)) return first.key;
  const entries = children.map(
    (child) => [child.key, isAtomic(child) ? {} : stateValue(child, nodes)] as const,
  );
  return Object.freeze(Object.fromEntries(entries));
}

function frozen(value: StateValue): StateValue {
  if (typeof value === "string") return value;
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([key, part]) => [key, frozen(part ?? {})])),
  );
}

/** Reentering the root by a history can leave XState with less, or more, than a configuration. */
function isComplete(nodes: readonly AnyStateNode[]): boolean {
  return nodes.every((node) => {
    const inner = Object.values(node.states as Record<string, AnyStateNode>);
    const active = inner.filter((child) => nodes.includes(child)).length;
    const wanted = node.type === "compound" ? 1 : inner.filter(({ type }) => type !== "history").length;
    return active === wanted && (node.parent === undefined || nodes.includes(node.parent));
  });
}

function isAtomic(node: AnyStateNode): boolean {
  return node.type === "atomic" || node.type === "final";
}
