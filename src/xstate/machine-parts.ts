import type { AnyActorLogic, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { isMachine, isOutgoing } from "./internals.ts";

/** What an action, guard or actor of a definition is: the name of one, or one. */
export interface Part {
  readonly kind: "action" | "guard" | "actor" | "delay";
  readonly name: string | undefined;
  /** Undefined if nothing is provided under the name. */
  readonly value: unknown;
  /** The id of the state it stands in. */
  readonly state: string;
}

/** The fields that XState's own actions and guards carry. */
interface Carried {
  readonly type?: unknown;
  readonly delay?: unknown;
  readonly src?: unknown;
  readonly guards?: unknown;
}

export function statesOf(machine: AnyStateMachine): AnyStateNode[] {
  const below = (node: AnyStateNode): AnyStateNode[] => [
    node,
    ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(below),
  ];
  return below(machine.root);
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...node.transitions.values(), node.always ?? []].flat();
}

/** Every action, guard, actor and delay a machine's definition names or holds. What functions do inside is not seen. */
export function partsOf(machine: AnyStateMachine): Part[] {
  const parts: Part[] = [];
  const seen = new Set<unknown>();
  const add = (kind: Part["kind"], given: unknown, state: string): void => {
    const part = resolve(machine, kind, given, state);
    parts.push(part);
    const { value } = part;
    if (value === undefined || value === null || seen.has(value)) return;
    // A cycle among named guards ends here; so does the walk through what is shared.
    if (typeof value === "function" || kind === "guard") seen.add(value);
    const { type, delay, src, guards } = value as Carried;
    if (kind === "action" && typeof delay === "string") add("delay", delay, state);
    if (kind === "action" && type === "xstate.spawnChild") add("actor", src, state);
    if (kind === "guard" && Array.isArray(guards)) for (const guard of guards) add("guard", guard, state);
    if (kind === "guard" && typeof value !== "function") add("guard", value, state);
  };
  for (const node of statesOf(machine)) {
    const transitions = transitionsOf(node);
    const initial = node.type === "compound" ? node.initial.actions : [];
    const actions: readonly unknown[] = [
      node.entry,
      node.exit,
      initial,
      transitions.map((t) => t.actions),
    ].flat(2);
    for (const action of actions) add("action", action, node.id);
    for (const { guard } of transitions) if (guard) add("guard", guard, node.id);
    for (const { src } of node.invoke) add("actor", inlineOf(node, src) ?? src, node.id);
  }
  return parts;
}

function resolve(machine: AnyStateMachine, kind: Part["kind"], given: unknown, state: string): Part {
  const provided = machine.implementations[`${kind}s`] as Record<string, unknown>;
  const name = kind === "actor" || typeof given === "string" ? given : (given as Carried).type;
  if (typeof given === "function" || typeof name !== "string")
    return { kind, name: undefined, value: given, state };
  return { kind, name, value: Object.hasOwn(provided, name) ? provided[name] : undefined, state };
}

/** The logic that is written into an `invoke`; XState gives it a name of its own. */
function inlineOf(node: AnyStateNode, src: unknown): unknown {
  const at = typeof src === "string" ? /^xstate\.invoke\.(\d+)\./.exec(src)?.[1] : undefined;
  if (at === undefined) return undefined;
  const invoked = [node.config.invoke].flat()[Number(at)] as { src: unknown } | undefined;
  return invoked?.src;
}

/** The machines among the actors a machine names, holds or is provided with. */
export function childMachinesOf(machine: AnyStateMachine): AnyStateMachine[] {
  const held = partsOf(machine).flatMap(({ kind, value }) => (kind === "actor" ? [value] : []));
  const provided = Object.values(machine.implementations.actors as Record<string, unknown>);
  return [...new Set([...held, ...provided])].filter(isMachine);
}

/** Whether logic may send its parent events of any type: callbacks and observables of events. */
export function sendsEvents(logic: AnyActorLogic): boolean {
  if (!isOutgoing(logic)) return false;
  // A promise's and an observable's logic are told by how they take their own results.
  const after = (type: string): { status?: unknown; context?: unknown } | undefined => {
    try {
      return logic.transition({ status: "active" }, { type, data: 1 }, {} as never);
    } catch {
      return undefined;
    }
  };
  return after("xstate.promise.resolve")?.status !== "done" && after("xstate.observable.next")?.context !== 1;
}
