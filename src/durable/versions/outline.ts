import type { AnyActorLogic, AnyStateMachine, AnyStateNode } from "xstate";
import { isMachine } from "../../xstate/internals.ts";
import { statesOf } from "../../xstate/machine-parts.ts";
import { kindOf, logicOf } from "./logic-of.ts";

/**
 * What of an actor's logic its stored snapshots depend on. Plain JSON, to be kept for each released version.
 *
 * - `reducer`: a plain reducer; what is stored is its state.
 * - `transition`: `fromTransition`, or other logic that only makes a snapshot of a snapshot.
 * - `call`: a promise, callback or observable.
 * - `missing`: invoked by a name nothing is provided for.
 * - `above`: the machine so many levels above, which may live under itself.
 */
export type Outline =
  | MachineOutline
  | { readonly kind: "reducer" | "transition" | "call" | "missing" }
  | { readonly kind: "above"; readonly levels: number };

export interface MachineOutline {
  readonly kind: "machine";
  readonly id: string;
  readonly root: StateOutline;
  /** By the `src` that a stored child names. */
  readonly actors: Readonly<Record<string, Outline>>;
}

/** What code does is not in it, nor where transitions lead: a stored state does not depend on them. */
export interface StateOutline {
  readonly type: AnyStateNode["type"];
  /** Where it is not made of the machine's id and the names on the way. */
  readonly id?: string;
  /** The names on the way to it. */
  readonly initial?: string;
  readonly history?: "shallow" | "deep";
  /** Events it has transitions for, also the runtime's own, such as the end of a child. */
  readonly on?: readonly string[];
  /** Names of delays, or milliseconds. */
  readonly after?: readonly string[];
  readonly always?: true;
  readonly invoke?: readonly { readonly id: string; readonly src: string }[];
  readonly states?: Readonly<Record<string, StateOutline>>;
}

const outlines = new WeakMap<AnyActorLogic, Outline>();

/** The outline of a machine or other logic; of a plain reducer, which has none, where it is undefined. @throws MACHINE_INVALID for a machine of another copy of XState */
export function outlineOf(logic: AnyActorLogic | undefined): Outline {
  if (logic === undefined) return { kind: "reducer" };
  let outline = outlines.get(logic);
  if (outline === undefined) {
    outline = outlineBelow(logic, []);
    outlines.set(logic, outline);
  }
  return outline;
}

function outlineBelow(logic: AnyActorLogic, above: readonly AnyActorLogic[]): Outline {
  if (!isMachine(logic)) return { kind: kindOf(logic) as "transition" | "call" };
  const at = above.indexOf(logic);
  if (at >= 0) return { kind: "above", levels: above.length - at };
  const family = [...above, logic];
  const actors = sourcesOf(logic).map((src): [string, Outline] => {
    const child = logicOf(logic, src);
    return [src, child === undefined ? { kind: "missing" } : outlineBelow(child, family)];
  });
  return {
    kind: "machine",
    id: logic.id,
    root: stateOutline(logic.root),
    actors: Object.fromEntries(actors),
  };
}

/** All names of actors that a stored child may have come from. */
function sourcesOf(machine: AnyStateMachine): string[] {
  const invoked = statesOf(machine).flatMap((node) => node.invoke.map(({ src }) => String(src)));
  return sorted([...Object.keys(machine.implementations.actors), ...invoked]);
}

function stateOutline(node: AnyStateNode): StateOutline {
  const on = sorted([...node.transitions.keys()].filter((type) => !type.startsWith("xstate.after.")));
  const after = sorted(node.after.map(({ delay }) => String(delay)));
  const names = Object.keys(node.states).sort();
  return {
    type: node.type,
    ...(node.id === [node.machine.id, ...node.path].join(".") ? {} : { id: node.id }),
    ...(node.type === "compound" ? { initial: initialOf(node) } : {}),
    ...(node.type === "history" ? { history: node.history === "deep" ? "deep" : "shallow" } : {}),
    ...(on.length === 0 ? {} : { on }),
    ...(after.length === 0 ? {} : { after }),
    ...(node.always === undefined ? {} : { always: true }),
    ...(node.invoke.length === 0 ? {} : { invoke: invocationsOf(node) }),
    ...(names.length === 0 ? {} : { states: statesBelow(node, names) }),
  };
}

function initialOf(node: AnyStateNode): string {
  const targets = node.initial.target as readonly AnyStateNode[];
  return targets.map(({ path }) => path.slice(node.path.length).join(".")).join(" ");
}

function invocationsOf(node: AnyStateNode): StateOutline["invoke"] & object {
  const invocations = node.invoke.map(({ id, src }) => ({ id, src: String(src) }));
  return invocations.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function statesBelow(node: AnyStateNode, names: readonly string[]): StateOutline["states"] & object {
  return Object.fromEntries(names.map((name) => [name, stateOutline(node.states[name] as AnyStateNode)]));
}

/** Each once. Not in the order they are written in, which changes nothing. */
function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
