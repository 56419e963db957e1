import { CoxswainError, decodeValue, encodeValue } from "../protocols/index.ts";
import type { ClusterView, NodeRecord, RootRecord } from "./cluster-view.ts";
import type { Env } from "./env/env.ts";
import { isLostRace, valueOrThrow } from "./transport/outcomes.ts";
import type { Bucket, Entry } from "./transport/transport.ts";

interface NamesHost {
  readonly bucket: Bucket;
  readonly view: ClusterView;
  readonly env: Env;
  readonly me: NodeRecord;
  readonly closed: boolean;
  /** Waits at most a lease for a node that may be dead. @throws ADDRESS_TAKEN once it is seen alive */
  untilGone(owner: RootRecord, root: string): Promise<void>;
  /** Another node holds a root name that was ours. */
  lost(root: string, owner: string): void;
}

/** The root names that this node holds, or may hold, in the store. */
export class RootNames {
  readonly #host: NamesHost;
  readonly #mine = new Map<string, number>();
  readonly #claims = new Map<string, Promise<void>>();
  /** Names that may be ours in the store though we do not hold them. */
  readonly #unreleased = new Set<string>();
  /** Names that we hold, and that the store does not know as ours. */
  readonly #forgotten = new Set<string>();

  constructor(host: NamesHost) {
    this.#host = host;
  }

  /** Takes a name for this node; at once if it is ours. @throws ADDRESS_TAKEN */
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
    const deleted = await this.#host.bucket.delete(`root.${root}`, revision);
    if (deleted.kind === "ok") return;
    // Another's by now; or ours of another revision, in a store that has lost the one we knew.
    this.#unreleased.add(root);
    if (!isLostRace(deleted)) throw deleted.error;
  }

  async releaseAll(): Promise<void> {
    await Promise.allSettled([...this.#mine.keys()].map((root) => this.release(root)));
  }

  /** A name that we did not give back, or took without hearing of it, would be taken as long as we live. */
  async releaseLate(): Promise<void> {
    for (const root of this.#unreleased) await this.#giveBack(root, () => !this.#claims.has(root));
  }

  async #giveBack(root: string, isUnwanted: () => boolean): Promise<void> {
    const { bucket, me } = this.#host;
    const found = await bucket.get(`root.${root}`);
    if (found.kind !== "ok" || !isUnwanted()) return;
    const ours = ownerIn(found.value)?.incarnation === me.incarnation ? found.value : undefined;
    const deleted = ours && (await bucket.delete(`root.${root}`, ours.revision));
    if (deleted === undefined || deleted.kind === "ok" || isLostRace(deleted)) this.#unreleased.delete(root);
  }

  /** The store says who holds a name. */
  seen(root: string, { node, incarnation }: RootRecord, revision: number): void {
    const mine = this.#mine.get(root);
    if (incarnation === this.#host.me.incarnation) {
      if (mine === undefined) this.#unreleased.add(root);
      return;
    }
    // One from before we took it: the store has lost that, and `enterAgain` sees to it.
    if (mine !== undefined && revision > mine) this.#lose(root, node);
  }

  /** Enters again what we hold and the store has lost. */
  async enterAgain(): Promise<void> {
    const { view, me } = this.#host;
    const lost = [...this.#mine.keys()].filter(
      (root) => view.rootOwner(root)?.incarnation !== me.incarnation || view.isDoubtful(root),
    );
    await Promise.all(lost.map((root) => this.#enterOnceAgain(root)));
  }

  #lose(root: string, owner: string): void {
    this.#mine.delete(root);
    this.#claims.delete(root);
    this.#host.lost(root, owner);
  }

  async #claim(root: string): Promise<void> {
    const { bucket, me } = this.#host;
    const key = `root.${root}`;
    for (;;) {
      await this.#untilSettled(root);
      const made = await bucket.create(key, this.#record);
      if (made.kind === "ok") return this.#take(root, made.value);
      const held = valueOrThrow(await bucket.get(key));
      // Given back in between; else the store does not take it, and would not the next time.
      if (held === undefined && isLostRace(made)) continue;
      if (held === undefined) throw made.error;
      const owner = ownerIn(held) as RootRecord;
      // Our own is written anew, too: a release of it may be under way still.
      if (owner.incarnation !== me.incarnation) await this.#host.untilGone(owner, root);
      const taken = await bucket.update(key, this.#record, held.revision);
      if (taken.kind === "ok") return this.#take(root, taken.value);
      if (taken.kind === "rejected" && !isLostRace(taken)) throw taken.error;
    }
  }

  /** Whoever held the name when the store forgot that has a lease to enter it again. */
  async #untilSettled(root: string): Promise<void> {
    const { view, env, me } = this.#host;
    const untilMs = env.monotonicMs() + 2 * me.leaseMs;
    while (!view.isSettled(root) && env.monotonicMs() < untilMs) {
      // Of our own that it was given again, it waits for us.
      if (this.#unreleased.has(root)) await this.#giveBack(root, () => true);
      await this.#pause();
    }
  }

  #take(root: string, revision: number): void {
    this.#unreleased.delete(root);
    this.#mine.set(root, revision);
    if (!this.#host.closed) return;
    void this.release(root).catch(() => {});
    throw closedMeanwhile();
  }

  /**
   * Where another node has the name, it may be about to give it back, as it did before; if it does not within most of a lease, it
   * is the other's.
   */
  async #enterOnceAgain(root: string): Promise<void> {
    if (this.#forgotten.has(root)) return;
    this.#forgotten.add(root);
    const { env, me } = this.#host;
    let otherSinceMs: number | undefined;
    try {
      while (this.#mine.has(root)) {
        const other = await this.#tryEnter(root);
        if (other === "none") return;
        if (other !== "unknown") otherSinceMs ??= env.monotonicMs();
        const isTheirs =
          otherSinceMs !== undefined && env.monotonicMs() - otherSinceMs > (me.leaseMs * 2) / 3;
        if (other !== "unknown" && isTheirs && this.#mine.has(root)) return this.#lose(root, other.node);
        await this.#pause();
      }
    } catch (error) {
      // Of a system that was closed nothing is entered.
      if (!this.#host.closed) throw error;
    } finally {
      this.#forgotten.delete(root);
    }
  }

  /** @returns who has it if it is not ours now; `unknown` where the store gave no clear answer */
  async #tryEnter(root: string): Promise<RootRecord | "none" | "unknown"> {
    const { bucket, view, me } = this.#host;
    const key = `root.${root}`;
    const found = await bucket.get(key);
    if (found.kind !== "ok") return "unknown";
    const owner = ownerIn(found.value);
    if (found.value !== undefined && owner?.incarnation === me.incarnation) {
      if (this.#mine.has(root)) this.#mine.set(root, found.value.revision);
      return "none";
    }
    if (owner !== undefined && view.member(owner.node)?.record.incarnation === owner.incarnation)
      return owner;
    const made =
      found.value === undefined
        ? await bucket.create(key, this.#record)
        : await bucket.update(key, this.#record, found.value.revision);
    if (made.kind !== "ok") return "unknown";
    // Given back meanwhile.
    if (this.#mine.has(root)) this.#mine.set(root, made.value);
    else this.#unreleased.add(root);
    return "none";
  }

  get #record(): Uint8Array {
    const { node, incarnation } = this.#host.me;
    return encodeValue({ node, incarnation } satisfies RootRecord);
  }

  /** @throws SYSTEM_CLOSED */
  async #pause(): Promise<void> {
    const { env, me } = this.#host;
    if (!this.#host.closed) await new Promise<void>((resolve) => env.setTimer(me.leaseMs / 10, resolve));
    if (this.#host.closed) throw closedMeanwhile();
  }
}

function ownerIn(entry: Entry | undefined): RootRecord | undefined {
  return entry?.value === undefined ? undefined : (decodeValue(entry.value) as RootRecord);
}

export function closedMeanwhile(): CoxswainError {
  return new CoxswainError("SYSTEM_CLOSED", "The system was closed meanwhile");
}
