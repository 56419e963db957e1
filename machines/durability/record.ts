import { type HighWater, lowWater } from "./high-water.ts";
import type { Intent } from "./intents.ts";
import { emptyOutbox, type Outbox } from "./outbox.ts";
import type { Timer } from "./timers.ts";

/**
 * All that survives of a durable actor, in one value under one key, so that one compare-and-set moves all of it
 * or nothing (R1, R2). Plain data, never changed in place.
 */
export interface DurableRecord<State = unknown, Message = unknown> {
  /** Counts the owners. Only the present epoch's owner can write: its claim moved the revision (R1). */
  readonly epoch: number;
  /** The node that owns it; for people, no decision reads it. */
  readonly owner: string;
  /** Names the write that made this value; by it a writer knows its own again (R3). */
  readonly nonce: string;
  /** Counts the committed turns. */
  readonly turn: number;
  readonly state: State;
  readonly received: HighWater;
  readonly outbox: Outbox<Message>;
  readonly timers: readonly Timer<Message>[];
  readonly intents: readonly Intent[];
  /** R9: an actor that ended leaves this value; its key is never deleted, which would forget epoch and marks. */
  readonly closed: boolean;
}

/** A record as the store has it. */
export interface Stored<State = unknown, Message = unknown> {
  readonly record: DurableRecord<State, Message>;
  readonly revision: number;
}

/** How much a record may hold. */
export interface RecordLimits {
  /** Senders whose marks are kept; beyond it the idlest is forgotten. */
  readonly sendersMax: number;
  /** Receivers whose lines are kept; beyond it the idlest with nothing under way is forgotten. */
  readonly receiversMax: number;
  /** Messages not yet confirmed; at this many nothing new is taken until some are. */
  readonly outboxMax: number;
  /** Messages of one turn; more is a fault of the actor. */
  readonly sendsMax: number;
  /** Timers set at a time; more is a fault of the actor. */
  readonly timersMax: number;
  /** Calls under way at a time; more is a fault of the actor. */
  readonly intentsMax: number;
}

export const recordLimits: RecordLimits = {
  sendersMax: 1_000,
  receiversMax: 1_000,
  outboxMax: 1_000,
  sendsMax: 1_000,
  timersMax: 1_000,
  intentsMax: 1_000,
};

/** An actor nobody has owned yet. Its first claim makes it epoch 1. */
export function unborn<State>(state: State, bornAtMs: number): DurableRecord<State, never> {
  return {
    epoch: 0,
    owner: "",
    nonce: "",
    turn: 0,
    state,
    received: lowWater,
    outbox: emptyOutbox(bornAtMs),
    timers: [],
    intents: [],
    closed: false,
  };
}
