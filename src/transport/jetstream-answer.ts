import type { Msg } from "nats";
import { CoxswainError, type ErrorCode } from "../../protocols/index.ts";
import { ok, rejected, unknown } from "./outcomes.ts";
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
  streamSubjectsOverlap: 10065,
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

/** Whether JetStream refused with this code. */
export function refusedWith(outcome: Outcome<unknown>, code: number): boolean {
  return outcome.kind === "rejected" && outcome.error.details.jetStreamCode === code;
}

/** What JetStream's API says. */
export function readAnswer<T>(msg: Msg): Outcome<T> {
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
export function readStored(stream: string, msg: Msg): Outcome<number> {
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
