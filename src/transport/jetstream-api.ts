import { createInbox, type Msg } from "nats";
import { CoxswainError, type ErrorCode } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import type { EventListeners } from "./event-listeners.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsRequest } from "./nats-requests.ts";
import { closedError, ok, rejected, unknown } from "./outcomes.ts";
import type { Outcome } from "./transport.ts";

/** Codes of JetStream's own error table. */
export const jetStreamCode = {
  consumerNotFound: 10014,
  insufficientResources: 10023,
  memoryExceeded: 10028,
  noMessageFound: 10037,
  storageExceeded: 10047,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  streamStoreFailed: 10077,
  consumerUnfiltered: 10099,
  consumerNotUnique: 10100,
} as const;

interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

export interface StoreSettings {
  readonly storeTimeoutMs: number;
  readonly inboxPrefix: string | undefined;
  readonly replicas: number;
  readonly env: Env;
}

/** What the store needs of the transport. */
export interface StoreHost {
  /** Undefined once closed. */
  link(): NatsLink | undefined;
  readonly events: EventListeners;
}

/** JetStream's requests, with an outcome for every way they can end. */
export class JetStreamApi {
  readonly settings: StoreSettings;
  readonly host: StoreHost;

  constructor(settings: StoreSettings, host: StoreHost) {
    this.settings = settings;
    this.host = host;
  }

  /** A subject of our own to get answers on. */
  inbox(): string {
    return createInbox(this.settings.inboxPrefix);
  }

  /** The link to ask on, or why there is none. */
  link(): Outcome<NatsLink> {
    const link = this.host.link();
    if (link === undefined) return { kind: "rejected", error: closedError() };
    return link.up ? ok(link) : rejected("STORE_FAILED", "Not connected; nothing was asked of the store");
  }

  /** `subject` without its prefix `$JS.API.`. */
  call<T>(subject: string, body: object = {}): Promise<Outcome<T>> {
    const payload = Buffer.from(JSON.stringify(body));
    return this.#request({ subject: `$JS.API.${subject}`, payload, read: readAnswer<T> });
  }

  /** Publishes into a stream. @returns the sequence number once it is stored. */
  publish(
    stream: string,
    subject: string,
    payload: Uint8Array,
    fields?: Readonly<Record<string, string>>,
  ): Promise<Outcome<number>> {
    return this.#request({ subject, payload, fields, read: (answer) => readStored(stream, answer) });
  }

  #request<T>(request: NatsRequest<T>): Promise<Outcome<T>> {
    const link = this.link();
    return link.kind === "ok" ? link.value.requests.request(request) : Promise.resolve(link);
  }
}

export function requestFailure(subject: string, timeoutMs: number, thrown: unknown): Outcome<never> {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  switch (code) {
    case "503":
      return rejected(
        "STORE_FAILED",
        `Nothing answers at ${subject}: JetStream is disabled on this server, or the stream is gone`,
      );
    case "PERMISSIONS_VIOLATION":
      return rejected("PERMISSION_DENIED", `The server forbids ${subject}`, thrown);
    case "MAX_PAYLOAD_EXCEEDED":
      return rejected("PAYLOAD_TOO_LARGE", `The server takes no message as large as this, to ${subject}`);
    case "TIMEOUT":
      return unknown("STORE_FAILED", `No answer to ${subject} within ${timeoutMs} ms`);
    default:
      return unknown("STORE_FAILED", `No usable answer to ${subject}: ${String(message)}`, thrown);
  }
}

/** Whether JetStream refused with this code. */
export function refusedWith(outcome: Outcome<unknown>, code: number): boolean {
  return outcome.kind === "rejected" && outcome.error.details.jetStreamCode === code;
}

function readAnswer<T>(msg: Msg): Outcome<T> {
  let answer: T & { error?: ApiError };
  try {
    answer = msg.json();
  } catch (thrown) {
    return unknown("STORE_FAILED", `No usable answer: ${String(thrown)}`, thrown);
  }
  if (answer.error === undefined) return ok(answer);
  return { kind: "rejected", error: refusal(answer.error) };
}

/** What a stream says of a message that was published into it. */
function readStored(stream: string, msg: Msg): Outcome<number> {
  const sequence = plainSequence(msg.data, stream);
  if (sequence > 0) return ok(sequence);
  const stored = readAnswer<{ stream: string; seq: number }>(msg);
  if (stored.kind !== "ok") return stored;
  if (stored.value.stream === stream) return ok(stored.value.seq);
  // An operator has put another one in its place.
  return rejected("STORE_FAILED", `Expected stream ${stream} to keep it, but ${stored.value.stream} did`);
}

const storedBegin = Buffer.from('{"stream":"');
const storedMiddle = Buffer.from('", "seq":');

/**
 * The number in `{"stream":"<stream>", "seq":<number>}`: servers say it so, and to read it as JSON takes longer than all else
 * that is done with an answer. 0 for anything else, which is to be read with care.
 */
function plainSequence(data: Uint8Array, stream: string): number {
  let at = behind(data, 0, storedBegin);
  if (at < 0) return 0;
  for (let i = 0; i < stream.length; i++) if (data[at++] !== stream.charCodeAt(i)) return 0;
  at = behind(data, at, storedMiddle);
  if (at < 0) return 0;
  let sequence = 0;
  for (; at < data.length - 1; at++) {
    const digit = (data[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    sequence = sequence * 10 + digit;
  }
  return data[at] === 0x7d ? sequence : 0;
}

/** @returns the position behind `expected`, or -1 where something else is. */
function behind(data: Uint8Array, at: number, expected: Uint8Array): number {
  for (let i = 0; i < expected.length; i++) if (data[at + i] !== expected[i]) return -1;
  return at + expected.length;
}

function refusal({ err_code: code, description = "no reason given" }: ApiError): CoxswainError {
  const details = code === undefined ? {} : { jetStreamCode: code };
  return new CoxswainError(refusalCode(code, description), `JetStream refused: ${description}`, { details });
}

function refusalCode(code: number | undefined, description: string): ErrorCode {
  switch (code) {
    case jetStreamCode.wrongLastSequence:
      return "ADDRESS_TAKEN";
    case jetStreamCode.insufficientResources:
    case jetStreamCode.memoryExceeded:
    case jetStreamCode.storageExceeded:
      return "STORE_FULL";
    case jetStreamCode.streamStoreFailed:
      // One code for all that a stream's file says; the words differ, and are the same from 2.9 to 2.15.
      if (description.includes("maximum messages per subject")) return "MAILBOX_FULL";
      return /maximum (messages|bytes) exceeded/.test(description) ? "STORE_FULL" : "STORE_FAILED";
    default:
      return "STORE_FAILED";
  }
}

/** Where a delivered entry stands, read from the reply subject that JetStream gives it. */
export interface EntryPosition {
  readonly sequence: number;
  /** Its running number for this consumer; a gap means that something was lost on the way. */
  readonly delivered: number;
  readonly storedAtMs: number;
  readonly pending: number;
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<delivered>.<time>.<pending>[.<random>]` (ADR-15) */
export function positionOf(reply: string): EntryPosition {
  const tokens = reply.split(".");
  const at = tokens.length > 9 ? 7 : 5;
  const number = (offset: number): number => Number(tokens[at + offset]);
  // Nanoseconds since 1970 do not fit a double.
  const storedAtMs = Number(BigInt(tokens[at + 2] ?? 0) / 1_000_000n);
  return { sequence: number(0), delivered: number(1), storedAtMs, pending: number(3) };
}

/** Whether a message of a bucket marks its key as deleted, by us or by another client. */
export function isDeletion(operation: string | undefined): boolean {
  return operation === "DEL" || operation === "PURGE";
}

export const operationHeader = "KV-Operation";
