import { durability } from "../../../machines/index.ts";
import { type ActorAddress, CoxswainError, decodeEnvelope, fromWireError } from "../../../protocols/index.ts";
import type { Env } from "../../env/env.ts";
import { Node } from "../../node.ts";
import { createMemoryHub } from "../../transport/memory.ts";
import type { Arrival as TreeArrival } from "../../xstate/turn-keeper.ts";
import { AgentMind } from "../agent-mind.ts";
import { type AgentCall, type AgentRecord, type AgentSession, blankState } from "../agent-record.ts";
import { putDown, type Received, receiveWork } from "../agent-turns.ts";
import type { DurableDefinition } from "../durability.ts";
import { fingerprintOf } from "../versions/index.ts";
import type { Work } from "../work-queue.ts";
import { decodeStored, type HistoryCause, type HistoryEntry } from "./entry.ts";
import { cutOf, historian, type Recorded } from "./recorder.ts";

/** What came of giving a turn again: the turn as a history would keep it now; or why it cannot be given. */
export type Replayed =
  | { readonly entry: HistoryEntry }
  /** The machine of this definition is not where the turn could be taken. */
  | { readonly untaken: string };

const limits = durability.recordLimits;
const stamp: durability.Stamp = { from: "~history", incarnation: 1, seq: 1 };

/**
 * A durable agent's turns, given again by the code that gives them otherwise, with nothing done of what they want: no message leaves, no
 * timer is set, no call is made. What came of calls is taken from the history.
 */
export class Replayer {
  readonly #definition: DurableDefinition;
  readonly #address: ActorAddress;
  readonly #mind: AgentMind;
  /** Of the turn at hand: as the agent's clock was, and as the wall clock may have been. */
  #atMs = 0;
  #wallMs = 0;
  #trouble: unknown;
  #record = durability.unborn(blankState, 0) as AgentRecord;

  constructor(definition: DurableDefinition, address: ActorAddress) {
    // Also a definition that keeps no history itself can be given one.
    this.#definition = { ...definition, durability: { ...definition.durability, history: true } };
    this.#address = address;
    const { behaviour } = definition;
    const fingerprint = fingerprintOf(behaviour.kind === "logic" ? behaviour.logic : undefined);
    const node = deafNode(
      () => this.#wallMs,
      (error) => {
        this.#trouble ??= error;
      },
    );
    const replayer = this;
    const inside = {
      get nowMs(): number {
        return replayer.#atMs;
      },
      arrived: () => {},
      callKey: () => undefined,
    };
    const batch = { fresh: true, trial: undefined, sound: false };
    this.#mind = new AgentMind({ node, fingerprint }, address, this.#definition, {
      inside,
      batch: () => batch,
    });
  }

  get turn(): number {
    return this.#record.turn;
  }

  /** The agent as it is after the latest turn, with nothing under way. */
  get record(): AgentRecord {
    return this.#record;
  }

  /** Goes on from a record. @throws SNAPSHOT_REFUSED */
  begin(record: AgentRecord): void {
    this.#mind.drop();
    this.#become(record);
    if (!record.closed && record.state.snapshot !== undefined) this.#restore();
  }

  #become(record: AgentRecord): void {
    const { state } = record;
    const outbox = durability.emptyOutbox(0);
    this.#record = { ...record, outbox, received: durability.lowWater, state: { ...state, unsent: [] } };
  }

  #restore(): void {
    this.#trouble = undefined;
    this.#mind.feign([this.#mind.restore(this.#record, [], false)]);
    if (this.#mind.ready) return;
    const text = `What is stored of ${this.#address} does not begin with this definition`;
    throw new CoxswainError("SNAPSHOT_REFUSED", text, { cause: this.#trouble });
  }

  /** Gives a turn again. @throws SNAPSHOT_REFUSED */
  play(recorded: HistoryEntry): Replayed {
    const { cause, atMs, epoch } = recorded;
    const cut = cutOf(cause);
    if (cut !== undefined) return { untaken: `it was not kept: ${cut}` };
    if (this.#record.closed) return { untaken: "the agent has ended" };
    this.#atMs = atMs;
    this.#wallMs = wallClockAt(recorded);
    this.#record = { ...this.#record, epoch };
    if (!this.#mind.ready && this.#record.state.snapshot !== undefined) this.#restore();
    const given = this.#give(recorded, cause);
    if ("untaken" in given) return given;
    const { draft } = given.received.session;
    if (given.received.verdict !== "applied" || draft === undefined)
      return { untaken: `it would not be taken (${given.received.exceeds ?? given.received.verdict})` };
    this.#mind.feign();
    const { record } = draft;
    const message = record.outbox.entries.find(({ to }) => to === historian)?.message as Recorded;
    const stored = decodeStored(message.entry);
    this.#become(record);
    return { entry: (stored as Extract<typeof stored, { kind: "turn" }>).entry() };
  }

  #give(
    recorded: HistoryEntry,
    cause: HistoryCause,
  ): { readonly received: Received } | { readonly untaken: string } {
    const mind = this.#mind;
    const { atMs, fault, refused } = recorded;
    const session: AgentSession = { held: { record: this.#record, revision: 0 }, confirmed: [] };
    if (cause.kind === "start")
      return { received: durability.receiveLocal(session, (record) => mind.begin(record), limits) };
    const found = this.#workOf(cause);
    if ("untaken" in found) return found;
    const { work, record } = found;
    const ready: AgentSession = { ...session, held: { record, revision: 0 } };
    // What the runtime had put down no machine has seen.
    const byRuntime = fault?.by === "runtime" ? fromWireError(fault.error) : undefined;
    const poisonous = (): number | undefined => (refused === "MESSAGE_POISONOUS" ? 1 : undefined);
    const received =
      byRuntime === undefined
        ? receiveWork(ready, work, mind, { nowMs: atMs, poisonous })
        : putDown(ready, work, mind, byRuntime, atMs);
    return received === undefined ? { untaken: "it would still be held back" } : { received };
  }

  #workOf(
    cause: Exclude<HistoryCause, { kind: "start" }>,
  ): { readonly work: Work; readonly record: AgentRecord } | { readonly untaken: string } {
    const record = this.#record;
    switch (cause.kind) {
      case "message": {
        const { reply, frame, zone } = cause.letter as Exclude<typeof cause.letter, { cut: string }>;
        const work = {
          kind: "message",
          arrival: { entry: 0, stamp },
          letter: { reply, frame, zone },
        } as const;
        return { work, record };
      }
      case "postponed":
        return { work: { kind: "postponed" }, record };
      case "timer": {
        const { id, generation, dueAtMs } = cause;
        if (!record.timers.some((timer) => timer.id === id)) return { untaken: `timer ${id} is not set` };
        // When it was due depends on when its agent moved, too, which is no turn.
        const timers = record.timers.map((timer) =>
          timer.id === id ? { ...timer, generation, dueAtMs: Math.min(dueAtMs, this.#atMs) } : timer,
        );
        return { work: { kind: "timer", id, generation }, record: { ...record, timers } };
      }
      case "result":
      case "event": {
        const stored = "cut" in cause.arrival ? { effect: "lost" } : cause.arrival;
        const arrival = this.#mind.arrivalOf(stored);
        // What is for an actor that is gone is a turn in which nothing happens.
        const lost = cause.kind === "event" ? this.#mind.arrivalOf({ effect: "lost" }) : undefined;
        if (arrival === undefined && lost === undefined)
          return { untaken: "nobody is there to take what came of a call" };
        if (cause.kind === "event")
          return { work: { kind: "event", arrival: (arrival ?? lost) as TreeArrival }, record };
        const path = "source" in cause.arrival ? cause.arrival.source : undefined;
        const intent = record.intents.find(({ call }) => (call as AgentCall).path === path);
        if (intent === undefined) return { untaken: `no call is under way at ${path}` };
        return { work: { kind: "result", key: intent.key, arrival: arrival as TreeArrival }, record };
      }
    }
  }
}

/** A deadline had passed if the history says so, and else had not: the clocks of that moment are gone. */
function wallClockAt({ atMs, cause, refused }: HistoryEntry): number {
  if (cause.kind !== "message" || "cut" in cause.letter) return atMs;
  if (refused === "DEADLINE_EXCEEDED") return Number.MAX_SAFE_INTEGER;
  try {
    return Math.min(atMs, decodeEnvelope(cause.letter.frame).deadlineMs ?? atMs);
  } catch {
    return atMs;
  }
}

/** A node that nobody hears, and that hears nobody. */
function deafNode(nowMs: () => number, onTrouble: (error: unknown) => void): Node {
  let ids = 0;
  const env: Env = {
    nowMs,
    monotonicMs: () => 0,
    setTimer: () => ({ cancel: () => {} }),
    soon: () => {},
    random: () => 0,
    uniqueId: () => String(++ids).padStart(22, "0"),
  };
  return new Node({
    system: "history",
    name: "history",
    zone: "history",
    incarnation: "history",
    env,
    transport: createMemoryHub({ env }).connect(),
    facts: { changed: false },
    telemetry: undefined,
    catalogue: new Map(),
    onReport: ({ level, error }) => {
      if (level === "error") onTrouble(error);
    },
  });
}
