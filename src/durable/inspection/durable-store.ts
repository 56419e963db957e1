import { type ActorAddress, rootOf } from "../../../protocols/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Bucket, Store, Stream } from "../../transport/transport.ts";
import {
  type ConfigRecord,
  type HostRecord,
  type ShardRecord,
  storedOf,
  type TypeRecord,
} from "../placement/records.ts";
import { shardName, shardNumber } from "../placement/shard-names.ts";
import { boxStream, hostsBucket, recordsBucket, streamOfBucket } from "../stores.ts";

/** Where the durable agents of a system are, as the store has it now. */
export interface Placement {
  /** Of each group. */
  readonly shardsPerGroup: number;
  readonly types: ReadonlyMap<string, TypeRecord>;
  readonly hosts: ReadonlyMap<string, HostRecord>;
  readonly shards: ReadonlyMap<string, ShardRecord>;
}

/** What a system's durable agents are kept in. It can be read while no node runs. */
export interface DurableStore {
  readonly system: string;
  readonly placement: Placement;
  readonly hosts: Bucket;
  readonly records: Bucket;
  /** The bucket of the records again, in the order in which they were written last. */
  readonly recordLog: Stream;
  readonly box: Stream;
}

/** Nodes that come first say how many messages may wait; this holds only where all inboxes were deleted. */
const waitingMaxDefault = 10_000;

/**
 * Opens what is there, and changes nothing. Undefined where the system never had a durable type.
 *
 * @throws STORE_FAILED
 */
export async function openDurableStore(store: Store, system: string): Promise<DurableStore | undefined> {
  const named = hostsBucket(system);
  // Every node makes it when it joins, so that it is there for any system there is.
  const hosts = valueOrThrow(await store.bucket(named.name, named.options));
  const placement = await placementIn(hosts);
  // It is written once the others are there.
  if (placement === undefined) return undefined;
  const [records, box] = [recordsBucket(system), boxStream(system, waitingMaxDefault)];
  const bucket = valueOrThrow(await store.bucket(records.name, records.options));
  const log = streamOfBucket(records.name);
  return {
    system,
    placement,
    hosts,
    records: bucket,
    recordLog: valueOrThrow(await store.stream(log.name, log.options)),
    box: valueOrThrow(await store.stream(box.name, box.options)),
  };
}

async function placementIn(bucket: Bucket): Promise<Placement | undefined> {
  const types = new Map<string, TypeRecord>();
  const hosts = new Map<string, HostRecord>();
  const shards = new Map<string, ShardRecord>();
  let config: ConfigRecord | undefined;
  for (const entry of valueOrThrow(await bucket.entries())) {
    const [kind = "", ...rest] = entry.key.split(".");
    const name = rest.join(".");
    if (kind === "config") config = storedOf<ConfigRecord>(entry)?.record;
    if (kind === "type") keep(types, name, storedOf<TypeRecord>(entry)?.record);
    if (kind === "host") keep(hosts, name, storedOf<HostRecord>(entry)?.record);
    if (kind === "shard") keep(shards, name, storedOf<ShardRecord>(entry)?.record);
  }
  return config && { shardsPerGroup: config.shards, types, hosts, shards };
}

function keep<R>(known: Map<string, R>, name: string, record: R | undefined): void {
  if (record !== undefined) known.set(name, record);
}

/** The shard of an agent; undefined where its type is not durable, or there is no key. */
export function shardIn({ types, shardsPerGroup }: Placement, address: ActorAddress): string | undefined {
  const type = rootOf(address);
  const known = types.get(type);
  if (known === undefined || type === address) return undefined;
  return shardName(known.group, shardNumber(address, shardsPerGroup));
}
