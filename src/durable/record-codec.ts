import { durability } from "../../machines/index.ts";
import { CoxswainError, decodeValue, encodeValue, type Limits, quote } from "../../protocols/index.ts";
import type { AgentRecord } from "./agent-record.ts";

/** A record's size in bytes with all that is in it. */
export const recordMaxBytes = 900_000;
/** Deeper and wider than a message: it holds a machine's context and many messages. */
const limits: Limits = { bytesMax: recordMaxBytes, depthMax: 64, nodesMax: 500_000 };
const format = 1;

/** What can be told of a record without decoding all of it. */
export interface RecordHead {
  readonly epoch: number;
  readonly owner: string;
  readonly nonce: string;
  readonly turn: number;
  readonly closed: boolean;
  /** When its next timer is due; wall clock. */
  readonly nextDueMs: number | undefined;
  /** Messages under way or held back, calls or answers: whoever takes the shard takes it up at once. */
  readonly busy: boolean;
  /** Of the machine that wrote it. */
  readonly version: number;
  /** When it was written; wall clock. */
  readonly writtenAtMs: number;
}

/**
 * A record as it is stored: what can be told at a glance, then the rest as bytes.
 *
 * @throws MESSAGE_INVALID where the machine's context is no plain data, naming the path; PAYLOAD_TOO_LARGE
 */
export function encodeRecord(record: AgentRecord, writtenAtMs: number): Uint8Array {
  const { epoch, owner, nonce, turn, closed, state, received, outbox, timers, intents } = record;
  const { version, ...rest } = state;
  const body = encodeValue({ state: rest, received, outbox, timers, intents }, limits);
  const busy = [outbox.entries, intents, state.unsent, state.postponed].some(({ length }) => length > 0);
  const nextDueMs = durability.nextDueMs(timers) ?? null;
  const flags = (closed ? 1 : 0) + (busy ? 2 : 0);
  return encodeValue(
    [format, epoch, owner, nonce, turn, flags, nextDueMs, version, writtenAtMs, body],
    limits,
  );
}

/** @throws FRAME_MALFORMED for what is no record of ours */
export function decodeHead(bytes: Uint8Array): RecordHead {
  return headOf(partsOf(bytes));
}

/** @throws FRAME_MALFORMED for what is no record of ours */
export function decodeRecord(bytes: Uint8Array): { readonly head: RecordHead; readonly record: AgentRecord } {
  const parts = partsOf(bytes);
  const head = headOf(parts);
  const body = decodeValue(parts[9] as Uint8Array, limits) as Omit<AgentRecord, "state"> & {
    readonly state: Omit<AgentRecord["state"], "version">;
  };
  const { epoch, owner, nonce, turn, closed, version } = head;
  const record = {
    ...body,
    epoch,
    owner,
    nonce,
    turn,
    closed,
    state: { ...body.state, version },
  } as AgentRecord;
  return { head, record };
}

function partsOf(bytes: Uint8Array): readonly unknown[] {
  const parts = decodeValue(bytes, limits);
  if (!Array.isArray(parts) || parts[0] !== format || !(parts[9] instanceof Uint8Array)) {
    throw new CoxswainError(
      "FRAME_MALFORMED",
      `Expected a record of format ${format}, got ${quote(Array.isArray(parts) ? parts[0] : parts)}`,
    );
  }
  return parts;
}

function headOf(parts: readonly unknown[]): RecordHead {
  const [, epoch, owner, nonce, turn, flags, nextDueMs, version, writtenAtMs] = parts as [
    number,
    number,
    string,
    string,
    number,
    number,
    number | null,
    number,
    number,
  ];
  return {
    epoch,
    owner,
    nonce,
    turn,
    closed: (flags & 1) !== 0,
    busy: (flags & 2) !== 0,
    nextDueMs: nextDueMs ?? undefined,
    version,
    writtenAtMs,
  };
}
