import { durability } from "../../machines/index.ts";
import { type ActorAddress, type CoxswainError, isCoxswainError } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { isLostRace } from "../transport/outcomes.ts";
import type { Bucket, Entry, Outcome } from "../transport/transport.ts";
import {
  type AgentMessage,
  type AgentRecord,
  type AgentState,
  blankState,
  type DelayedEvent,
} from "./agent-record.ts";
import { type DurableDefinition, policyOf } from "./durability.ts";
import { decodeHead, decodeRecord, encodeRecord, type RecordHead } from "./record-codec.ts";

/** Where records are, and who writes them. */
export interface RecordHost {
  readonly env: Env;
  readonly records: Bucket;
  /** The node and its incarnation. */
  readonly owner: string;
  /** Names one write; never the same twice, on any node. */
  nonce(): string;
  /** Wall clock that jumps with nobody's. */
  nowMs(): number;
  /** Whether our lease is fresh enough to begin anything. */
  mayHold(): boolean;
  /** A record could not be read or written, so often in a row. */
  stuck(key: string, error: CoxswainError, tries: number): void;
  /** The record as this node's machine takes it, or why it cannot. */
  load(
    record: AgentRecord,
    address: ActorAddress,
  ): Promise<{ readonly record: AgentRecord } | { readonly reason: string }>;
}

/** What becomes of taking an agent over. */
export type Claimed =
  | {
      readonly kind: "claimed";
      readonly stored: durability.Stored<AgentState, AgentMessage>;
      /** To get through the same cause, this one included. */
      readonly attempts: number;
    }
  /** Its record is none that this node can load. */
  | { readonly kind: "unloadable"; readonly reason: string }
  /** We no longer hold it. */
  | { readonly kind: "given up" };

const retryMs = 50;
const retryMaxMs = 2_000;

/** Waits longer each time, with chance, so that many do not come at once. */
export function pause(env: Env, tries: number): Promise<void> {
  const delayMs = Math.min(retryMaxMs, retryMs * 2 ** Math.min(tries, 10)) * (0.5 + env.random() / 2);
  return new Promise((resolve) => env.setTimer(delayMs, resolve));
}

/** Reads from the leader until it answers; `given up` when we no longer hold it. */
async function read(host: RecordHost, key: string): Promise<Entry | undefined | "given up"> {
  for (let tries = 0; host.mayHold(); tries++) {
    const found = await host.records.get(key);
    if (found.kind === "ok") return found.value;
    host.stuck(key, found.error, tries);
    await pause(host.env, tries);
  }
  return "given up";
}

/**
 * R1: takes an agent over by writing its record with the next epoch. What is noted of the attempt is part of the same
 * write: what it was for, and the how manieth time that is.
 *
 * @param causeIn names what it is woken for, given the record: the same for the same message, timer or call after a crash
 */
export async function claimAgent(
  host: RecordHost,
  address: ActorAddress,
  key: string,
  causeIn: (record: AgentRecord) => string,
  definition: DurableDefinition,
): Promise<Claimed> {
  for (let tries = 0; ; tries++) {
    const entry = await read(host, key);
    if (entry === "given up") return { kind: "given up" };
    const found = foundIn(host, entry);
    if ("reason" in found) return { kind: "unloadable", reason: found.reason };
    const loaded = isBegun(found.record) ? await host.load(found.record, address) : { record: found.record };
    if ("reason" in loaded) return { kind: "unloadable", reason: loaded.reason };
    const { record } = loaded;
    const { trial } = record.state;
    const cause = causeIn(record);
    const attempts = trial?.cause === cause ? trial.attempts + 1 : 1;
    const timers = resumed(record, found.head, host, definition);
    // What is no turn's work is in no history of turns: where that changes anything, it begins anew from the record.
    const moved = record !== found.record || timers.some((timer, i) => timer !== record.timers[i]);
    const state = moved ? { ...record.state, checkpoint: undefined } : record.state;
    const before = { ...record, timers, state: { ...state, trial: { cause, attempts } } };
    const nonce = host.nonce();
    const write = durability.claimOf({ record: before, revision: found.revision }, host.owner, nonce);
    const revision = await put(host, key, encodeRecord(write.record as AgentRecord, host.nowMs()), write);
    if (revision === "given up") return { kind: "given up" };
    if (revision !== "lost")
      return {
        kind: "claimed",
        stored: { record: write.record as AgentRecord, revision } as never,
        attempts,
      };
    await pause(host.env, tries);
  }
}

interface Found {
  readonly record: AgentRecord;
  readonly revision: number;
  readonly head: RecordHead | undefined;
}

function foundIn(host: RecordHost, entry: Entry | undefined): Found | { readonly reason: string } {
  if (entry?.value === undefined) {
    const record = durability.unborn(blankState, Math.floor(host.nowMs())) as AgentRecord;
    return { record, revision: entry?.revision ?? 0, head: undefined };
  }
  try {
    return { ...decodeRecord(entry.value), revision: entry.revision };
  } catch (error) {
    return { reason: isCoxswainError(error) ? error.message : String(error) };
  }
}

function isBegun({ closed, state }: AgentRecord): boolean {
  return !closed && state.snapshot !== undefined;
}

/** Timers as their policy wants them where the agent was away: on its own node nothing has changed for them. */
function resumed(
  record: AgentRecord,
  head: RecordHead | undefined,
  host: RecordHost,
  definition: DurableDefinition,
): AgentRecord["timers"] {
  if (head === undefined || head.owner === host.owner) return record.timers;
  const nowMs = host.nowMs();
  return record.timers.map((timer) => {
    const { delayMs } = timer.message as DelayedEvent;
    const { resume } = policyOf(definition.durability, timer.id);
    if (resume === "deadline") return timer;
    const leftMs = resume === "restart" ? delayMs : Math.max(0, timer.dueAtMs - head.writtenAtMs);
    return { ...timer, dueAtMs: nowMs + leftMs };
  });
}

/** R3: writes until it is known whether it is so. */
export async function put(
  host: RecordHost,
  key: string,
  bytes: Uint8Array,
  { expect, record }: Pick<durability.Write, "expect"> & { readonly record: { readonly nonce: string } },
): Promise<number | "lost" | "given up"> {
  for (let tries = 0; host.mayHold(); tries++) {
    const written: Outcome<number> = await host.records.update(key, bytes, expect);
    if (written.kind === "ok") return written.value;
    // An earlier try of ours may be what it conflicts with.
    if (!isLostRace(written)) {
      host.stuck(key, written.error, tries);
      await pause(host.env, tries);
    }
    const entry = await read(host, key);
    if (entry === "given up") break;
    if (entry?.value !== undefined && decodeHead(entry.value).nonce === record.nonce) return entry.revision;
    if ((entry?.revision ?? 0) !== expect) return "lost";
  }
  return "given up";
}
