import {
  type ActorAddress,
  CoxswainError,
  decodeValue,
  encodeValue,
  type Role,
  type RoleInput,
  role,
  rootOf,
} from "../protocols/index.ts";
import type { ClusterView, NodeRecord } from "./cluster-view.ts";
import type { Env } from "./env/env.ts";
import { done, isLostRace } from "./transport/outcomes.ts";
import type { Bucket, Entry, Outcome } from "./transport/transport.ts";

/** What an actor may do, and where it lives. Of a durable type there is one entry, at the type's name. */
export interface RosterEntry {
  readonly address: ActorAddress;
  readonly node: string;
  readonly role: Role;
}

interface RoleRecord {
  readonly incarnation: string;
  readonly role: Role;
}

interface Seen extends RosterEntry, RoleRecord {
  readonly revision: number;
}

interface Written {
  readonly role: Role;
  readonly revision: number;
}

interface RosterHost {
  readonly bucket: Bucket;
  readonly view: ClusterView;
  readonly env: Env;
  readonly me: NodeRecord;
  readonly closed: boolean;
}

const prefix = "role.";
/** Entries of nodes that are gone, which one node takes away in one go. */
const sweptMax = 100;

/**
 * Who may do what: the roles of actors. Each is a key of its own that its node alone writes, and counts as long as that
 * life of the node is seen alive: nothing is raced for, and no entry outlives its node's lease. What the store has lost, or
 * did not take, is written again with a later renewal.
 */
export class Roster {
  readonly #host: RosterHost;
  /** What is to be in the store of us. */
  readonly #mine = new Map<ActorAddress, Role>();
  /** What is in it, as far as we know. */
  readonly #written = new Map<ActorAddress, Written>();
  readonly #writing = new Map<ActorAddress, Promise<Outcome>>();
  readonly #seen = new Map<string, Seen>();
  /** Since when the store has an entry of a living node no more. */
  readonly #missingMs = new Map<string, number>();
  /** Since when an entry is of a life that is not seen. */
  readonly #ownerlessMs = new Map<string, number>();
  /** What the server does not let this node sweep: said once, not with every renewal. */
  readonly #forbidden = new Set<string>();

  constructor(host: RosterHost) {
    this.#host = host;
  }

  /** All, by address. What this node has entered is there at once, what others have when it was heard of. */
  get entries(): readonly RosterEntry[] {
    const { me } = this.#host;
    const found = new Map<ActorAddress, RosterEntry>();
    for (const [address, role] of this.#mine) found.set(address, { address, node: me.node, role });
    for (const { address, node, role, incarnation } of this.#seen.values()) {
      if (node === me.node || !this.#lives(node, incarnation)) continue;
      const entry = { address, node, role };
      found.set(address, this.#better(found.get(address), entry));
    }
    return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Of two, the one whose node holds the name; where none does, as of a durable type, always the same. */
  #better(one: RosterEntry | undefined, other: RosterEntry): RosterEntry {
    if (one === undefined) return other;
    const owner = this.#host.view.rootOwner(rootOf(one.address))?.node;
    if (owner === one.node || owner === other.node) return owner === one.node ? one : other;
    return one.node < other.node ? one : other;
  }

  /** Enters an actor of this node. Resolves when the store has answered; it is tried again where it did not take it. */
  enter(address: ActorAddress, role: Role): Promise<Outcome> {
    this.#mine.set(address, role);
    return this.#write(address);
  }

  leave(address: ActorAddress): void {
    if (this.#mine.delete(address)) void this.#write(address);
  }

  /** Of one address one write after the other, each of what is wanted then. */
  #write(address: ActorAddress): Promise<Outcome> {
    const before = this.#writing.get(address);
    const writing =
      before === undefined ? this.#writeNow(address) : before.then(() => this.#writeNow(address));
    this.#writing.set(address, writing);
    void writing.then(() => {
      if (this.#writing.get(address) === writing) this.#writing.delete(address);
    });
    return writing;
  }

  async #writeNow(address: ActorAddress): Promise<Outcome> {
    const { bucket, me, closed } = this.#host;
    const wanted = this.#mine.get(address);
    const written = this.#written.get(address);
    // With our node's record go all of ours.
    if (wanted === written?.role || closed) return done;
    const key = keyOf(me.node, address);
    if (wanted === undefined) {
      const deleted = await bucket.delete(key, written?.revision);
      if (deleted.kind === "ok" || isLostRace(deleted)) this.#written.delete(address);
      return deleted;
    }
    const put = await bucket.put(
      key,
      encodeValue({ incarnation: me.incarnation, role: wanted } satisfies RoleRecord),
    );
    if (put.kind !== "ok") return put;
    this.#written.set(address, { role: wanted, revision: put.value });
    return done;
  }

  /** The store says what an entry is; `present` where it was so before we looked. */
  seen(entry: Entry, present: boolean): void {
    const { key, value, revision } = entry;
    const { node, address } = partsOf(key);
    this.#missingMs.delete(key);
    const record = value && (decodeValue(value) as RoleRecord);
    if (record === undefined) this.#forget(key);
    else this.#seen.set(key, { address, node, revision, ...record });
    if (node !== this.#host.me.node) return;
    const known = this.#written.get(address)?.revision;
    if (known !== undefined && (present ? revision !== known : revision > known))
      this.#written.delete(address);
  }

  /** All that the store has was seen. What it has no more is ours to enter again, or another's, which has a lease to do so. */
  looked(keys: ReadonlySet<string>): void {
    const { me } = this.#host;
    for (const address of this.#written.keys())
      if (!keys.has(keyOf(me.node, address)) && !this.#writing.has(address)) this.#written.delete(address);
    for (const [key, { node }] of this.#seen) {
      if (keys.has(key)) continue;
      if (node === me.node) this.#seen.delete(key);
      else this.#sinceMs(this.#missingMs, key);
    }
  }

  /** Writes what the store has not taken yet of ours, and takes away what is nobody's. */
  async settle(): Promise<void> {
    const { me } = this.#host;
    // Another life of our name is the one that counts: it writes.
    if (!this.#lives(me.node, me.incarnation)) return;
    const isWrong = ([address, role]: [ActorAddress, Role]): boolean =>
      this.#written.get(address)?.role !== role && !this.#writing.has(address);
    const wrong = [...this.#mine].filter(isWrong);
    await Promise.all([...wrong.map(([address]) => this.#write(address)), this.#sweep()]);
  }

  async #sweep(): Promise<void> {
    const { bucket } = this.#host;
    const gone = [...this.#seen]
      .filter(([key, seen]) => !this.#forbidden.has(key) && this.#isNobodys(key, seen))
      .slice(0, sweptMax);
    await Promise.all(
      gone.map(async ([key, { revision }]) => {
        const deleted = await bucket.delete(key, revision);
        if (deleted.kind === "rejected" && deleted.error.code === "PERMISSION_DENIED")
          this.#forbidden.add(key);
      }),
    );
  }

  /** Whether an entry is to be taken out of the store. One that the store has lost for a lease is forgotten. */
  #isNobodys(key: string, { node, address, incarnation }: Seen): boolean {
    const { me, env } = this.#host;
    const isOver = (since: Map<string, number>): boolean =>
      env.monotonicMs() - this.#sinceMs(since, key) > me.leaseMs;
    if (node === me.node) return !this.#mine.has(address) && !this.#writing.has(address);
    if (!this.#lives(node, incarnation)) return isOver(this.#ownerlessMs);
    this.#ownerlessMs.delete(key);
    if (this.#missingMs.has(key) && isOver(this.#missingMs)) this.#forget(key);
    return false;
  }

  #sinceMs(since: Map<string, number>, key: string): number {
    const sinceMs = since.get(key) ?? this.#host.env.monotonicMs();
    since.set(key, sinceMs);
    return sinceMs;
  }

  #forget(key: string): void {
    this.#missingMs.delete(key);
    this.#ownerlessMs.delete(key);
    this.#forbidden.delete(key);
    this.#seen.delete(key);
  }

  #lives(node: string, incarnation: string): boolean {
    return this.#host.view.member(node)?.record.incarnation === incarnation;
  }
}

/** @throws OPTION_INVALID */
export function roleOf(given: RoleInput): Role {
  const parsed = role.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const [issue] = parsed.error.issues;
  const at = ["role", ...(issue?.path ?? [])].join(".");
  throw new CoxswainError("OPTION_INVALID", `Expected a role, got a wrong ${at}: ${issue?.message}`);
}

export function isRoleKey(key: string): boolean {
  return key.startsWith(prefix);
}

function keyOf(node: string, address: ActorAddress): string {
  return `${prefix}${node}.${address}`;
}

function partsOf(key: string): { readonly node: string; readonly address: ActorAddress } {
  const behind = key.indexOf(".", prefix.length);
  return { node: key.slice(prefix.length, behind), address: key.slice(behind + 1) as ActorAddress };
}
