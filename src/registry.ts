import { CoxswainError, decodeValue, encodeValue, quote } from "../protocols/index.ts";
import {
  ClusterView,
  type Member,
  type NodeRecord,
  type RootRecord,
  type ViewEvents,
} from "./cluster-view.ts";
import type { Env, Timer } from "./env/env.ts";
import { isLostRace, valueOrThrow } from "./transport/outcomes.ts";
import type { Bucket, Entry, Outcome } from "./transport/transport.ts";

export type { NodeRecord } from "./cluster-view.ts";

export interface RegistryEvents extends Omit<ViewEvents, "rootSeen"> {
  /** Another node holds a root name that was ours: our lease was over. */
  rootLost(root: string, owner: string): void;
  failed(error: CoxswainError): void;
  /** Whether this very incarnation answers now; false says nothing. */
  answers(record: NodeRecord): Promise<boolean>;
  /** Makes again what the store holds for the system, where that is gone. */
  reopen(): Promise<Outcome<unknown>>;
}

/**
 * Who lives where: nodes with a lease, and the root names they hold, in one key-value bucket that
 * every node watches. A root name is claimed by create, and taken over by compare-and-set once its
 * node's record has not moved for a lease, judged on our own monotonic clock: no clock is compared
 * with another's. A server whose power was cut may have forgotten what it had acknowledged: whoever comes back to it enters
 * again what it holds.
 */
export class Registry {
  readonly #bucket: Bucket;
  readonly #env: Env;
  readonly #events: RegistryEvents;
  readonly #me: NodeRecord;
  readonly #view: ClusterView;
  readonly #mine = new Map<string, number>();
  readonly #claims = new Map<string, Promise<void>>();
  /** Root names that may be ours in the store though we do not hold them. */
  readonly #unreleased = new Set<string>();
  /** Root names that are ours, and that the store does not know as ours. */
  readonly #takingBack = new Set<string>();
  #revision = 0;
  #connections = 0;
  #timer: Timer | undefined;
  #left = false;
  #renewing: Promise<void> | undefined;

  constructor(bucket: Bucket, me: NodeRecord, env: Env, events: RegistryEvents) {
    this.#bucket = bucket;
    this.#me = me;
    this.#env = env;
    this.#events = events;
    this.#view = new ClusterView(bucket, me, env, {
      nodeUp: (record) => events.nodeUp(record),
      nodeDown: (record, reason, roots) => events.nodeDown(record, reason, roots),
      uncertain: (roots) => events.uncertain(roots),
      rootMoved: (root, from) => events.rootMoved(root, from),
      rootSeen: (root, owner, revision) => this.#rootSeen(root, owner, revision),
    });
  }

  /** We came back to the server. The next renewal tells the others. */
  reconnected(): void {
    this.#connections += 1;
    if (!this.#left) void this.#unlessUnreadable(this.#look());
  }

  get #record(): Uint8Array {
    return encodeValue({ ...this.#me, connections: this.#connections } satisfies NodeRecord);
  }

  get #rootRecord(): Uint8Array {
    return encodeValue({ node: this.#me.node, incarnation: this.#me.incarnation } satisfies RootRecord);
  }

  /** Enters the cluster. @throws ADDRESS_TAKEN where a live node has our name */
  async join(): Promise<void> {
    valueOrThrow(await this.#view.look());
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
    if (deleted.kind === "ok") return;
    // Another's by now, or ours from another time, which the store had lost or was given back.
    this.#unreleased.add(root);
    if (!isLostRace(deleted)) throw deleted.error;
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
    return this.#view.rootOwner(root)?.node;
  }

  /** Whether another node, which is seen alive, holds a root name. */
  isHeldElsewhere(root: string): boolean {
    return this.#view.isHeldElsewhere(root);
  }

  get nodes(): readonly NodeRecord[] {
    return this.#view.nodes;
  }

  /** Stops looking, and renews nothing. */
  close(): void {
    this.#left = true;
    this.#timer?.cancel();
    this.#view.close();
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
    const mine = this.#rootRecord;
    for (;;) {
      await this.#untilSure(root);
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
    throw closedMeanwhile();
  }

  /** Waits at most a lease for whoever held the name when the store forgot it. */
  async #untilSure(root: string): Promise<void> {
    while (this.#view.doubts(root)) {
      if (this.#left) throw closedMeanwhile();
      await this.#pause();
    }
  }

  /** Waits at most a lease for a node that may be dead. @throws ADDRESS_TAKEN once it is seen alive */
  async #untilGone(node: string, what: string, incarnation?: string): Promise<void> {
    for (;;) {
      const member = this.#view.member(node);
      if (member === undefined || (incarnation !== undefined && member.record.incarnation !== incarnation))
        return;
      if (member.renewed || (await this.#events.answers(member.record))) {
        throw new CoxswainError(
          "ADDRESS_TAKEN",
          `${what} is held by node ${node} (pid ${member.record.pid} on ${member.record.host})`,
          { details: { node } },
        );
      }
      if (this.#left) throw closedMeanwhile();
      // Where all nodes died at once nobody is there yet to sweep their records away.
      if (this.#view.silentMs(member) > member.record.leaseMs && (await this.#isUnmoved(member))) return;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#env.setTimer(this.#me.leaseMs / 10, resolve));
  }

  /** Whether the store, too, has the record as we have last seen it. */
  async #isUnmoved({ record, revision }: Member): Promise<boolean> {
    const found = await this.#bucket.get(`node.${record.node}`);
    return found.kind === "ok" && found.value?.revision === revision;
  }

  #rootSeen(root: string, { node, incarnation }: RootRecord, revision: number): void {
    const mine = this.#mine.get(root);
    if (incarnation === this.#me.incarnation) {
      if (mine === undefined && !this.#claims.has(root)) this.#unreleased.add(root);
      return;
    }
    if (mine === undefined) return;
    // From before we took it: the store has lost that we did.
    if (revision < mine) void this.#unlessUnreadable(this.#takeBack(root));
    else this.#lose(root, node);
  }

  #lose(root: string, owner: string): void {
    this.#mine.delete(root);
    this.#claims.delete(root);
    this.#events.rootLost(root, owner);
  }

  /** Sees what the store has, and enters again what it has lost of us. */
  async #look(): Promise<void> {
    const opened = await this.#events.reopen();
    const looked = opened.kind === "ok" ? await this.#view.look() : opened;
    if (this.#left) return this.#view.close();
    // The next beat looks again.
    if (looked.kind !== "ok") return this.#view.missed();
    await this.#rejoin();
    const { incarnation } = this.#me;
    const forgotten = [...this.#mine.keys()].filter(
      (root) => this.#view.rootOwner(root)?.incarnation !== incarnation || this.#view.isDoubtful(root),
    );
    await Promise.all(forgotten.map((root) => this.#takeBack(root)));
  }

  /**
   * Enters a name again that we hold and the store has forgotten. Where it has given it to another node, that one may be about to
   * give it back, as it did before; if it does not, it is the other's.
   */
  async #takeBack(root: string): Promise<void> {
    if (this.#takingBack.has(root)) return;
    this.#takingBack.add(root);
    const untilMs = this.#env.monotonicMs() + (this.#me.leaseMs * 2) / 3;
    while (!this.#left && this.#mine.has(root)) {
      const found = await this.#bucket.get(`root.${root}`);
      // Without an answer the next look, or the next connection's, tries again.
      if (found.kind !== "ok") break;
      const other = await this.#takenBack(root, found.value);
      if (other === undefined) break;
      if (other.node !== this.#me.node && this.#env.monotonicMs() > untilMs) {
        if (this.#mine.has(root)) this.#lose(root, other.node);
        break;
      }
      await this.#pause();
    }
    this.#takingBack.delete(root);
  }

  /** @returns who has it, if it is not ours yet */
  async #takenBack(root: string, found: Entry | undefined): Promise<RootRecord | undefined> {
    const key = `root.${root}`;
    const owner = found?.value === undefined ? undefined : (decodeValue(found.value) as RootRecord);
    if (found !== undefined && owner?.incarnation === this.#me.incarnation) {
      if (this.#mine.has(root)) this.#mine.set(root, found.revision);
      return undefined;
    }
    const living = owner && this.#view.member(owner.node)?.record.incarnation === owner.incarnation;
    if (living === true) return owner;
    const made =
      found === undefined
        ? await this.#bucket.create(key, this.#rootRecord)
        : await this.#bucket.update(key, this.#rootRecord, found.revision);
    if (made.kind !== "ok") return owner ?? this.#me;
    // Given back meanwhile.
    if (this.#mine.has(root)) this.#mine.set(root, made.value);
    else this.#unreleased.add(root);
    return undefined;
  }

  /** Renews our lease three times within it; each time the store has answered, looks whose has run out. */
  #beat(): void {
    if (this.#left) return;
    const { leaseMs } = this.#me;
    const setMs = this.#env.monotonicMs();
    this.#timer = this.#env.setTimer(leaseMs / 3, () => {
      // A process that slept has yet to read what came meanwhile.
      if (this.#env.monotonicMs() - setMs > leaseMs) this.#view.missed();
      this.#renewing = this.#unlessUnreadable(this.#renew());
      this.#beat();
    });
  }

  async #unlessUnreadable(doing: Promise<void>): Promise<void> {
    await doing.catch((cause: unknown) => {
      const message = `What the store has of ${this.#me.node} is unreadable`;
      this.#events.failed(new CoxswainError("STORE_FAILED", message, { cause }));
    });
  }

  async #heard(): Promise<void> {
    const { sight } = this.#view;
    if (sight === "blind") return this.#look();
    if (sight === "looking") return this.#view.missed();
    this.#view.heard();
    for (const { record, revision } of this.#view.sweep())
      void this.#bucket.delete(`node.${record.node}`, revision);
    await this.#releaseLate();
  }

  async #renew(): Promise<void> {
    const askedMs = this.#env.monotonicMs();
    const renewed = await this.#bucket.update(`node.${this.#me.node}`, this.#record, this.#revision);
    if (this.#left) return;
    // Others were not heard by it either.
    if (this.#env.monotonicMs() - askedMs > this.#me.leaseMs / 3) this.#view.missed();
    if (renewed.kind === "ok") {
      this.#revision = renewed.value;
      return this.#heard();
    }
    if (isLostRace(renewed)) return this.#rejoin();
    this.#view.missed();
    this.#events.failed(renewed.error);
    // It may be gone altogether.
    if (renewed.kind === "rejected" && renewed.error.code === "STORE_FAILED") await this.#look();
  }

  /** Our record was swept while we could not be heard, or the store has lost it, or an unknown renewal did happen. */
  async #rejoin(): Promise<void> {
    const key = `node.${this.#me.node}`;
    const read = await this.#bucket.get(key);
    if (read.kind !== "ok") return;
    const found = read.value;
    if (found !== undefined && this.#isMine(found)) {
      this.#revision = found.revision;
      return;
    }
    // One from before ours: the store has lost ours.
    const isOlder = found !== undefined && found.revision < this.#revision;
    const made = isOlder
      ? await this.#bucket.update(key, this.#record, found.revision)
      : await this.#bucket.create(key, this.#record);
    if (made.kind === "ok") this.#revision = made.value;
    else if (made.kind === "rejected") this.#events.failed(made.error);
  }
}

function closedMeanwhile(): CoxswainError {
  return new CoxswainError("SYSTEM_CLOSED", "The system was closed meanwhile");
}
