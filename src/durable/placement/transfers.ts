import type { Hold, Holdings } from "./holdings.ts";
import type { ShardRecord, Stored, Versions } from "./records.ts";
import { type ShardsHost, warn } from "./shards-host.ts";
import type { Witness } from "./witness.ts";
import { writeRecord } from "./write-record.ts";

/** What failed about a shard is tried again after so long at first, and then after twice as long each time. */
const pauseMs = 100;
const pauseMaxMs = 1_000;

/** How a shard comes and goes: by compare-and-set of its record, each step of which may be tried again (O06). */
export class Transfers {
  readonly #host: ShardsHost;
  readonly #holdings: Holdings;
  readonly #witness: Witness;
  /** Shards whose agents have been asked to stop and have not said that they did. */
  readonly #stopping = new Set<string>();
  readonly #failures = new Map<string, { readonly count: number; readonly untilMs: number }>();

  constructor(host: ShardsHost, holdings: Holdings, witness: Witness) {
    this.#host = host;
    this.#holdings = holdings;
    this.#witness = witness;
  }

  /** Whether it may be tried again, if it has failed. */
  isDue(shard: string): boolean {
    return (this.#failures.get(shard)?.untilMs ?? 0) <= this.#host.env.monotonicMs();
  }

  /** What was dropped may be at it still. */
  isStopping(shard: string): boolean {
    return this.#stopping.has(shard);
  }

  /** The record says that we hold it. */
  isOurs({ incarnation, held }: ShardRecord): boolean {
    return held && incarnation === this.#host.announcement.own.incarnation;
  }

  /** @param mayTake asked again whenever something was awaited */
  async acquire(shard: string, mayTake: () => boolean): Promise<void> {
    const { announcement, directory } = this.#host;
    const { node, incarnation } = announcement.own;
    const term = this.#host.term();
    const found = directory.shardRecord(shard);
    const other = found?.record.held && !this.isOurs(found.record) ? found.record : undefined;
    if (other !== undefined && !(await this.#witness.confirms(other))) return void this.#failed(shard);
    if (!mayTake()) return;
    const { types } = directory.required(shard);
    // As high as the record's, or it would not be ours to hold.
    const versions = among(announcement.versions, types);
    // Also what is ours already is written anew: a release of it may be under way still.
    const record: ShardRecord = { node, incarnation, versions, held: true };
    const revision = await this.#write(shard, record, found?.revision);
    // What became ours and may not be any more is given back in another turn.
    if (revision === undefined || !mayTake() || this.#host.term() !== term) return;
    const hold: Hold = { shard, revision, record };
    this.#holdings.begin(hold, other?.node);
    try {
      await this.#host.acquired(shard);
      this.#failures.delete(shard);
    } catch (error) {
      this.#failed(shard);
      warn(this.#host, `Shard ${shard} could not be taken up`, error);
      if (!this.#holdings.has(hold)) return;
      this.#holdings.drop(hold);
      await this.giveBack(shard, hold);
    }
  }

  /**
   * Stops its agents; those that have not stopped in time are dropped (E13). Only then may it be given back.
   *
   * @returns how many there were; undefined where they were dropped
   */
  async stop(hold: Hold, withinMs: number): Promise<number | undefined> {
    const agents = await this.#stopped(hold.shard, withinMs);
    if (!this.#holdings.has(hold)) return undefined;
    if (agents !== undefined) this.#holdings.end(hold);
    else {
      warn(
        this.#host,
        `The agents of shard ${hold.shard} did not stop within ${withinMs} ms: they are dropped`,
      );
      this.#holdings.drop(hold);
    }
    return agents;
  }

  async giveBack(shard: string, { record, revision }: Stored<ShardRecord>): Promise<void> {
    await this.#write(shard, { ...record, held: false }, revision);
  }

  /** Reads its record from the leader: the watch may lag, and does not tell what a server forgot whose power was cut. */
  async look(shard: string): Promise<void> {
    const { directory } = this.#host;
    const [known, hold] = [directory.shardRecord(shard), this.#holdings.get(shard)];
    const found = await directory.parts.bucket.get(`shard.${shard}`);
    // Something else happened meanwhile.
    if (found.kind !== "ok" || directory.shardRecord(shard) !== known) return;
    if (hold !== this.#holdings.get(shard)) return;
    directory.correct(shard, found.value);
    const { record } = directory.shardRecord(shard) ?? {};
    if (hold !== undefined && found.value?.revision !== hold.revision)
      this.#holdings.drop(hold, record?.held ? record.node : undefined);
  }

  async #write(
    shard: string,
    record: ShardRecord,
    revision: number | undefined,
  ): Promise<number | undefined> {
    const { directory } = this.#host;
    const known = directory.shardRecord(shard);
    const written = await writeRecord(directory.parts.bucket, `shard.${shard}`, record, revision);
    if (written.kind === "written") {
      if (directory.shardRecord(shard) === known) directory.correct(shard, written.entry);
      else directory.saw(written.entry);
      return written.entry.revision;
    }
    const count = this.#failed(shard);
    if (written.kind === "lost") await this.look(shard);
    // Once, until it succeeds: where three servers choose a leader each shard is tried for seconds.
    else if (count === 1) warn(this.#host, `The record of shard ${shard} was not written`, written.error);
    return undefined;
  }

  #stopped(shard: string, withinMs: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const timer = this.#host.env.setTimer(withinMs, () => resolve(undefined));
      const releasing = async (): Promise<number> => this.#host.releasing(shard, withinMs);
      this.#stopping.add(shard);
      releasing()
        .then(resolve, (error: unknown) => {
          warn(this.#host, `The agents of shard ${shard} could not be stopped`, error);
          resolve(undefined);
        })
        .finally(() => {
          timer.cancel();
          this.#stopping.delete(shard);
        });
    });
  }

  /** @returns how often in a row */
  #failed(shard: string): number {
    const { env } = this.#host;
    const count = (this.#failures.get(shard)?.count ?? 0) + 1;
    const delayMs = Math.min(pauseMaxMs, pauseMs * 2 ** Math.min(count, 10)) * (0.5 + env.random() / 2);
    this.#failures.set(shard, { count, untilMs: env.monotonicMs() + delayMs });
    return count;
  }
}

function among(versions: Versions, types: readonly string[]): Versions {
  return Object.fromEntries(Object.entries(versions).filter(([type]) => types.includes(type)));
}
