import type { Timer } from "../../env/env.ts";
import { findings } from "./findings.ts";
import { Holdings } from "./holdings.ts";
import { type Host, ownerOf } from "./owner-of.ts";
import type { ShardRecord, Stored } from "./records.ts";
import { type ShardsHost, warn } from "./shards-host.ts";
import { Transfers } from "./transfers.ts";
import { Witness } from "./witness.ts";

export interface ShardsOptions {
  readonly leaseMs: number;
  /** How long agents may take to stop when their shard goes to another node. Default 5,000. */
  readonly releaseMs?: number | undefined;
}

/** What became of a shard that was drained. */
export interface Drained {
  readonly shard: string;
  /** Agents that were stopped in order; undefined where they were dropped. */
  readonly agents: number | undefined;
  readonly ms: number;
  /** Others may take it at once. Else they may when this node has left the cluster. */
  readonly released: boolean;
}

const releaseMsDefault = 5_000;
/** Shards that are taken up at a time. */
const acquisitionsMax = 8;
const drainPauseMs = 100;

/**
 * Keeps the shards that are this node's to hold, takes those that are free, gives up in order those that are another's.
 *
 * A shard goes from one node to the next only by way of its record: its holder released it, or is gone, as the registry
 * judges and the store's leader confirms; while it lives nobody takes it (E13, O04). Holding is no fence: what keeps two
 * from writing is each agent's own record (R1, R8).
 *
 * For a third of a lease after the start nothing is taken but what others release meanwhile: nodes that start together
 * shall have seen each other before they share out.
 */
export class Shards {
  readonly #host: ShardsHost;
  readonly #leaseMs: number;
  readonly #releaseMs: number;
  readonly #holdings: Holdings;
  readonly #witness: Witness;
  readonly #transfers: Transfers;
  /** One thing at a time is done about a shard. */
  readonly #busy = new Map<string, Promise<void>>();
  #acquiring = 0;
  #settled = false;
  /** What is newer was written while we were there. */
  #startRevision = 0;
  #looking = false;
  #looked = 0;
  #settling: Timer | undefined;
  #ticking: Timer | undefined;
  #unlisten: () => void = () => {};
  #due = false;
  #told: readonly string[] = [];
  #draining: Promise<readonly Drained[]> | undefined;
  #leaving = false;
  #closed = false;

  constructor(host: ShardsHost, { leaseMs, releaseMs = releaseMsDefault }: ShardsOptions) {
    this.#host = host;
    this.#leaseMs = leaseMs;
    this.#releaseMs = releaseMs;
    this.#holdings = new Holdings(host);
    this.#witness = new Witness(host.directory, leaseMs);
    this.#transfers = new Transfers(host, this.#holdings, this.#witness);
  }

  start(): void {
    const { env, directory } = this.#host;
    this.#startRevision = directory.revision;
    this.#unlisten = directory.onChange((shard) => {
      if (shard !== undefined) this.#changed(shard);
      this.#reconcileSoon();
    });
    this.#settling = env.setTimer(this.#leaseMs / 3, () => {
      this.#settled = true;
      this.#reconcile();
    });
    this.#tick();
    this.#reconcileSoon();
  }

  /** Ours, and our lease is fresh. To be asked at dispatch: where that is not so any more it drops everything itself (E14). */
  holds(shard: string): boolean {
    return this.#holdings.isFresh() && this.#holdings.get(shard) !== undefined;
  }

  get held(): readonly string[] {
    return this.#holdings.shards;
  }

  /**
   * Gives up all shards at once, in order, and takes no more. Resolves within that time, and a third of a lease for what is
   * written then.
   */
  drain(withinMs: number): Promise<readonly Drained[]> {
    this.#leaving = true;
    this.#draining ??= this.#drain(withinMs);
    return this.#draining;
  }

  /** Drops everything, and writes nothing. To be called before the node leaves the cluster: then what it held is free. */
  close(): void {
    this.#closed = true;
    this.#settling?.cancel();
    this.#ticking?.cancel();
    this.#unlisten();
    this.#holdings.dropAll();
  }

  #tick(): void {
    this.#ticking = this.#host.env.setTimer(this.#leaseMs / 10, () => {
      this.#reconcile();
      if (!this.#looking) void this.#lookAfter();
      this.#tick();
    });
  }

  /** What a change alone would not bring about. */
  async #lookAfter(): Promise<void> {
    if (!this.#host.mayHold()) return;
    this.#looking = true;
    try {
      await this.#host.announcement.keep();
      const { shards } = this.#host.directory;
      const shard = shards[this.#looked++ % shards.length];
      if (shard !== undefined && !this.#busy.has(shard)) await this.#transfers.look(shard);
      await this.#witness.sweep();
    } catch (error) {
      warn(this.#host, "The hosts cannot be looked after", error);
    }
    this.#looking = false;
  }

  /** A shard's record may be another's now. */
  #changed(shard: string): void {
    const [hold, found] = [this.#holdings.get(shard), this.#host.directory.shardRecord(shard)];
    if (hold === undefined || found === undefined || found.revision <= hold.revision) return;
    this.#holdings.drop(hold, found.record.held ? found.record.node : undefined);
  }

  #reconcileSoon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#host.env.soon(() => {
      this.#due = false;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    if (this.#closed || !this.#holdings.isFresh()) return;
    const { hosts, shards } = this.#host.directory;
    this.#witness.observe();
    for (const shard of shards) if (!this.#busy.has(shard)) this.#turnTo(shard, hosts);
    // Who leaves knows that it does: of the last one nobody needs to hear that nobody is left.
    if (this.#settled && !this.#leaving) this.#tell(hosts);
  }

  #turnTo(shard: string, hosts: readonly Host[]): void {
    const { directory, announcement } = this.#host;
    const owner = this.#leaving ? undefined : ownerOf(shard, hosts, directory.required(shard));
    const wanted = owner?.incarnation === announcement.own.incarnation;
    const hold = this.#holdings.get(shard);
    if (hold !== undefined) {
      // Where nobody else can hold it, it stays.
      if (owner !== undefined && !wanted) this.#begin(shard, () => this.#handOver(shard));
      return;
    }
    if (!this.#transfers.isDue(shard)) return;
    const left = this.#leftOver(shard);
    const possible = this.#acquiring < acquisitionsMax && !this.#transfers.isStopping(shard);
    if (wanted && possible && (left !== undefined || this.#isFree(shard))) {
      this.#acquiring += 1;
      const mayTake = (): boolean => !this.#closed && !this.#leaving && this.#holdings.isFresh();
      this.#begin(shard, () => this.#transfers.acquire(shard, mayTake).finally(() => this.#acquiring--));
    }
    if (!wanted && left !== undefined) this.#begin(shard, () => this.#transfers.giveBack(shard, left));
  }

  /** Ours in the store and not held: a write of unknown outcome, or from before our lease was doubtful. */
  #leftOver(shard: string): Stored<ShardRecord> | undefined {
    const found = this.#host.directory.shardRecord(shard);
    return found !== undefined && this.#transfers.isOurs(found.record) ? found : undefined;
  }

  #isFree(shard: string): boolean {
    const found = this.#host.directory.shardRecord(shard);
    if (found !== undefined && !found.record.held && found.revision > this.#startRevision) return true;
    if (!this.#settled) return false;
    return found === undefined || !found.record.held || this.#witness.misses(found.record);
  }

  async #handOver(shard: string): Promise<void> {
    const hold = this.#holdings.get(shard);
    if (hold === undefined) return;
    await this.#transfers.stop(hold, this.#releaseMs);
    await this.#transfers.giveBack(shard, hold);
  }

  #begin(shard: string, work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => warn(this.#host, `Shard ${shard} could not be looked after`, error))
      .finally(() => {
        this.#busy.delete(shard);
        this.#reconcileSoon();
      });
    this.#busy.set(shard, done);
  }

  async #drain(withinMs: number): Promise<readonly Drained[]> {
    const { env, announcement } = this.#host;
    const untilMs = env.monotonicMs() + withinMs;
    const lastMs = untilMs + this.#leaseMs / 3;
    const leaving = announcement
      .leave()
      .catch((error: unknown) => warn(this.#host, "That this node leaves was not announced", error));
    const shards = new Set([...this.held, ...this.#busy.keys()]);
    const drained = await Promise.all([...shards].map((shard) => this.#drainOne(shard, untilMs, lastMs)));
    await this.#within(leaving, lastMs);
    await this.#within(announcement.withdraw(), lastMs);
    return drained;
  }

  async #drainOne(shard: string, untilMs: number, lastMs: number): Promise<Drained> {
    const { env } = this.#host;
    const sinceMs = env.monotonicMs();
    // It may be about to be taken up, or to go to another node already.
    await this.#within(this.#busy.get(shard), untilMs);
    const hold = this.#holdings.get(shard);
    let agents: number | undefined;
    if (hold !== undefined && this.#busy.has(shard)) this.#holdings.drop(hold);
    else if (hold !== undefined)
      agents = await this.#transfers.stop(hold, Math.max(0, untilMs - env.monotonicMs()));
    for (let left = this.#leftOver(shard); left !== undefined && env.monotonicMs() < lastMs; ) {
      await this.#within(this.#transfers.giveBack(shard, left), lastMs);
      left = this.#leftOver(shard);
      if (left !== undefined) await this.#within(this.#pause(), lastMs);
    }
    const released = this.#leftOver(shard) === undefined;
    return { shard, agents, ms: env.monotonicMs() - sinceMs, released };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#host.env.setTimer(drainPauseMs, resolve));
  }

  /** Waits for it, at most until then. */
  #within(work: Promise<unknown> | undefined, untilMs: number): Promise<void> {
    const { env } = this.#host;
    if (work === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = env.setTimer(Math.max(0, untilMs - env.monotonicMs()), resolve);
      void work
        .catch(() => {})
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }

  /** Each finding once, as long as it stands. */
  #tell(hosts: readonly Host[]): void {
    const { directory, announcement } = this.#host;
    const found = findings(directory, hosts, announcement.own.node);
    for (const text of found) if (!this.#told.includes(text)) warn(this.#host, text);
    this.#told = found;
  }
}
