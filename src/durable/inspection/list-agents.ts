import { type ActorAddress, actorAddress, isActorAddress, rootOf } from "../../../protocols/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { StreamEntry } from "../../transport/transport.ts";
import { recordsBucket } from "../stores.ts";
import type { DurableStore } from "./durable-store.ts";
import type { AgentSummary, StoredAgent } from "./inspection.ts";
import { readRecord, summaryOf } from "./read-record.ts";

/** Records in memory at a time: one may have nearly a mebibyte. */
const pageMax = 64;

/** A record as the store has it. */
export interface StoredRecord {
  /** `<shard>.<address>`. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/**
 * The records of all agents, or of one type, those first that were written longest ago. Read page by page: what is written
 * meanwhile may come twice, the newer one later; it is never left out.
 *
 * @throws STORE_FAILED
 */
export async function* storedRecords(
  { system, recordLog }: Pick<DurableStore, "system" | "recordLog">,
  type?: string,
): AsyncGenerator<StoredRecord> {
  const prefix = `$KV.${recordsBucket(system).name}.`;
  const subject = type === undefined ? `${prefix}>` : `${prefix}*.${type}.>`;
  for (let fromSequence = 1; ; ) {
    const page: readonly StreamEntry[] = valueOrThrow(
      await recordLog.read({ fromSequence, limit: pageMax, subject }),
    );
    for (const { subject: storedOn, payload, sequence } of page) {
      // An empty one marks a deletion, which is not our doing.
      if (payload.length > 0)
        yield { key: storedOn.slice(prefix.length), value: payload, revision: sequence };
    }
    const last = page.at(-1);
    if (last === undefined) return;
    fromSequence = last.sequence + 1;
  }
}

/**
 * The agents of a type in a line each, those first that were written longest ago. One whose record cannot be read is told
 * with the reason as its status.
 *
 * @throws STORE_FAILED
 */
export async function* listAgents(
  store: Pick<DurableStore, "system" | "recordLog">,
  type: string,
): AsyncGenerator<AgentSummary> {
  for await (const { key, value } of storedRecords(store, type)) {
    const text = key.slice(key.indexOf(".") + 1);
    if (!isActorAddress(text) || rootOf(text) !== type) continue;
    const address = actorAddress(text);
    try {
      yield summaryOf(address, value);
    } catch (error) {
      const none = { version: 0, turn: 0, epoch: 0, closed: false, writtenAtMs: 0, busy: false };
      const status = error instanceof Error ? error.message : String(error);
      yield { ...none, address, state: undefined, status, nextDueMs: undefined };
    }
  }
}

/**
 * The agents of a type with their state and context, those first that were written longest ago. Those whose record cannot be
 * read are left out: {@link listAgents} tells of them.
 *
 * @throws STORE_FAILED
 */
export async function* storedAgents(
  store: Pick<DurableStore, "system" | "recordLog">,
  type: string,
): AsyncGenerator<StoredAgent> {
  for await (const { key, value, revision } of storedRecords(store, type)) {
    const text = key.slice(key.indexOf(".") + 1);
    if (!isActorAddress(text) || rootOf(text) !== type) continue;
    const found = readable(actorAddress(text), { value, revision });
    if (found !== undefined) yield found;
  }
}

function readable(
  address: ActorAddress,
  entry: Pick<StoredRecord, "value" | "revision">,
): StoredAgent | undefined {
  try {
    const { state, context } = readRecord(address, entry).inspected;
    return { address, state, context };
  } catch {
    return undefined;
  }
}
