import type { Directory } from "./directory.ts";
import type { ShardRecord } from "./records.ts";

/** Hosts that are gone are forgotten after so many leases. */
const forgottenAfterLeases = 10;

interface Sighting {
  /** It was alive when we looked before. */
  readonly seen: boolean;
  /** On our own monotonic clock; undefined while it is alive. */
  readonly missingSinceMs: number | undefined;
}

/**
 * Whether the holder of a shard is gone. It is never taken for that because we have not heard of it yet, nor because the
 * registry's bucket forgot it for a moment: it was a member and is none, or has been none for a lease's time while we
 * looked; and the store's leader says so, too (E13, O04).
 */
export class Witness {
  readonly #directory: Directory;
  readonly #leaseMs: number;
  #sightings = new Map<string, Sighting>();

  constructor(directory: Directory, leaseMs: number) {
    this.#directory = directory;
    this.#leaseMs = leaseMs;
  }

  /** Looks who is there now. To be called whenever something has changed, and now and then. */
  observe(): void {
    const living = new Set(this.#members().map(({ incarnation }) => incarnation));
    const nowMs = this.#nowMs();
    const sightings = new Map<string, Sighting>();
    const note = (incarnation: string): void => {
      const before = this.#sightings.get(incarnation);
      const alive = living.has(incarnation);
      const missingSinceMs = alive ? undefined : (before?.missingSinceMs ?? nowMs);
      sightings.set(incarnation, { seen: alive || before?.seen === true, missingSinceMs });
    };
    for (const host of this.#directory.hosts) note(host.incarnation);
    for (const shard of this.#directory.shards) {
      const record = this.#directory.shardRecord(shard)?.record;
      if (record?.held) note(record.incarnation);
    }
    this.#sightings = sightings;
  }

  /** As far as is known here, the holder is gone. */
  misses({ node, incarnation }: ShardRecord): boolean {
    const namesake = this.#members().find((member) => member.node === node);
    if (namesake !== undefined) return namesake.incarnation !== incarnation;
    const { seen, missingSinceMs } = this.#sightings.get(incarnation) ?? {};
    if (missingSinceMs === undefined) return false;
    return seen === true || this.#nowMs() - missingSinceMs >= this.#leaseMs;
  }

  /** The store's leader says so, too. */
  async confirms({ node, incarnation }: ShardRecord): Promise<boolean> {
    return (await this.#directory.parts.members?.isGone(node, incarnation)) ?? false;
  }

  /** Takes away what hosts announced that have been gone for long. */
  async sweep(): Promise<void> {
    const { bucket, members } = this.#directory.parts;
    for (const { node, incarnation } of this.#directory.hosts) {
      const { missingSinceMs } = this.#sightings.get(incarnation) ?? {};
      if (missingSinceMs === undefined) continue;
      if (this.#nowMs() - missingSinceMs < forgottenAfterLeases * this.#leaseMs) continue;
      const stored = this.#directory.hostRecord(node);
      if (stored?.record.incarnation === incarnation && (await members?.isGone(node, incarnation)))
        await bucket.delete(`host.${node}`, stored.revision);
    }
  }

  #members() {
    return this.#directory.parts.members?.nodes ?? [];
  }

  #nowMs(): number {
    return this.#directory.parts.env.monotonicMs();
  }
}
