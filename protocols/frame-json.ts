import type { MessageId } from "./address.ts";
import { checkOutgoing, checkTyped, type Envelope, envelopeForms, fieldError } from "./envelope.ts";
import { CoxswainError } from "./errors.ts";
import { copyPlain } from "./plain.ts";
import { checkSize, type Limits, withDefaults } from "./plain-rules.ts";
import { malformed } from "./prescan.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What an envelope gets where a foreign client did not say. */
export interface EnvelopeDefaults {
  readonly nowMs: () => number;
  readonly freshId: () => MessageId;
}

/**
 * An envelope as a JSON object, for a client that knows nothing of us.
 *
 * @throws MESSAGE_INVALID naming the path, also for bytes and bigints, which JSON does not have; PAYLOAD_TOO_LARGE
 */
export function encodeEnvelopeJson(envelope: Envelope, limits?: Partial<Limits>): Uint8Array {
  checkOutgoing(envelope);
  const { value: body, isJson } = copyPlain(envelope.body, limits);
  if (!isJson) throw noJson(body);
  const { kind, id, from, to, type, protocol, sentAtMs } = envelope;
  const { causationId, correlationId, deadlineMs, traceparent, key, priority, grant } = envelope;
  // Field by field: an object made by a spread takes a third longer.
  const text = JSON.stringify({
    kind,
    id,
    from,
    to,
    type,
    protocol,
    sentAtMs,
    body,
    causationId,
    correlationId,
    deadlineMs,
    traceparent,
    key,
    priority,
    grant,
  });
  const bytes = Buffer.from(text);
  checkSize(bytes, withDefaults(limits));
  return bytes;
}

function noJson(body: unknown): CoxswainError {
  const { path, value } = findNoJson(body) as { path: string[]; value: unknown };
  const where = ["body", ...path].join(".").slice(0, 200);
  const name = typeof value === "bigint" ? "a bigint" : "bytes";
  return new CoxswainError("MESSAGE_INVALID", `Expected data that JSON has, got ${name} at ${where}`, {
    details: { path: where },
  });
}

/** The first value inside plain data that JSON has no word for, and the keys that lead there. */
function findNoJson(from: unknown): { path: string[]; value: unknown } | undefined {
  if (typeof from === "bigint" || from instanceof Uint8Array) return { path: [], value: from };
  if (typeof from !== "object" || from === null) return undefined;
  for (const [key, value] of Object.entries(from)) {
    const found = findNoJson(value);
    if (found !== undefined) return { path: [key, ...found.path], value: found.value };
  }
  return undefined;
}

const fields = Object.keys(envelopeForms) as (keyof typeof envelopeForms)[];

/** @throws FRAME_MALFORMED */
export function decodeJson(bytes: Uint8Array, limits: Limits, defaults?: EnvelopeDefaults): Envelope {
  scanJson(bytes, limits);
  const given = plainJson(bytes, limits);
  const envelope: Record<string, unknown> = {
    kind: "message",
    id: undefined,
    from: "",
    to: "",
    type: undefined,
    protocol: "",
    sentAtMs: undefined,
    body: given.body,
  };
  if (defaults !== undefined) {
    envelope.id = defaults.freshId();
    envelope.sentAtMs = defaults.nowMs();
  }
  for (const field of fields) {
    // A field that is null is one a client of another language had no value for.
    if (given[field] !== undefined && given[field] !== null) envelope[field] = given[field];
    if (!envelopeForms[field](envelope[field])) throw fieldError("FRAME_MALFORMED", field, envelope[field]);
  }
  checkTyped(envelope as unknown as Envelope);
  return envelope as unknown as Envelope;
}

/** Parses what `scanJson` has passed, and holds it to the same rules as msgpack. */
function plainJson(bytes: Uint8Array, limits: Limits): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(decoder.decode(bytes));
    // Its bytes have been counted as JSON.
    const around = {
      bytesMax: Number.POSITIVE_INFINITY,
      depthMax: limits.depthMax + 1,
      nodesMax: limits.nodesMax + aroundNodes,
    };
    return copyPlain(parsed, around).value as Record<string, unknown>;
  } catch (thrown) {
    const { message } = thrown as Error;
    throw malformed(`Expected JSON of plain data: ${message.slice(0, 300)}`);
  }
}

/** What the fields around the body may come to, those of later versions too. */
const aroundNodes = 128;
/** The longest number a double can be written as has 309 digits before its point. */
const digitsMax = 400;
const quoteMark = 0x22;
const backslash = 0x5c;

/**
 * Counts levels and values in JSON before it is parsed, so that a parser is never given a bomb. It need
 * not know the grammar: commas, colons and brackets outside strings bound what a parser can build.
 */
function scanJson(bytes: Uint8Array, limits: Limits): void {
  let depth = 0;
  let nodes = 1;
  let digits = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > digitsMax) throw malformed(`Expected numbers of at most ${digitsMax} digits`);
      continue;
    }
    digits = 0;
    if (byte === quoteMark) i = closingQuote(bytes, i);
    else if (byte === 0x2c || byte === 0x3a) nodes++;
    else if (byte === 0x7b || byte === 0x5b) {
      nodes++;
      // The object around the body is one level more, and its fields a few values.
      if (++depth > limits.depthMax + 1)
        throw malformed(`Expected at most ${limits.depthMax} levels, got more`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    if (nodes > limits.nodesMax + aroundNodes)
      throw malformed(`Expected at most ${limits.nodesMax} values, got more`);
  }
}

/** Where the string that opens at `start` ends: at the first quote behind an even number of backslashes. */
function closingQuote(bytes: Uint8Array, start: number): number {
  for (let from = start + 1; ; ) {
    const end = bytes.indexOf(quoteMark, from);
    if (end < 0) throw malformed("Expected the end of a string, got the end");
    let escapes = end;
    while (escapes > from && bytes[escapes - 1] === backslash) escapes--;
    if ((end - escapes) % 2 === 0) return end;
    from = end + 1;
  }
}
