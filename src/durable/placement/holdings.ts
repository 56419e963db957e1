import type { ShardRecord } from "./records.ts";
import { type ShardsHost, warn } from "./shards-host.ts";

/** A shard that is held here, and the write of its record that says so. */
export interface Hold {
  readonly shard: string;
  readonly revision: number;
  readonly record: ShardRecord;
}

/** What is held here, as long as our lease is fresh. */
export class Holdings {
  readonly #host: ShardsHost;
  readonly #holds = new Map<string, Hold>();
  #term: number;

  constructor(host: ShardsHost) {
    this.#host = host;
    this.#term = host.term();
  }

  get(shard: string): Hold | undefined {
    return this.#holds.get(shard);
  }

  get shards(): readonly string[] {
    return [...this.#holds.keys()];
  }

  /** Whether it has not been lost, or ended, meanwhile. */
  has(hold: Hold): boolean {
    return this.#holds.get(hold.shard) === hold;
  }

  /** @param from who held it before and is gone */
  begin(hold: Hold, from: string | undefined): void {
    this.#holds.set(hold.shard, hold);
    this.#host.changed?.(hold.shard, from, hold.record.node);
  }

  /** In order: its agents have stopped. */
  end(hold: Hold): void {
    if (this.has(hold)) this.#forget(hold, undefined);
  }

  /** At once. */
  drop(hold: Hold, to?: string): void {
    if (!this.has(hold)) return;
    // It is not held while the host hears of it.
    this.#forget(hold, to);
    try {
      this.#host.lost(hold.shard);
    } catch (error) {
      warn(this.#host, `Shard ${hold.shard} could not be dropped`, error);
    }
  }

  dropAll(): void {
    for (const hold of [...this.#holds.values()]) this.drop(hold);
  }

  /** Whether our lease is fresh. What was held when it was not is dropped before others may take it (E14). */
  isFresh(): boolean {
    const [fresh, term] = [this.#host.mayHold(), this.#host.term()];
    if (fresh && term === this.#term) return true;
    this.#term = term;
    if (this.#holds.size > 0)
      warn(this.#host, `The lease is doubtful: ${this.#holds.size} shards are dropped`);
    this.dropAll();
    return fresh;
  }

  #forget({ shard, record }: Hold, to: string | undefined): void {
    this.#holds.delete(shard);
    this.#host.changed?.(shard, record.node, to);
  }
}
