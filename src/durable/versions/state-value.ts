import type { AnyStateMachine, AnyStateNode } from "xstate";
import { quote } from "../../../protocols/index.ts";
import { statesOf } from "../../xstate/machine-parts.ts";
import type { Issue } from "./issue.ts";
import { isRecord } from "./persisted.ts";

/**
 * Whether a stored value is a state the machine can be in, whole: one state of every state that has such, all regions
 * of every parallel one. XState fills in what is missing, without entering it; it may itself get into two states of one,
 * where a region goes to the history of the parallel state it is in, and that is refused as well.
 */
export function checkValue(node: AnyStateNode, value: unknown, path: string, issues: Issue[]): void {
  if (node.type === "compound") checkOne(node, value, path, issues);
  else if (node.type === "parallel") checkRegions(node, value, path, issues);
  else if (!isRecord(value) || Object.keys(value).length > 0) {
    issues.push({ path, says: `Expected {}, as ${nameOf(node)} has no states, got ${quote(value)}` });
  }
}

function checkOne(node: AnyStateNode, value: unknown, path: string, issues: Issue[]): void {
  const names = typeof value === "string" ? [value] : isRecord(value) ? Object.keys(value) : [];
  const [name] = names;
  if (name === undefined || names.length > 1) {
    issues.push({ path, says: `Expected one state of ${nameOf(node)}, got ${quote(value)}` });
    return;
  }
  const state = stateNamed(node, name);
  if (state === undefined) {
    issues.push({ path, says: `Expected a state of ${nameOf(node)}, which has no ${quote(name)}` });
  } else if (isLeaf(state) !== (typeof value === "string")) {
    const wanted = isLeaf(state) ? "no states" : "states of its own";
    issues.push({
      path,
      says: `Expected the states within ${nameOf(state)}, which has ${wanted}, got ${quote(value)}`,
    });
  } else if (typeof value !== "string") {
    checkValue(state, (value as Record<string, unknown>)[name], `${path}.${name}`, issues);
  }
}

function checkRegions(node: AnyStateNode, value: unknown, path: string, issues: Issue[]): void {
  if (!isRecord(value)) {
    issues.push({ path, says: `Expected a state of each region of ${nameOf(node)}, got ${quote(value)}` });
    return;
  }
  for (const name of Object.keys(value)) {
    const region = stateNamed(node, name);
    if (region !== undefined) checkValue(region, value[name], `${path}.${name}`, issues);
    else issues.push({ path, says: `Expected regions of ${nameOf(node)}, which has no ${quote(name)}` });
  }
  for (const name of Object.keys(node.states)) {
    if (Object.hasOwn(value, name) || stateNamed(node, name) === undefined) continue;
    issues.push({
      path,
      says: `Expected a state of region ${quote(name)}, which would be active without having been entered`,
    });
  }
}

/** A state one can be in. Own names only: `toString` is no state. */
function stateNamed(node: AnyStateNode, name: string): AnyStateNode | undefined {
  const state = Object.hasOwn(node.states, name) ? (node.states[name] as AnyStateNode) : undefined;
  return state?.type === "history" ? undefined : state;
}

function isLeaf(node: AnyStateNode): boolean {
  return node.type === "atomic" || node.type === "final";
}

function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? "the machine" : `state \`${node.path.join(".")}\``;
}

/** The states of an id, for each machine once. */
const nodesById = new WeakMap<AnyStateMachine, ReadonlyMap<string, AnyStateNode>>();

function nodeOf(machine: AnyStateMachine, id: unknown): AnyStateNode | undefined {
  let nodes = nodesById.get(machine);
  if (nodes === undefined) {
    nodes = new Map(statesOf(machine).map((node) => [node.id, node]));
    nodesById.set(machine, nodes);
  }
  return nodes.get(id as string);
}

/**
 * What histories remember: states they can remember; XState drops others. Not whether one can be in them together: XState
 * remembers two states of one where regions change each other's.
 */
export function checkHistory(
  machine: AnyStateMachine,
  history: unknown,
  path: string,
  issues: Issue[],
): void {
  if (!isRecord(history)) {
    issues.push({ path, says: `Expected what histories remember, got ${quote(history)}` });
    return;
  }
  for (const id of Object.keys(history)) {
    const node = nodeOf(machine, id);
    const remembered = history[id];
    const at = `${path}.${id}`;
    if (node?.type !== "history")
      issues.push({ path: at, says: `Expected a history, which ${quote(id)} is not` });
    else if (!Array.isArray(remembered))
      issues.push({ path: at, says: `Expected a list of states, got ${quote(remembered)}` });
    else checkRemembered(machine, node, remembered, at, issues);
  }
}

function checkRemembered(
  machine: AnyStateMachine,
  history: AnyStateNode,
  remembered: readonly unknown[],
  path: string,
  issues: Issue[],
): void {
  for (const item of remembered) {
    const id = isRecord(item) ? item.id : item;
    const node = nodeOf(machine, id);
    if (node === undefined || !remembers(history, node)) {
      issues.push({ path, says: `Expected states that \`${history.id}\` can remember, got ${quote(id)}` });
    }
  }
}

function remembers(history: AnyStateNode, node: AnyStateNode): boolean {
  if (history.history !== "deep") return node.parent === history.parent && node.type !== "history";
  if (!isLeaf(node)) return false;
  const within = history.parent?.path ?? [];
  return node.path.length > within.length && within.every((name, i) => node.path[i] === name);
}
