import type { AnyActorLogic, AnyStateNode } from "xstate";
import { isMachine } from "../../xstate/internals.ts";
import type { Issue } from "./issue.ts";
import { logicOf } from "./logic-of.ts";
import type { StoredTimer } from "./migration.ts";
import type { MachineOutline, Outline, StateOutline } from "./outline.ts";
import { isRecord, type PersistedMachine } from "./persisted.ts";

/** A snapshot with the timers of its record; what stored it, where that is known. */
export interface Resumed {
  readonly snapshot: unknown;
  readonly timers: readonly StoredTimer[];
}
export interface Before extends Resumed {
  readonly outline: Outline | undefined;
}

/**
 * What the active states of a migrated snapshot wait for and nobody started: an invocation without its child, an
 * `after` without its timer. The actor would wait for ever. What was missing before is not held against the
 * migration: the machine may have stopped the child, and a guard may have let the time go by.
 *
 * @param checked a snapshot that `checkSnapshot` found nothing against
 * @returns the issues, and the timers without those of an `after` that no active state waits for any more
 */
export function resume(
  logic: AnyActorLogic | undefined,
  checked: Resumed,
  before: Before,
): { readonly issues: readonly Issue[]; readonly timers: readonly StoredTimer[] } {
  const found: Found = { issues: [], timers: checked.timers, waitedFor: new Set() };
  if (logic !== undefined) resumeBelow(logic, checked.snapshot, before, { path: "", at: "" }, found);
  const timers = checked.timers.filter(
    (timer) => !timer.event.type.startsWith("xstate.after.") || found.waitedFor.has(timer),
  );
  return { issues: found.issues, timers };
}

interface Found {
  readonly issues: Issue[];
  readonly timers: readonly StoredTimer[];
  readonly waitedFor: Set<StoredTimer>;
}

/** The path of an actor in its tree, and of its snapshot in that of the root. */
interface Place {
  readonly path: string;
  readonly at: string;
}

function resumeBelow(
  logic: AnyActorLogic,
  snapshot: unknown,
  before: Before,
  place: Place,
  found: Found,
): void {
  if (!isMachine(logic)) return;
  const { value, children, status } = snapshot as PersistedMachine;
  if (status === "active") {
    for (const node of activeIn(logic.root, value)) {
      const was = stateBefore(before, node.path);
      checkInvocations(node, children, was, place, found);
      checkAfter(node, was, place, found);
    }
  }
  for (const [id, child] of Object.entries(children)) {
    const inner = { path: `${place.path}/${id}`, at: `${place.at}children.${id}.snapshot.` };
    const below = childBefore(before, id);
    resumeBelow(logicOf(logic, child.src) as AnyActorLogic, child.snapshot, below, inner, found);
  }
}

function activeIn(node: AnyStateNode, value: unknown): AnyStateNode[] {
  const names = typeof value === "string" ? [value] : Object.keys(value as object);
  const inner = names.flatMap((name) => {
    const below = typeof value === "string" ? {} : (value as Record<string, unknown>)[name];
    return activeIn(node.states[name] as AnyStateNode, below);
  });
  return [node, ...inner];
}

function checkInvocations(
  node: AnyStateNode,
  children: PersistedMachine["children"],
  was: StateBefore | undefined,
  { at }: Place,
  { issues }: Found,
): void {
  for (const { id, src } of node.invoke) {
    const child = Object.hasOwn(children, id) ? children[id] : undefined;
    const known = was?.state.invoke?.some((invoked) => invoked.id === id && invoked.src === src) === true;
    if (child === undefined && !(known && !was.children.has(id))) {
      issues.push({
        path: `${at}children`,
        says: `Expected the child "${id}", which ${textOf(node)} invokes`,
      });
    } else if (child !== undefined && child.src !== src) {
      issues.push({
        path: `${at}children.${id}`,
        says: `Expected the child "${id}" to be of src "${String(src)}", got "${child.src}"`,
      });
    }
  }
}

function checkAfter(
  node: AnyStateNode,
  was: StateBefore | undefined,
  { path, at }: Place,
  found: Found,
): void {
  for (const { eventType, delay } of node.after) {
    const timer = found.timers.find((each) => each.source === path && each.event.type === eventType);
    if (timer !== undefined) found.waitedFor.add(timer);
    const known = was?.state.after?.includes(String(delay)) === true;
    if (timer === undefined && !(known && !was.timers.has(`xstate.after.${delay}.${was.id}`))) {
      found.issues.push({
        path: `${at}value`,
        says: `Expected the timer "${eventType}", which ${textOf(node)} waits for`,
      });
    }
  }
}

function textOf(node: AnyStateNode): string {
  return node.path.length === 0 ? "the machine" : `state \`${node.path.join(".")}\``;
}

/** A state the stored snapshot was in, as it was then. */
interface StateBefore {
  readonly state: StateOutline;
  readonly id: string;
  readonly children: ReadonlySet<string>;
  /** Event types of the timers of this actor. */
  readonly timers: ReadonlySet<string>;
}

function stateBefore(
  { outline, snapshot, timers }: Before,
  path: readonly string[],
): StateBefore | undefined {
  if (outline?.kind !== "machine" || !isRecord(snapshot)) return undefined;
  let state: StateOutline | undefined = outline.root;
  let value: unknown = snapshot.value;
  for (const name of path) {
    state = state?.states?.[name];
    value = value === name ? {} : isRecord(value) ? value[name] : undefined;
  }
  if (state === undefined || value === undefined) return undefined;
  const id = state.id ?? [outline.id, ...path].join(".");
  const children = new Set(Object.keys(isRecord(snapshot.children) ? snapshot.children : {}));
  const own = timers.filter(({ source }) => source === "").map(({ event }) => event.type);
  return { state, id, children, timers: new Set(own) };
}

/** The same of a child, whose paths then begin at it. */
function childBefore(before: Before, id: string): Before {
  const { outline, snapshot, timers } = before;
  const children = isRecord(snapshot) && isRecord(snapshot.children) ? snapshot.children : {};
  const child = Object.hasOwn(children, id) ? children[id] : undefined;
  if (!isRecord(child) || outline?.kind !== "machine")
    return { outline: undefined, snapshot: undefined, timers: [] };
  const within = timers.filter(({ source }) => source === `/${id}` || source.startsWith(`/${id}/`));
  return {
    outline: outlineOfChild(outline, String(child.src)),
    snapshot: child.snapshot,
    timers: within.map((timer) => ({ ...timer, source: timer.source.slice(id.length + 1) })),
  };
}

function outlineOfChild({ actors }: MachineOutline, src: string): Outline | undefined {
  return Object.hasOwn(actors, src) ? actors[src] : undefined;
}
