import { durability } from "../../../machines/index.ts";
import { type ActorAddress, boxSubject, decodeBoxEntry, parseBox, rootOf } from "../../../protocols/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { StreamEntry } from "../../transport/transport.ts";
import { type DurableStore, shardIn } from "./durable-store.ts";
import type { AgentInspection, WaitingEntry } from "./inspection.ts";
import { messageIn, readRecord } from "./read-record.ts";

export interface InspectOptions {
  /** Entries of the inbox that are looked at; default 100. */
  readonly waitingMax?: number;
}

/**
 * All that the store knows of a durable agent: nobody is asked, and nothing is changed. Undefined where there is neither a
 * record of it nor a message for it, or its type is not durable. The record and the inbox are read one after the other.
 *
 * @throws FRAME_MALFORMED for a record that is none of ours, STORE_FAILED
 */
export async function inspectAgent(
  store: DurableStore,
  address: ActorAddress,
  { waitingMax = 100 }: InspectOptions = {},
): Promise<AgentInspection | undefined> {
  const { system, placement } = store;
  const shard = shardIn(placement, address);
  if (shard === undefined) return undefined;
  const entry = valueOrThrow(await store.records.get(`${shard}.${address}`));
  const subject = boxSubject(system, shard, "*", address);
  const found = valueOrThrow(await store.box.read({ subject, limit: waitingMax + 1 }));
  if (entry === undefined && found.length === 0) return undefined;
  const read = entry?.value && readRecord(address, { value: entry.value, revision: entry.revision });
  const type = rootOf(address);
  const holder = placement.shards.get(shard);
  return {
    address,
    type,
    protocol: placement.types.get(type)?.protocol ?? "",
    shard,
    holder: holder?.held ? { node: holder.node, incarnation: holder.incarnation } : undefined,
    record: read?.inspected,
    waiting: {
      entries: waitingIn(system, found.slice(0, waitingMax), read?.record.received ?? durability.lowWater),
      more: found.length > waitingMax,
    },
  };
}

/** Each entry judged as if those before it had been applied. */
function waitingIn(
  system: string,
  entries: readonly StreamEntry[],
  received: durability.HighWater,
): readonly WaitingEntry[] {
  let water = received;
  return entries.map(({ sequence, storedAtMs, subject, payload }) => {
    const zone = parseBox(system, subject)?.zone ?? "";
    const entry = entryIn(payload);
    if (entry === undefined)
      return { sequence, storedAtMs, zone, line: undefined, standing: undefined, messages: [] };
    const { from, incarnation, firstSeq, messages } = entry;
    let standing: durability.Standing | undefined;
    for (let place = 0; place < messages.length; place++) {
      const stamp = { from, incarnation, seq: firstSeq + place };
      standing = durability.standing(water, stamp);
      if (standing === "next") water = durability.risen(water, stamp, 0, durability.recordLimits.sendersMax);
    }
    const line = { from, incarnation, firstSeq };
    return { sequence, storedAtMs, zone, line, standing, messages: messages.map(messageIn) };
  });
}

function entryIn(payload: Uint8Array): ReturnType<typeof decodeBoxEntry> | undefined {
  try {
    return decodeBoxEntry(payload);
  } catch {
    return undefined;
  }
}
