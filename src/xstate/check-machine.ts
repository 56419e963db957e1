import type { AnyActorLogic, AnyStateMachine } from "xstate";
import { childMachinesOf, type Part, partsOf, sendsEvents, statesOf } from "./machine-parts.ts";
import { matches } from "./selection.ts";

/** The names a protocol knows. */
export interface Vocabulary {
  readonly accepts: readonly string[];
  readonly emits?: readonly string[];
}

/**
 * What is wrong with a machine that can be known before it runs: names of actions, guards, actors
 * and delays that are not provided (its child machines' too); and, given a protocol's vocabulary,
 * events it handles that nobody can send it, events it emits that the protocol does not have, and
 * `*`, which also swallows the errors of its children.
 *
 * Not seen: what functions do inside, such as logic given to `spawn`.
 */
export function checkMachine(machine: AnyStateMachine, vocabulary?: Vocabulary): string[] {
  const family = familyOf(machine);
  const faults = family.flatMap((member) =>
    missingIn(member, member === machine ? "" : ` (child machine ${member.id})`),
  );
  if (vocabulary !== undefined) {
    faults.push(...foreignEvents(machine, vocabulary.accepts), ...foreignEmits(family, vocabulary.emits));
  }
  return [...new Set(faults)];
}

/** The machine and all machines that may live under it. */
function familyOf(machine: AnyStateMachine): AnyStateMachine[] {
  const family = new Set([machine]);
  for (const member of family) for (const child of childMachinesOf(member)) family.add(child);
  return [...family];
}

function missingIn(machine: AnyStateMachine, where: string): string[] {
  return partsOf(machine)
    .filter(({ name, value }) => name !== undefined && value === undefined)
    .map(({ kind, name, state }) => `${kind} "${name}" of state "${state}" is not provided${where}`);
}

function foreignEvents(machine: AnyStateMachine, accepts: readonly string[]): string[] {
  const internal = internalEvents(machine);
  return statesOf(machine).flatMap((node) =>
    [...node.transitions.keys()].flatMap((descriptor) => {
      if (/^(xstate|coxswain)\./.test(descriptor)) return [];
      if (descriptor === "*") {
        return [
          `state "${node.id}" handles "*", which also takes its children's errors and results; name the events`,
        ];
      }
      const known = (type: string): boolean => matches(type, descriptor);
      if (internal === "any" || accepts.some(known) || internal.some(known)) return [];
      return [`state "${node.id}" handles "${descriptor}", which the protocol does not accept`];
    }),
  );
}

interface Sending {
  readonly type?: unknown;
  readonly to?: unknown;
  readonly event?: unknown;
  readonly collect?: unknown;
}

/** The types a machine may get from itself and its children; `any` where only running it could tell. */
function internalEvents(machine: AnyStateMachine): readonly string[] | "any" {
  const own = partsOf(machine);
  if (own.some(isUnforeseeable)) return "any";
  const types: string[] = [];
  const add = (event: unknown): boolean => {
    const type = (event as { type?: unknown } | undefined)?.type;
    if (typeof event === "function" || typeof type !== "string") return false;
    types.push(type);
    return true;
  };
  for (const sending of own.map(({ value }) => (value ?? {}) as Sending)) {
    if (sending.type === "xstate.raise" && !add(sending.event)) return "any";
    // A computed target may be the machine itself.
    if (sending.type === "xstate.sendTo" && typeof sending.to === "function") add(sending.event);
    if (sending.type === "xstate.sendTo" && sending.to === "#_internal" && !add(sending.event)) return "any";
  }
  for (const part of childMachinesOf(machine).flatMap(partsOf)) {
    const { type, to, event } = (part.value ?? {}) as Sending;
    if (type === "xstate.sendTo" && to === "#_parent" && !add(event)) return "any";
    if (type === "xstate.enqueueActions" && mentions(part.value, "sendParent")) return "any";
  }
  return types;
}

/** A callback can send its machine anything, and so can `enqueue.raise`. */
function isUnforeseeable({ kind, value }: Part): boolean {
  if (kind === "actor")
    return typeof value === "object" && value !== null && sendsEvents(value as AnyActorLogic);
  return kind === "action" && mentions(value, "raise");
}

function mentions(action: unknown, word: string): boolean {
  const { type, collect } = (action ?? {}) as Sending;
  return type === "xstate.enqueueActions" && String(collect).includes(word);
}

function foreignEmits(family: readonly AnyStateMachine[], emits: readonly string[] | undefined): string[] {
  if (emits === undefined) return [];
  return family.flatMap(partsOf).flatMap(({ value, state }) => {
    const { type, event } = (value ?? {}) as Sending;
    const emitted = type === "xstate.emit" ? (event as { type?: unknown }).type : undefined;
    if (typeof emitted !== "string" || emits.includes(emitted)) return [];
    return [`state "${state}" emits "${emitted}", which the protocol does not have`];
  });
}
