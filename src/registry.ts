import { CoxswainError, decodeValue, encodeValue, quote } from "../protocols/index.ts";
import { ClusterView, type Member, type NodeRecord, type ViewEvents } from "./cluster-view.ts";
import type { Env, Timer } from "./env/env.ts";
import { closedMeanwhile, RootNames } from "./root-names.ts";
import { Roster } from "./roster.ts";
import { isLostRace, valueOrThrow } from "./transport/outcomes.ts";
import type { Bucket, Entry, Outcome } from "./transport/transport.ts";

export type { NodeRecord } from "./cluster-view.ts";

export interface RegistryEvents extends Omit<ViewEvents, "rootSeen" | "roleSeen" | "looked"> {
  /** Another node holds a root name that was ours: our lease was over. */
  rootLost(root: string, owner: string): void;
  failed(error: CoxswainError): void;
  /** Whether this very incarnation answers now; false says nothing. */
  answers(record: NodeRecord): Promise<boolean>;
  /** Makes again what the store holds for the system, where that is gone. */
  reopen(): Promise<Outcome<unknown>>;
}

/**
 * Who lives where: nodes with a lease, the root names they hold, and the roles of their actors, in one key-value bucket that
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
  readonly #names: RootNames;
  /** The roles of actors, under the leases of their nodes. */
  readonly roster: Roster;
  #revision = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #term = 0;
  #connections = 0;
  #timer: Timer | undefined;
  #left = false;
  /** Of the last renewal nothing was heard yet. */
  #unanswered = false;
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
      rootSeen: (root, owner, revision) => this.#names.seen(root, owner, revision),
      roleSeen: (entry, present) => this.roster.seen(entry, present),
      looked: (keys) => this.roster.looked(keys),
    });
    const isLeft = (): boolean => this.#left;
    this.#names = new RootNames({
      bucket,
      view: this.#view,
      env,
      me,
      get closed() {
        return isLeft();
      },
      untilGone: ({ node, incarnation }, root) => this.#untilGone(node, `Name ${quote(root)}`, incarnation),
      lost: (root, owner) => events.rootLost(root, owner),
    });
    this.roster = new Roster({
      bucket,
      view: this.#view,
      env,
      me,
      get closed() {
        return isLeft();
      },
    });
  }

  /** We came back to the server. A renewal tells the others. */
  reconnected(): void {
    this.#connections += 1;
    this.#view.close();
    if (!this.#left) void this.#unlessUnreadable(this.#look());
  }

  get #record(): Uint8Array {
    return encodeValue({ ...this.#me, connections: this.#connections } satisfies NodeRecord);
  }

  /** Enters the cluster. @throws ADDRESS_TAKEN where a live node has our name */
  async join(): Promise<void> {
    valueOrThrow(await this.#view.look());
    const key = `node.${this.#me.node}`;
    for (;;) {
      this.#sentAtMs = this.#env.monotonicMs();
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
    return this.#names.claim(root);
  }

  holds(root: string): boolean {
    return this.#names.holds(root);
  }

  release(root: string): Promise<void> {
    return this.#names.release(root);
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

  /**
   * Our own lease, by when the last write of our record was sent that succeeded. `term` rises whenever the record is entered anew:
   * others may have taken us for gone in between.
   */
  get tenure(): { readonly leaseMs: number; readonly sentAtMs: number; readonly term: number } {
    return { leaseMs: this.#me.leaseMs, sentAtMs: this.#sentAtMs, term: this.#term };
  }

  /** Whether the store's leader knows this incarnation of a node no more; false where it does not answer. */
  async isGone(node: string, incarnation: string): Promise<boolean> {
    const found = await this.#bucket.get(`node.${node}`);
    if (found.kind !== "ok") return false;
    const record = found.value?.value && (decodeValue(found.value.value) as NodeRecord);
    return record?.incarnation !== incarnation;
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
    await this.#names.releaseAll();
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
      if (this.#view.isSilent(member) && (await this.#isUnmoved(member))) return;
      await new Promise<void>((resolve) => this.#env.setTimer(this.#me.leaseMs / 10, resolve));
    }
  }

  /** Whether the store, too, has the record as we have last seen it. */
  async #isUnmoved({ record, revision }: Member): Promise<boolean> {
    const found = await this.#bucket.get(`node.${record.node}`);
    return found.kind === "ok" && found.value?.revision === revision;
  }

  /** Sees what the store has, and enters again what it has lost of us. */
  async #look(): Promise<void> {
    // Others wait for a sign of us: all at once, and once more what did not succeed since the bucket was gone.
    const [writing, opening] = [this.#write(), this.#events.reopen()];
    // What is unreadable is told below, or by the next beat.
    writing.catch(() => {});
    let looked = await this.#view.look();
    if (looked.kind !== "ok" && (await opening).kind === "ok") looked = await this.#view.look();
    if (this.#left) return this.#view.close();
    // The next beat looks again.
    if (looked.kind !== "ok") return this.#view.missed();
    const again = async () => (await writing).kind === "ok" || this.#write();
    await Promise.all([this.#names.enterAgain(), again()]);
    await this.roster.settle();
  }

  /** Renews our lease three times within it; each time the store has answered, looks whose has run out. */
  #beat(): void {
    if (this.#left) return;
    const { leaseMs } = this.#me;
    const setMs = this.#env.monotonicMs();
    this.#timer = this.#env.setTimer(leaseMs / 3, () => {
      // A process that slept has yet to read what came meanwhile; a store that does not answer us may not answer others.
      if (this.#unanswered || this.#env.monotonicMs() - setMs > leaseMs) this.#view.missed();
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
    await this.#names.releaseLate();
    await this.roster.settle();
  }

  async #renew(): Promise<void> {
    const askedMs = this.#env.monotonicMs();
    this.#unanswered = true;
    const written = await this.#write();
    this.#unanswered = false;
    if (this.#left) return;
    // Others were not heard by it either.
    if (this.#env.monotonicMs() - askedMs > this.#me.leaseMs / 3) this.#view.missed();
    if (written.kind === "ok") return this.#heard();
    if (isLostRace(written)) return;
    this.#view.missed();
    this.#events.failed(written.error);
    // It may be gone altogether.
    if (written.kind === "rejected" && written.error.code === "STORE_FAILED") await this.#look();
  }

  /** Writes our record anew; where it is not as we know it, sees to that. */
  async #write(): Promise<Outcome<number>> {
    const sentAtMs = this.#env.monotonicMs();
    const written = await this.#bucket.update(`node.${this.#me.node}`, this.#record, this.#revision);
    if (this.#left) return written;
    if (written.kind === "ok") {
      this.#revision = written.value;
      this.#sentAtMs = Math.max(this.#sentAtMs, sentAtMs);
    }
    if (isLostRace(written)) await this.#rejoin();
    return written;
  }

  /** Our record was swept while we could not be heard, or the store has lost it, or an unknown renewal did happen. */
  async #rejoin(): Promise<void> {
    const key = `node.${this.#me.node}`;
    const read = await this.#bucket.get(key);
    if (read.kind !== "ok" || this.#left) return;
    const found = read.value;
    if (found !== undefined && this.#isMine(found)) {
      this.#revision = found.revision;
      return;
    }
    this.#term += 1;
    const sentAtMs = this.#env.monotonicMs();
    // One from before ours: the store has lost ours.
    const isOlder = found !== undefined && found.revision < this.#revision;
    const made = isOlder
      ? await this.#bucket.update(key, this.#record, found.revision)
      : await this.#bucket.create(key, this.#record);
    if (made.kind === "rejected") this.#events.failed(made.error);
    if (made.kind !== "ok") return;
    this.#revision = made.value;
    this.#sentAtMs = sentAtMs;
  }
}
