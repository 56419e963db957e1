import type { ActorAddress, ChildSpec } from "../../protocols/index.ts";
import { ascending, descending, emptyTrie, put, type Trie, valueAt, without } from "./trie.ts";

/** A child as its supervisor knows it. */
export interface Child {
  /** Its place in the order of starting, which is never given twice. */
  readonly place: number;
  readonly address: ActorAddress;
  /** Under simple_one_for_one the template, which all of them share. */
  readonly spec: ChildSpec;
  /** One of many children of a template: forgotten when it ends. */
  readonly dynamic: boolean;
  /** Of a dynamic child that was started with an input of its own. */
  readonly ownInput?: { readonly input: unknown };
  /** `restarting`: it is being started, or the next try is waited for. */
  readonly state: "running" | "restarting" | "stopped";
  /** While it runs. */
  readonly activation?: string;
  readonly node?: string;
  readonly restarts: number;
  /** Starts in a row that failed. */
  readonly failedTries: number;
  /** The try that is waited for; another one's time is nothing to it. */
  readonly awaits?: number;
}

/** The children in the order of their starting, found by address and (static ones) by id. Never changed; plain data. */
export interface Roster {
  readonly nextPlace: number;
  readonly children: Trie<Child>;
  readonly index: Trie<readonly Entry[]>;
  readonly counts: RosterCounts;
}

export interface RosterCounts {
  readonly all: number;
  readonly running: number;
  readonly supervisors: number;
  /** Significant ones that run or are being restarted. */
  readonly significant: number;
}

interface Entry {
  readonly name: string;
  readonly place: number;
}

export const emptyRoster: Roster = {
  nextPlace: 0,
  children: emptyTrie,
  index: emptyTrie,
  counts: { all: 0, running: 0, supervisors: 0, significant: 0 },
};

export function childAt(roster: Roster, address: string): Child | undefined {
  return named(roster, `@${address}`);
}

export function childOf(roster: Roster, id: string): Child | undefined {
  return named(roster, `#${id}`);
}

function named({ index, children }: Roster, name: string): Child | undefined {
  const entry = valueAt(index, hashOf(name))?.find((one) => one.name === name);
  return entry === undefined ? undefined : valueAt(children, entry.place);
}

/** Puts a child at the end of the order. Its address and, if static, its id must be new. */
export function withChild(roster: Roster, child: Omit<Child, "place">): Roster {
  const place = roster.nextPlace;
  let { index } = roster;
  for (const name of namesOf(child)) {
    const hash = hashOf(name);
    index = put(index, hash, [...(valueAt(index, hash) ?? []), { name, place }]);
  }
  const placed = { ...child, place };
  return {
    nextPlace: place + 1,
    children: put(roster.children, place, placed),
    index,
    counts: recount(roster.counts, undefined, placed),
  };
}

/** Replaces what is known of a child. Its address and id stay. */
export function withChange(roster: Roster, child: Child): Roster {
  const before = valueAt(roster.children, child.place);
  const counts = recount(roster.counts, before, child);
  return { ...roster, children: put(roster.children, child.place, child), counts };
}

export function withoutChild(roster: Roster, child: Child): Roster {
  let { index } = roster;
  for (const name of namesOf(child)) {
    const hash = hashOf(name);
    const others = (valueAt(index, hash) ?? []).filter((one) => one.name !== name);
    index = others.length === 0 ? without(index, hash) : put(index, hash, others);
  }
  const counts = recount(roster.counts, child, undefined);
  return { ...roster, index, counts, children: without(roster.children, child.place) };
}

/** By order of starting. */
export function inOrder(roster: Roster): Iterable<Child> {
  return ascending(roster.children);
}

export function newestFirst(roster: Roster): Iterable<Child> {
  return descending(roster.children);
}

function namesOf({ address, spec, dynamic }: Omit<Child, "place">): string[] {
  return dynamic ? [`@${address}`] : [`@${address}`, `#${spec.id}`];
}

function recount(counts: RosterCounts, before: Child | undefined, after: Child | undefined): RosterCounts {
  const change = (holds: (child: Child) => boolean): number =>
    Number(after !== undefined && holds(after)) - Number(before !== undefined && holds(before));
  return {
    all: counts.all + change(() => true),
    running: counts.running + change(({ state }) => state === "running"),
    supervisors: counts.supervisors + change(({ spec }) => spec.type === "supervisor"),
    significant: counts.significant + change(({ spec, state }) => spec.significant && state !== "stopped"),
  };
}

/** FNV-1a, folded to 30 bits. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 0) ^ (hash >>> 30)) & 0x3fffffff;
}
