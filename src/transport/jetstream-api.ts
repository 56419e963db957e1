import { createInbox, headers, type Msg, type MsgHdrs } from "nats";
import { CoxswainError, type ErrorCode } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import type { EventListeners } from "./event-listeners.ts";
import type { NatsLink } from "./nats-link.ts";
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
  async call<T>(subject: string, body: object = {}): Promise<Outcome<T>> {
    const answer = await this.#request(`$JS.API.${subject}`, Buffer.from(JSON.stringify(body)));
    return answer.kind === "ok" ? read<T>(answer.value) : answer;
  }

  /** Publishes into a stream. @returns the sequence number once it is stored. */
  async publish(
    subject: string,
    payload: Uint8Array,
    expected: Readonly<Record<string, string>> = {},
  ): Promise<Outcome<number>> {
    const fields = headers();
    for (const [name, value] of Object.entries(expected)) fields.set(name, value);
    // The client keeps the bytes until its next flush, and the caller may change them before.
    const answer = await this.#request(subject, Buffer.from(payload), fields);
    if (answer.kind !== "ok") return answer;
    const stored = read<{ seq: number }>(answer.value);
    return stored.kind === "ok" ? ok(stored.value.seq) : stored;
  }

  async #request(subject: string, payload: Uint8Array, fields?: MsgHdrs): Promise<Outcome<Msg>> {
    const link = this.link();
    if (link.kind !== "ok") return link;
    const timeout = this.settings.storeTimeoutMs;
    const options = { timeout, ...(fields === undefined ? {} : { headers: fields }) };
    return link.value.attempt(link.value.nc.request(subject, payload, options), (thrown) =>
      requestFailure(subject, timeout, thrown),
    );
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

function read<T>(msg: Msg): Outcome<T> {
  const answer = msg.json<T & { error?: ApiError }>();
  if (answer.error === undefined) return ok(answer);
  return { kind: "rejected", error: refusal(answer.error) };
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
