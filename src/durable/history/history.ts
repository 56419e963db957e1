import { durability } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  CoxswainError,
  decodeValue,
  historySubject,
  rootOf,
} from "../../../protocols/index.ts";
import type { ActorDefinition } from "../../actor.ts";
import type { Env } from "../../env/env.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Store, Stream } from "../../transport/transport.ts";
import { AgentLoader } from "../agent-loader.ts";
import { persistKept } from "../agent-machine.ts";
import { type AgentRecord, blankState } from "../agent-record.ts";
import type { DurableDefinition } from "../durability.ts";
import { shardIn } from "../inspection/durable-store.ts";
import { type DurableStore, type InspectedRecord, openDurableStore } from "../inspection/index.ts";
import { readRecord } from "../inspection/read-record.ts";
import { decodeRecord, encodeRecord } from "../record-codec.ts";
import { differenceOf, type HistoryDifference, untakenDifference } from "./difference.ts";
import type { HistoryEntry } from "./entry.ts";
import { HistoryIndex } from "./history-index.ts";
import { historyKey, historyStream } from "./history-stream.ts";
import { Replayer } from "./replayer.ts";

/** Where histories are read from, and forks are written to. */
export interface HistorySource {
  readonly system: string;
  readonly store: Store;
  readonly env: Env;
  readonly zone: string;
}

/** A durable agent as it was when a turn of it was over. Plain data. */
export interface HistoryMoment
  extends Pick<
    InspectedRecord,
    "status" | "state" | "context" | "children" | "timers" | "calls" | "questions" | "postponed" | "closed"
  > {
  readonly turn: number;
  /** When that turn was; undefined before the first. */
  readonly atMs: number | undefined;
  /** Where the definition does otherwise than the history has it: from there on this is not how the agent was. */
  readonly differs: HistoryDifference | undefined;
}

/** Opens what is kept of an agent, as it is now. @throws ADDRESS_UNKNOWN where its type keeps no history, STORE_FAILED */
export async function openHistory(
  source: HistorySource,
  address: string,
  definition?: ActorDefinition,
): Promise<AgentHistory> {
  const at = actorAddress(address);
  const type = rootOf(at);
  const durable = await openDurableStore(source.store, source.system);
  const shard = durable && shardIn(durable.placement, at);
  const kept = durable && valueOrThrow(await durable.hosts.get(historyKey(type)));
  if (durable === undefined || shard === undefined || kept?.value === undefined)
    throw new CoxswainError("ADDRESS_UNKNOWN", `Expected an agent of a type that keeps histories, got ${at}`);
  const { historyMax } = decodeValue(kept.value) as { readonly historyMax: number };
  const { name, options } = historyStream(source.system, type, historyMax);
  const stream = valueOrThrow(await source.store.stream(name, options));
  const index = await HistoryIndex.open(stream, historySubject(source.system, shard, at));
  return new AgentHistory({ source, durable, stream, shard, address: at, definition }, index);
}

/** What a history is part of. */
export interface HistoryParts {
  readonly source: HistorySource;
  readonly durable: DurableStore;
  readonly stream: Stream;
  readonly shard: string;
  readonly address: ActorAddress;
  readonly definition: ActorDefinition | undefined;
}

/** The turns of one durable agent, to be stepped through forth and back. It shows what was there when it was opened. */
export class AgentHistory {
  readonly address: ActorAddress;
  readonly parts: HistoryParts;
  readonly #index: HistoryIndex;
  #replay: Replay | undefined;

  /** Made by {@link openHistory}. */
  constructor(parts: HistoryParts, index: HistoryIndex) {
    this.parts = parts;
    this.address = parts.address;
    this.#index = index;
  }

  /** The earliest turn that is kept; 0 where none is. */
  get first(): number {
    return this.#index.first;
  }

  /** The latest turn. */
  get last(): number {
    return this.#index.last;
  }

  /** Turns in order. @throws OPTION_INVALID for turns that have been discarded, STORE_FAILED */
  async *steps(from = this.first, to = this.last): AsyncGenerator<HistoryEntry> {
    for (let turn = Math.max(1, from); turn <= to; turn++) yield await this.#index.entry(turn);
  }

  /** One turn, as it is kept. @throws OPTION_INVALID */
  entry(turn: number): Promise<HistoryEntry> {
    return this.#index.entry(turn);
  }

  /**
   * The agent as it was after a turn; of turn 0, before its first. Computed by giving its machine the turns again, from the latest
   * checkpoint before on. Nothing of what they want is done.
   *
   * @throws OPTION_INVALID where the turn is not kept, or this history was opened without a definition; SNAPSHOT_REFUSED
   */
  async at(turn: number): Promise<HistoryMoment> {
    const { record, atMs, differs } = await this.recordAt(turn);
    const bytes = { value: encodeRecord(record, atMs ?? 0), revision: 0 };
    const { status, state, context, children, timers, calls, questions, postponed, closed } = readRecord(
      this.address,
      bytes,
    ).inspected;
    const machine = { status, state, context, children };
    return { turn, atMs, ...machine, timers, calls, questions, postponed, closed, differs };
  }

  /** As {@link at}, as the record would be. */
  async recordAt(turn: number): Promise<{
    readonly record: AgentRecord;
    readonly atMs: number | undefined;
    readonly differs: HistoryDifference | undefined;
  }> {
    const definition = durableDefinition(this.parts.definition, this.address);
    const from = this.baseOf(turn);
    const usable = this.#replay?.from === from && this.#replay.turn <= turn;
    const replay =
      usable && this.#replay !== undefined ? this.#replay : await this.replayFrom(from, definition);
    this.#replay = replay;
    while (replay.turn < turn) await replay.next();
    const { record, atMs, differs } = replay;
    const snapshot = persistKept(definition, record.state.snapshot);
    return { record: { ...record, state: { ...record.state, snapshot } }, atMs, differs };
  }

  /** From where a turn can be computed. @throws OPTION_INVALID */
  baseOf(turn: number): number {
    if (!Number.isSafeInteger(turn) || turn < 0 || turn > this.last)
      throw new CoxswainError("OPTION_INVALID", `Expected a turn from 0 to ${this.last}, got ${turn}`);
    const from = this.#index.checkpointBefore(turn);
    if (from !== undefined) return from;
    if (this.first <= 1) return 0;
    const text = `Expected a turn from ${this.#index.checkpointAfter(turn) ?? this.last} on, got ${turn}: earlier ones are not kept`;
    throw new CoxswainError("OPTION_INVALID", text);
  }

  /** The earliest turn that can be computed with all that follow. @throws OPTION_INVALID where there is none */
  get base(): number {
    if (this.first <= 1) return 0;
    return this.baseOf(this.#index.checkpointAfter(this.first - 1) ?? this.first - 1);
  }

  /** @param from 0, or the turn of a checkpoint @throws SNAPSHOT_REFUSED where the definition cannot take what is stored */
  async replayFrom(from: number, definition: DurableDefinition): Promise<Replay> {
    const replayer = new Replayer(definition, this.address);
    if (this.#index.checkpointBefore(from) !== from) {
      replayer.begin(durability.unborn(blankState, 0) as AgentRecord);
      return new Replay(this, replayer, { from, atMs: undefined });
    }
    const { record, head } = decodeRecord(await this.#index.checkpoint(from));
    const { writtenAtMs } = head;
    replayer.begin(await this.#loaded(record, definition, writtenAtMs));
    return new Replay(this, replayer, { from, atMs: writtenAtMs });
  }

  async #loaded(record: AgentRecord, definition: DurableDefinition, nowMs: number): Promise<AgentRecord> {
    if (record.closed || record.state.snapshot === undefined) return record;
    const loader = new AgentLoader(rootOf(this.address), definition, this.parts.durable.hosts);
    const loaded = await loader.load(record, this.address, nowMs);
    if ("record" in loaded) return loaded.record;
    throw new CoxswainError("SNAPSHOT_REFUSED", loaded.reason);
  }
}

/** Turns given again, one after the other. */
export class Replay {
  readonly from: number;
  readonly #history: AgentHistory;
  readonly #replayer: Replayer;
  #turn: number;
  #atMs: number | undefined;
  #differs: HistoryDifference | undefined;

  /** @param base where the replayer stands, and when that was */
  constructor(
    history: AgentHistory,
    replayer: Replayer,
    base: { readonly from: number; readonly atMs: number | undefined },
  ) {
    this.#history = history;
    this.#replayer = replayer;
    this.from = base.from;
    this.#turn = base.from;
    this.#atMs = base.atMs;
  }

  /** The latest that was given. */
  get turn(): number {
    return this.#turn;
  }

  get atMs(): number | undefined {
    return this.#atMs;
  }

  get record(): AgentRecord {
    return this.#replayer.record;
  }

  /** The first difference there was. */
  get differs(): HistoryDifference | undefined {
    return this.#differs;
  }

  /** @throws OPTION_INVALID where the next turn is not kept, SNAPSHOT_REFUSED */
  async next(): Promise<void> {
    const recorded = await this.#history.entry(this.#turn + 1);
    const replayed = this.#replayer.play(recorded);
    this.#turn++;
    this.#atMs = recorded.atMs;
    this.#differs ??=
      "entry" in replayed
        ? differenceOf(recorded, replayed.entry)
        : untakenDifference(recorded, replayed.untaken);
  }
}

/** @throws OPTION_INVALID */
export function durableDefinition(
  definition: ActorDefinition | undefined,
  address: ActorAddress,
): DurableDefinition {
  if (definition?.durability !== undefined) return definition as DurableDefinition;
  const got = definition === undefined ? "none" : "one of a volatile actor";
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected the durable definition of ${rootOf(address)} to give the turns of ${address} again, got ${got}`,
  );
}
