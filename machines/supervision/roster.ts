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
  /** The places of those whose name falls into a bucket; mostly one. */
  readonly index: Trie<readonly number[]>;
  readonly counts: RosterCounts;
}

export interface RosterCounts {
  readonly all: number;
  readonly running: number;
  readonly supervisors: number;
  /** Significant ones that run or are being restarted. */
  readonly significant: number;
}

export const emptyRoster: Roster = {
  nextPlace: 0,
  children: emptyTrie,
  index: emptyTrie,
  counts: { all: 0, running: 0, supervisors: 0, significant: 0 },
};

export function childAt({ index, children }: Roster, address: string): Child | undefined {
  for (const place of valueAt(index, addressBucket(address)) ?? []) {
    const child = valueAt(children, place);
    if (child?.address === address) return child;
  }
  return undefined;
}

export function childOf({ index, children }: Roster, id: string): Child | undefined {
  for (const place of valueAt(index, idBucket(id)) ?? []) {
    const child = valueAt(children, place);
    if (child?.spec.id === id && !child.dynamic) return child;
  }
  return undefined;
}

/** Puts a child at the end of the order. Its address and, if static, its id must be new. */
export function withChild(roster: Roster, child: Omit<Child, "place">): Roster {
  const place = roster.nextPlace;
  let { index } = roster;
  for (const bucket of bucketsOf(child))
    index = put(index, bucket, [...(valueAt(index, bucket) ?? []), place]);
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
  for (const bucket of bucketsOf(child)) {
    const others = (valueAt(index, bucket) ?? []).filter((place) => place !== child.place);
    index = others.length === 0 ? without(index, bucket) : put(index, bucket, others);
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

function bucketsOf({ address, spec, dynamic }: Omit<Child, "place">): readonly number[] {
  const own = addressBucket(address);
  if (dynamic) return [own];
  const byId = idBucket(spec.id);
  return own === byId ? [own] : [own, byId];
}

function recount(counts: RosterCounts, before: Child | undefined, after: Child | undefined): RosterCounts {
  return {
    all: counts.all + Number(after !== undefined) - Number(before !== undefined),
    running: counts.running + change(isRunning, before, after),
    supervisors: counts.supervisors + change(isSupervisor, before, after),
    significant: counts.significant + change(isAwaited, before, after),
  };
}

function change(
  holds: (child: Child) => boolean,
  before: Child | undefined,
  after: Child | undefined,
): number {
  return Number(after !== undefined && holds(after)) - Number(before !== undefined && holds(before));
}

const isRunning = ({ state }: Child): boolean => state === "running";
const isSupervisor = ({ spec }: Child): boolean => spec.type === "supervisor";
const isAwaited = ({ spec, state }: Child): boolean => spec.significant && state !== "stopped";

/** So many buckets that among 100,000 children one holds three, and so few that none needs a branch of its own. */
const bucketBits = 15;
const seed = 0x811c9dc5;
const prime = 0x01000193;
/** Addresses and ids begin apart, so that alike ones fall apart. */
const addressSeed = Math.imul(seed ^ 0x40, prime);
const idSeed = Math.imul(seed ^ 0x23, prime);

const addressBucket = (address: string): number => bucketOf(addressSeed, address);
const idBucket = (id: string): number => bucketOf(idSeed, id);

/** FNV-1a, folded. */
function bucketOf(begun: number, name: string): number {
  let hash = begun;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), prime);
  return (hash ^ (hash >>> bucketBits) ^ (hash >>> (2 * bucketBits))) & (2 ** bucketBits - 1);
}
