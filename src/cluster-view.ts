import { decodeValue } from "../protocols/index.ts";
import type { Env } from "./env/env.ts";
import { isRoleKey } from "./roster.ts";
import { done } from "./transport/outcomes.ts";
import type { Bucket, Closable, Entry, Outcome } from "./transport/transport.ts";

export interface NodeRecord {
  readonly node: string;
  /** New at each start: a node that comes back is another one. */
  readonly incarnation: string;
  readonly zone: string;
  readonly pid: number;
  readonly host: string;
  readonly startedAtMs: number;
  readonly leaseMs: number;
  /** How often it has come back to the server. */
  readonly connections?: number;
}

export interface RootRecord {
  readonly node: string;
  readonly incarnation: string;
}

export interface Member {
  readonly record: NodeRecord;
  readonly revision: number;
  /** When we last saw its record move, on our own monotonic clock. */
  readonly seenMs: number;
  /** It renewed since we look: it lives, it is no leftover of a killed process. */
  readonly renewed: boolean;
}

interface Root extends RootRecord {
  readonly revision: number;
}

/** What the store has of a key since it came back, where that is older than what we have seen, or nothing. */
interface Doubt {
  readonly entry: Entry;
  readonly sinceMs: number;
}

export interface ViewEvents {
  nodeUp(record: NodeRecord): void;
  nodeDown(record: NodeRecord, reason: "left" | "lost", roots: readonly string[]): void;
  /** What was sent to these, or by them, may be lost: their node came back to the server, or they were given back. */
  uncertain(roots: readonly string[]): void;
  /** A root name went from one node to another, which judged the first to be gone before we did. */
  rootMoved(root: string, from: string): void;
  /** The store says who holds a root name. */
  rootSeen(root: string, owner: RootRecord, revision: number): void;
  /** The store says what role an actor has; `present` where it was so before we looked. */
  roleSeen(entry: Entry, present: boolean): void;
  /** All that the store has was seen. */
  looked(keys: ReadonlySet<string>): void;
}

/**
 * Who lives where, as far as this node has heard: the nodes, and who holds which root name. All is judged on our own
 * monotonic clock.
 */
export class ClusterView {
  readonly #bucket: Bucket;
  readonly #env: Env;
  readonly #events: ViewEvents;
  readonly #me: NodeRecord;
  readonly #members = new Map<string, Member>();
  readonly #roots = new Map<string, Root>();
  readonly #doubts = new Map<string, Doubt>();
  #looks = 0;
  #looking = false;
  #watching: Closable | undefined;
  /** We slept, or the store did not answer: silence of others says nothing. */
  #deaf = false;
  #hearingSinceMs = Number.NEGATIVE_INFINITY;

  constructor(bucket: Bucket, me: NodeRecord, env: Env, events: ViewEvents) {
    this.#bucket = bucket;
    this.#me = me;
    this.#env = env;
    this.#events = events;
  }

  get nodes(): readonly NodeRecord[] {
    return [...this.#members.values()].map((member) => member.record);
  }

  /** `blind`: no change is seen until it is looked anew. */
  get sight(): "clear" | "looking" | "blind" {
    if (this.#watching !== undefined) return "clear";
    return this.#looking ? "looking" : "blind";
  }

  member(node: string): Member | undefined {
    return this.#members.get(node);
  }

  rootOwner(root: string): RootRecord | undefined {
    return this.#roots.get(root);
  }

  /** Whether another node, which is seen alive, holds a root name. */
  isHeldElsewhere(root: string): boolean {
    const { node = "", incarnation } = this.#roots.get(root) ?? {};
    const living = this.#members.get(node)?.record.incarnation;
    return living !== undefined && living === incarnation && incarnation !== this.#me.incarnation;
  }

  /** Whether nobody else can be about to enter a root name again that the store has forgotten. */
  isSettled(root: string): boolean {
    return this.sight === "clear" && !(this.isDoubtful(root) && this.isHeldElsewhere(root));
  }

  /** Whether the store has forgotten what we have seen of a root name. */
  isDoubtful(root: string): boolean {
    return this.#doubts.has(`root.${root}`);
  }

  /**
   * Sees all that the store has, and every change from then on. A server whose power was cut has less than we have seen: then
   * what we have seen holds for a lease, in which its owner may enter it again.
   */
  async look(): Promise<Outcome> {
    const look = this.#end();
    this.#looking = true;
    const seen = new Set<string>();
    let present = true;
    const begun = await this.#bucket.watch((entry) => {
      if (look !== this.#looks) return;
      seen.add(entry.key);
      if (isRoleKey(entry.key)) return this.#events.roleSeen(entry, present);
      if (!present || !this.#isOlder(entry)) this.#changed(entry);
      else this.#doubt(entry);
    });
    present = false;
    if (look !== this.#looks) {
      if (begun.kind === "ok") begun.value.close();
      return done;
    }
    this.#looking = false;
    if (begun.kind !== "ok") return begun;
    this.#watching = begun.value;
    const known = [
      ...[...this.#members.keys()].map((node) => `node.${node}`),
      ...[...this.#roots.keys()].map((root) => `root.${root}`),
    ];
    for (const key of known) if (!seen.has(key)) this.#doubt({ key, value: undefined, revision: 0 });
    this.#events.looked(seen);
    return done;
  }

  /** Ends what is followed: until the next look nothing is known to be as it was. */
  close(): void {
    this.#end();
  }

  #end(): number {
    this.#watching?.close();
    this.#watching = undefined;
    this.#looking = false;
    this.#looks += 1;
    return this.#looks;
  }

  /** Others may not have been heard for a while. */
  missed(): void {
    this.#deaf = true;
  }

  /** The store answers. Who was silent while we could not hear has a lease from now on. */
  heard(): void {
    const nowMs = this.#env.monotonicMs();
    if (this.#deaf) this.#hearingSinceMs = nowMs;
    this.#deaf = false;
    for (const [key, { entry, sinceMs }] of [...this.#doubts]) {
      if (nowMs - sinceMs <= this.#me.leaseMs) continue;
      this.#doubts.delete(key);
      this.#changed(entry);
    }
  }

  /** Whether its record has not moved for its lease, while we could have seen that. */
  isSilent(member: Member): boolean {
    return !this.#deaf && this.#silentMs(member) > member.record.leaseMs;
  }

  #silentMs({ seenMs }: Member): number {
    return this.#env.monotonicMs() - Math.max(seenMs, this.#hearingSinceMs);
  }

  /** Takes those for lost that were silent for their lease, and returns them. */
  sweep(): readonly Member[] {
    const lost = [...this.#members.values()].filter(
      (member) => member.record.incarnation !== this.#me.incarnation && this.isSilent(member),
    );
    for (const member of lost) this.#lose(member, "lost");
    return lost;
  }

  /** Whether we have seen a later state of the key: the store has lost it. */
  #isOlder({ key, revision }: Entry): boolean {
    const [kind, name] = parsed(key);
    const known = kind === "node" ? this.#members.get(name) : this.#roots.get(name);
    return known !== undefined && revision < known.revision;
  }

  #doubt(entry: Entry): void {
    const [kind, name] = parsed(entry.key);
    const owner = entry.value && (decodeValue(entry.value) as RootRecord);
    // Of the same process: only its renewals were lost, or it has entered it again.
    if (this.#isSame(kind, name, owner)) return this.#setRevision(kind, name, entry.revision);
    const sinceMs = this.#doubts.get(entry.key)?.sinceMs ?? this.#env.monotonicMs();
    this.#doubts.set(entry.key, { entry, sinceMs });
    if (kind === "root" && owner !== undefined) this.#events.rootSeen(name, owner, entry.revision);
  }

  #isSame(kind: string, name: string, owner: RootRecord | undefined): boolean {
    const known = kind === "node" ? this.#members.get(name)?.record : this.#roots.get(name);
    return known !== undefined && known.incarnation === owner?.incarnation;
  }

  #setRevision(kind: string, name: string, revision: number): void {
    const [member, root] = [this.#members.get(name), this.#roots.get(name)];
    if (kind === "node" && member !== undefined) this.#members.set(name, { ...member, revision });
    if (kind === "root" && root !== undefined) this.#roots.set(name, { ...root, revision });
  }

  #changed(entry: Entry): void {
    const doubt = this.#doubts.get(entry.key);
    // What the store had before has gone, too: no word yet of the one who was there last.
    if (doubt !== undefined && entry.value === undefined) {
      this.#doubts.set(entry.key, { ...doubt, entry });
      return;
    }
    this.#doubts.delete(entry.key);
    const [kind, name] = parsed(entry.key);
    if (kind === "node") this.#nodeChanged(name, entry);
    if (kind === "root") this.#rootChanged(name, entry);
  }

  #nodeChanged(node: string, entry: Entry): void {
    const known = this.#members.get(node);
    if (entry.value === undefined) {
      // Who leaves has renewed lately; else another node swept the record away.
      const swept = known !== undefined && this.#silentMs(known) > (known.record.leaseMs * 2) / 3;
      return known && this.#lose(known, swept ? "lost" : "left");
    }
    const record = decodeValue(entry.value) as NodeRecord;
    const same = known?.record.incarnation === record.incarnation;
    // Looked at anew, and as it was.
    if (same && entry.revision === known.revision) return;
    if (known !== undefined && !same) this.#lose(known, "lost");
    const renewed = same || record.incarnation === this.#me.incarnation;
    this.#members.set(node, { record, revision: entry.revision, seenMs: this.#env.monotonicMs(), renewed });
    if (!same) this.#events.nodeUp(record);
    // One that was taken for lost comes back with what it holds.
    if (same && known.record.connections === record.connections) return;
    this.#events.uncertain(this.#rootsOf(record));
  }

  #rootChanged(root: string, entry: Entry): void {
    if (entry.value === undefined) {
      if (this.#roots.delete(root)) this.#events.uncertain([root]);
      return;
    }
    const owner = decodeValue(entry.value) as RootRecord;
    const before = this.#roots.get(root);
    this.#roots.set(root, { ...owner, revision: entry.revision });
    if (before !== undefined && before.incarnation !== owner.incarnation)
      this.#events.rootMoved(root, before.node);
    this.#events.rootSeen(root, owner, entry.revision);
  }

  #lose(member: Member, reason: "left" | "lost"): void {
    this.#members.delete(member.record.node);
    this.#events.nodeDown(member.record, reason, this.#rootsOf(member.record));
  }

  #rootsOf({ incarnation }: NodeRecord): string[] {
    return [...this.#roots].filter(([, owner]) => owner.incarnation === incarnation).map(([root]) => root);
  }
}

function parsed(key: string): readonly [kind: string, name: string] {
  return [key.slice(0, 4), key.slice(5)];
}
