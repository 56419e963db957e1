import { CoxswainError, decodeValue, encodeValue, quote } from "../protocols/index.ts";
import type { Env, Timer } from "./env/env.ts";
import { isLostRace, valueOrThrow } from "./transport/outcomes.ts";
import type { Bucket, Closable, Entry } from "./transport/transport.ts";

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

interface RootRecord {
  readonly node: string;
  readonly incarnation: string;
}

interface Member {
  readonly record: NodeRecord;
  readonly revision: number;
  /** When we last saw its record move, on our own monotonic clock. */
  readonly seenMs: number;
  /** It renewed since we look: it lives, it is no leftover of a killed process. */
  readonly renewed: boolean;
}

export interface RegistryEvents {
  nodeUp(record: NodeRecord): void;
  nodeDown(record: NodeRecord, reason: "left" | "lost", roots: readonly string[]): void;
  /** What was sent to these, or by them, may be lost: their node came back to the server, or they were given back. */
  uncertain(roots: readonly string[]): void;
  /** A root name went from one node to another, which judged the first to be gone before we did. */
  rootMoved(root: string, from: string): void;
  /** Another node holds a root name that was ours: our lease was over. */
  rootLost(root: string, owner: string): void;
  failed(error: CoxswainError): void;
  /** Whether this very incarnation answers now; false says nothing. */
  answers(record: NodeRecord): Promise<boolean>;
}

/**
 * Who lives where: nodes with a lease, and the root names they hold, in one key-value bucket that
 * every node watches. A root name is claimed by create, and taken over by compare-and-set once its
 * node's record has not moved for a lease, judged on our own monotonic clock: no clock is compared
 * with another's.
 */
export class Registry {
  readonly #bucket: Bucket;
  readonly #env: Env;
  readonly #events: RegistryEvents;
  readonly #me: NodeRecord;
  readonly #members = new Map<string, Member>();
  readonly #roots = new Map<string, RootRecord>();
  readonly #mine = new Map<string, number>();
  readonly #claims = new Map<string, Promise<void>>();
  /** Root names that may be ours in the store though we do not hold them. */
  readonly #unreleased = new Set<string>();
  #revision = 0;
  #connections = 0;
  #watching: Closable | undefined;
  #timer: Timer | undefined;
  #left = false;
  #renewing: Promise<void> | undefined;
  /** We slept, or the store did not answer: silence of others says nothing. */
  #deaf = false;
  #hearingSinceMs = Number.NEGATIVE_INFINITY;

  constructor(bucket: Bucket, me: NodeRecord, env: Env, events: RegistryEvents) {
    this.#bucket = bucket;
    this.#me = me;
    this.#env = env;
    this.#events = events;
  }

  /** We came back to the server. The next renewal tells the others. */
  reconnected(): void {
    this.#connections += 1;
  }

  get #record(): Uint8Array {
    return encodeValue({ ...this.#me, connections: this.#connections } satisfies NodeRecord);
  }

  /** Enters the cluster. @throws ADDRESS_TAKEN where a live node has our name */
  async join(): Promise<void> {
    this.#watching = valueOrThrow(await this.#bucket.watch((entry) => this.#changed(entry)));
    const key = `node.${this.#me.node}`;
    for (;;) {
      const made = await this.#bucket.create(key, this.#record);
      if (made.kind === "ok") {
        this.#revision = made.value;
        break;
      }
      if (!isLostRace(made)) throw made.error;
      await this.#untilGone(this.#me.node, `Node name ${quote(this.#me.node)}`);
      const stale = valueOrThrow(await this.#bucket.get(key));
      if (stale !== undefined) await this.#bucket.delete(key, stale.revision);
    }
    this.#beat();
  }

  /** Takes a root name for this node; at once if it is ours. @throws ADDRESS_TAKEN */
  claim(root: string): Promise<void> {
    const known = this.#claims.get(root);
    if (known !== undefined) return known;
    const claim = this.#claim(root);
    this.#claims.set(root, claim);
    claim.catch(() => {
      this.#claims.delete(root);
      this.#unreleased.add(root);
    });
    return claim;
  }

  holds(root: string): boolean {
    return this.#mine.has(root);
  }

  async release(root: string): Promise<void> {
    const revision = this.#mine.get(root);
    this.#mine.delete(root);
    this.#claims.delete(root);
    if (revision === undefined) return;
    const deleted = await this.#bucket.delete(`root.${root}`, revision);
    if (deleted.kind === "ok" || isLostRace(deleted)) return;
    this.#unreleased.add(root);
    throw deleted.error;
  }

  /** A name that we did not give back, or took without hearing of it, would be taken as long as we live. */
  async #releaseLate(): Promise<void> {
    for (const root of this.#unreleased) {
      const found = await this.#bucket.get(`root.${root}`);
      if (found.kind !== "ok" || this.#claims.has(root)) continue;
      const ours = found.value !== undefined && this.#isMine(found.value) ? found.value : undefined;
      const deleted = ours && (await this.#bucket.delete(`root.${root}`, ours.revision));
      if (deleted === undefined || deleted.kind === "ok" || isLostRace(deleted))
        this.#unreleased.delete(root);
    }
  }

  /** The node that holds a root name, as far as this node has heard. */
  ownerOf(root: string): string | undefined {
    return this.#roots.get(root)?.node;
  }

  /** Whether another node, which is seen alive, holds a root name. */
  isHeldElsewhere(root: string): boolean {
    const { node = "", incarnation } = this.#roots.get(root) ?? {};
    const living = this.#members.get(node)?.record.incarnation;
    return living !== undefined && living === incarnation && incarnation !== this.#me.incarnation;
  }

  get nodes(): readonly NodeRecord[] {
    return [...this.#members.values()].map((member) => member.record);
  }

  /** Stops looking, and renews nothing. */
  close(): void {
    this.#left = true;
    this.#timer?.cancel();
    this.#watching?.close();
  }

  async leave(): Promise<void> {
    if (this.#left) return;
    this.close();
    await this.#renewing;
    await Promise.allSettled([...this.#mine.keys()].map((root) => this.release(root)));
    const key = `node.${this.#me.node}`;
    // Never another's record: one of our name may have come after we were taken for lost.
    const deleted = await this.#bucket.delete(key, this.#revision);
    if (!isLostRace(deleted)) return;
    const found = await this.#bucket.get(key);
    if (found.kind === "ok" && found.value !== undefined && this.#isMine(found.value))
      await this.#bucket.delete(key, found.value.revision);
  }

  #isMine({ value }: Entry): boolean {
    const record = value && (decodeValue(value) as NodeRecord | null);
    return record?.incarnation === this.#me.incarnation;
  }

  async #claim(root: string): Promise<void> {
    const key = `root.${root}`;
    const mine = encodeValue({ node: this.#me.node, incarnation: this.#me.incarnation } satisfies RootRecord);
    for (;;) {
      const made = await this.#bucket.create(key, mine);
      if (made.kind === "ok") return this.#take(root, made.value);
      const held = valueOrThrow(await this.#bucket.get(key));
      // Given back in between; else the store does not take it, and would not the next time.
      if (held === undefined && isLostRace(made)) continue;
      if (held === undefined) throw made.error;
      const owner = decodeValue(held.value as Uint8Array) as RootRecord;
      // Our own is written anew, too: a release of it may be under way still.
      if (owner.incarnation !== this.#me.incarnation)
        await this.#untilGone(owner.node, `Name ${quote(root)}`, owner.incarnation);
      const taken = await this.#bucket.update(key, mine, held.revision);
      if (taken.kind === "ok") return this.#take(root, taken.value);
      if (taken.kind === "rejected" && !isLostRace(taken)) throw taken.error;
    }
  }

  #take(root: string, revision: number): void {
    this.#unreleased.delete(root);
    this.#mine.set(root, revision);
    if (!this.#left) return;
    void this.release(root).catch(() => {});
    throw new CoxswainError("SYSTEM_CLOSED", "The system was closed meanwhile");
  }

  /** Waits at most a lease for a node that may be dead. @throws ADDRESS_TAKEN once it is seen alive */
  async #untilGone(node: string, what: string, incarnation?: string): Promise<void> {
    for (;;) {
      const member = this.#members.get(node);
      if (member === undefined || (incarnation !== undefined && member.record.incarnation !== incarnation))
        return;
      if (member.renewed || (await this.#events.answers(member.record))) {
        throw new CoxswainError(
          "ADDRESS_TAKEN",
          `${what} is held by node ${node} (pid ${member.record.pid} on ${member.record.host})`,
          { details: { node } },
        );
      }
      if (this.#left) throw new CoxswainError("SYSTEM_CLOSED", "The system was closed meanwhile");
      // Where all nodes died at once nobody is there yet to sweep their records away.
      if (this.#silentMs(member) > member.record.leaseMs && (await this.#isUnmoved(member))) return;
      await new Promise<void>((resolve) => this.#env.setTimer(this.#me.leaseMs / 10, resolve));
    }
  }

  /** Whether the store, too, has the record as we have last seen it. */
  async #isUnmoved({ record, revision }: Member): Promise<boolean> {
    const found = await this.#bucket.get(`node.${record.node}`);
    return found.kind === "ok" && found.value?.revision === revision;
  }

  #changed(entry: Entry): void {
    const [kind, name] = [entry.key.slice(0, 4), entry.key.slice(5)];
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
    this.#roots.set(root, owner);
    if (before !== undefined && before.incarnation !== owner.incarnation)
      this.#events.rootMoved(root, before.node);
    if (owner.incarnation === this.#me.incarnation || !this.#mine.has(root)) return;
    this.#mine.delete(root);
    this.#claims.delete(root);
    this.#events.rootLost(root, owner.node);
  }

  #lose(member: Member, reason: "left" | "lost"): void {
    this.#members.delete(member.record.node);
    this.#events.nodeDown(member.record, reason, this.#rootsOf(member.record));
  }

  #rootsOf({ incarnation }: NodeRecord): string[] {
    return [...this.#roots].filter(([, owner]) => owner.incarnation === incarnation).map(([root]) => root);
  }

  /** Renews our lease three times within it; each time the store has answered, looks whose has run out. */
  #beat(): void {
    if (this.#left) return;
    const { leaseMs } = this.#me;
    const setMs = this.#env.monotonicMs();
    this.#timer = this.#env.setTimer(leaseMs / 3, () => {
      // A process that slept has yet to read what came meanwhile.
      if (this.#env.monotonicMs() - setMs > leaseMs) this.#deaf = true;
      this.#renewing = this.#renew().catch((cause: unknown) => {
        const message = `The record of ${this.#me.node} is unreadable`;
        this.#events.failed(new CoxswainError("STORE_FAILED", message, { cause }));
      });
      this.#beat();
    });
  }

  /** The store answers. Who was silent while we could not hear has a lease from now on. */
  async #heard(): Promise<void> {
    if (this.#deaf) this.#hearingSinceMs = this.#env.monotonicMs();
    this.#deaf = false;
    this.#sweep();
    await this.#releaseLate();
  }

  #silentMs({ seenMs }: Member): number {
    return this.#env.monotonicMs() - Math.max(seenMs, this.#hearingSinceMs);
  }

  async #renew(): Promise<void> {
    const askedMs = this.#env.monotonicMs();
    const renewed = await this.#bucket.update(`node.${this.#me.node}`, this.#record, this.#revision);
    if (this.#left) return;
    // Others were not heard by it either.
    if (this.#env.monotonicMs() - askedMs > this.#me.leaseMs / 3) this.#deaf = true;
    if (renewed.kind === "ok") {
      this.#revision = renewed.value;
      return this.#heard();
    }
    if (isLostRace(renewed)) return this.#rejoin();
    this.#deaf = true;
    this.#events.failed(renewed.error);
  }

  /** Our record was swept while we could not be heard, or an unknown renewal did happen. */
  async #rejoin(): Promise<void> {
    const key = `node.${this.#me.node}`;
    const found = await this.#bucket.get(key);
    if (found.kind !== "ok") return;
    const ours = found.value !== undefined && this.#isMine(found.value);
    if (ours && found.value) this.#revision = found.value.revision;
    const made = ours ? undefined : await this.#bucket.create(key, this.#record);
    if (made?.kind === "ok") this.#revision = made.value;
    else if (made?.kind === "rejected") this.#events.failed(made.error);
  }

  #sweep(): void {
    for (const member of [...this.#members.values()]) {
      const { node, incarnation, leaseMs } = member.record;
      if (incarnation === this.#me.incarnation || this.#silentMs(member) <= leaseMs) continue;
      this.#lose(member, "lost");
      void this.#bucket.delete(`node.${node}`, member.revision);
    }
  }
}
