import {
  CoxswainError,
  decodeValue,
  encodeValue,
  type Limits,
  quote,
  type WireError,
} from "../../../protocols/index.ts";
import type { Noted } from "./noted.ts";
import type { StoredArrival } from "./stored-arrival.ts";

/** What a turn answered to, with all that it takes to give the turn again. */
export type HistoryCause =
  | { readonly kind: "start" }
  | (MessageName & {
      readonly kind: "message";
      /** Of one that is larger than a history keeps only the size. */
      readonly letter: { readonly reply?: string; readonly frame: Uint8Array; readonly zone: string } | Cut;
    })
  /** One that was held back before. */
  | (MessageName & { readonly kind: "postponed" })
  | {
      readonly kind: "timer";
      readonly id: string;
      readonly generation: number;
      readonly dueAtMs: number;
      readonly event: string;
    }
  | { readonly kind: "result"; readonly key: string; readonly arrival: StoredArrival | Cut }
  /** Of a call that is under way, or the actor's own. */
  | { readonly kind: "event"; readonly arrival: StoredArrival | Cut };

export interface MessageName {
  /** Undefined for bytes that are no message. */
  readonly type?: string;
  readonly id?: string;
  readonly from?: string;
}

/** What was not kept, and why. */
export interface Cut {
  readonly cut: string;
}

/** One committed turn of a durable agent. Plain data. */
export interface HistoryEntry {
  /** From 1, without a gap. */
  readonly turn: number;
  readonly atMs: number;
  readonly epoch: number;
  /** Of the machine that took the turn. */
  readonly version: number;
  readonly fingerprint: string;
  readonly cause: HistoryCause;
  /** Where the agent was afterwards. */
  readonly after: HistoryState;
  readonly sent: readonly { readonly to: string; readonly type: string; readonly body: Noted }[];
  readonly answered: readonly HistoryAnswer[];
  readonly emitted: readonly { readonly type: string; readonly body: Noted }[];
  readonly timersSet: readonly { readonly id: string; readonly delayMs: number }[];
  /** Paths of the actors of its tree that make them. */
  readonly callsBegun: readonly string[];
  /** Why the message was not worked on, as a code. */
  readonly refused?: string;
  /** The turn failed, and the agent went on from where it was; `runtime`: it was not even given. */
  readonly fault?: { readonly by: "machine" | "runtime"; readonly error: WireError };
}

export interface HistoryState {
  /** `active`, or `ended`. */
  readonly status: "active" | "ended";
  /** A machine's state value; undefined for a reducer. */
  readonly value?: unknown;
  /** A machine's context, or a reducer's state. */
  readonly context: Noted;
  /** Actors within it. */
  readonly children?: Noted;
}

export interface HistoryAnswer {
  readonly question: string;
  readonly type: string;
  /** Undefined for an answer; the code of a refusal. */
  readonly refused?: string;
  readonly body: Noted;
}

/** A record as it was committed with a turn, so that not all turns before need be given again. */
export interface Checkpoint {
  readonly turn: number;
  readonly epoch: number;
  readonly record: Uint8Array;
}

export type Stored =
  | {
      readonly kind: "turn";
      readonly turn: number;
      readonly epoch: number;
      readonly entry: () => HistoryEntry;
    }
  | {
      readonly kind: "checkpoint";
      readonly turn: number;
      readonly epoch: number;
      readonly record: Uint8Array;
    };

const limits: Limits = { bytesMax: 1_048_576, depthMax: 64, nodesMax: 500_000 };
const format = 1;
const kinds = ["turn", "checkpoint"] as const;

/** @throws PAYLOAD_TOO_LARGE */
export function encodeEntry(entry: HistoryEntry): Uint8Array {
  return encodeValue([format, 0, entry.turn, entry.epoch, encodeValue(entry, limits)], limits);
}

/** @throws PAYLOAD_TOO_LARGE */
export function encodeCheckpoint({ turn, epoch, record }: Checkpoint): Uint8Array {
  return encodeValue([format, 1, turn, epoch, record], limits);
}

/** @throws FRAME_MALFORMED for what is no entry of ours */
export function decodeStored(payload: Uint8Array): Stored {
  const parts = decodeValue(payload, limits);
  const [given, kind, turn, epoch, body] = Array.isArray(parts) ? parts : [];
  if (given !== format || kinds[kind] === undefined || !(body instanceof Uint8Array)) {
    const text = `Expected an entry of a history of format ${format}, got ${quote(given)}`;
    throw new CoxswainError("FRAME_MALFORMED", text);
  }
  if (kinds[kind] === "checkpoint") return { kind: "checkpoint", turn, epoch, record: body };
  return { kind: "turn", turn, epoch, entry: () => decodeValue(body, limits) as HistoryEntry };
}
