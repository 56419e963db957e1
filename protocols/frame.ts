import {
  checkOutgoing,
  checkTyped,
  type Envelope,
  envelopeForms,
  envelopeKinds,
  fieldError,
} from "./envelope.ts";
import { decodeJson, type EnvelopeDefaults } from "./frame-json.ts";
import {
  framePosition,
  KnownTexts,
  openFrame,
  readArrayHeader,
  readByte,
  readId,
  readLength,
  readNumber,
  readOptional,
  readText,
  skipTo,
} from "./frame-reader.ts";
import { putByte, putFloat, putOpaque, putString, written } from "./msgpack-writer.ts";
import { checkSize, type Limits, withDefaults } from "./plain-rules.ts";
import { malformed, prescan } from "./prescan.ts";
import { decodeRange } from "./value-codec.ts";

// The frame is one msgpack array; what a later version appends is skipped by this one:
//   kind id from to type protocol sentAtMs causationId correlationId deadlineMs traceparent key priority body grant
// The first 14 are always there; the grant, which came later, only where there is one.
const frameFields = 14;
const knownFields = 15;
const frameFieldsMax = 32;
const nil = 0xc0;

/**
 * An envelope as bytes: a msgpack array with the body opaque inside it, so that a router can read the
 * rest without decoding it. The bytes are the caller's; no later call changes them.
 *
 * @throws MESSAGE_INVALID naming the field or the path in the body; PAYLOAD_TOO_LARGE
 */
export function encodeEnvelope(envelope: Envelope, limits?: Partial<Limits>): Uint8Array {
  return written(putEnvelope, envelope, withDefaults(limits));
}

function putEnvelope(envelope: Envelope): void {
  checkOutgoing(envelope);
  const { grant } = envelope;
  putByte(0x90 | (grant === undefined ? frameFields : knownFields));
  putByte(envelopeKinds.indexOf(envelope.kind));
  putString(envelope.id, 0);
  putString(envelope.from, 0);
  putString(envelope.to, 0);
  putString(envelope.type, 0);
  putString(envelope.protocol, 0);
  putFloat(envelope.sentAtMs);
  putOptional(envelope.causationId);
  putOptional(envelope.correlationId);
  if (envelope.deadlineMs === undefined) putByte(nil);
  else putFloat(envelope.deadlineMs);
  putOptional(envelope.traceparent);
  putOptional(envelope.key);
  putByte(envelope.priority ?? nil);
  putOpaque(envelope.body);
  if (grant !== undefined) putString(grant, 0);
}

function putOptional(text: string | undefined): void {
  if (text === undefined) putByte(nil);
  else putString(text, 0);
}

/**
 * The envelope in a frame from outside: msgpack, or JSON where the first byte is `{`. Every field is
 * checked, the body is plain data within the limits; whether it fits a protocol is asked later.
 *
 * @param defaults fill `id` and `sentAtMs` of JSON that has none; without them both are required.
 * @throws FRAME_MALFORMED, PAYLOAD_TOO_LARGE; nothing else.
 */
export function decodeEnvelope(
  bytes: Uint8Array,
  limits?: Partial<Limits>,
  defaults?: EnvelopeDefaults,
): Envelope {
  const allowed = withDefaults(limits);
  checkSize(bytes, allowed);
  return bytes[0] === 0x7b ? decodeJson(bytes, allowed, defaults) : decodeFrame(bytes, allowed);
}

// Kept apart, so that a text is asked for the form of its own field.
const froms = new KnownTexts("from", envelopeForms.from);
const tos = new KnownTexts("to", envelopeForms.to);
const types = new KnownTexts("type", envelopeForms.type);
const protocols = new KnownTexts("protocol", envelopeForms.protocol);

const readCausationId = (tag: number): string => readId("causationId", tag);
const readCorrelationId = (tag: number): string => readId("correlationId", tag);

function decodeFrame(bytes: Uint8Array, limits: Limits): Envelope {
  openFrame(bytes);
  const count = readArrayHeader();
  if (count < frameFields || count > frameFieldsMax)
    throw malformed(`Expected a frame of ${frameFields} fields, got ${count}`);
  const kind = envelopeKinds[readByte()];
  const id = readId("id");
  const from = froms.read();
  const to = tos.read();
  const type = types.read();
  const protocol = protocols.read();
  const sentAtMs = readNumber();
  const causationId = readOptional(readCausationId);
  const correlationId = readOptional(readCorrelationId);
  const deadlineMs = readOptional(readNumber);
  const traceparent = readOptional(readText);
  const key = readOptional(readText);
  const priority = readOptional(readNumber);
  const bodyLength = readLength("bytes");
  const bodyAt = framePosition();
  const end = bodyAt + bodyLength;
  let grant: string | undefined;
  if (count > frameFields || end !== bytes.length) {
    skipTo(end);
    if (count > frameFields) grant = readOptional(readText);
    if (!envelopeForms.grant(grant)) throw fieldError("FRAME_MALFORMED", "grant", grant);
    prescan(bytes, framePosition(), bytes.length, limits, Math.max(0, count - knownFields));
  }
  const body = bodyLength === 0 ? undefined : decodeRange(bytes, bodyAt, end, limits);
  const envelope = {
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
  } as Envelope;
  checkRead(envelope);
  checkTyped(envelope);
  return envelope;
}

/** The fields that were not checked as they were read, by name: a loop over them would cost as much as all the checks. */
function checkRead(envelope: Envelope): void {
  const { sentAtMs, deadlineMs, traceparent, key, priority } = envelope;
  let wrong: keyof Envelope | undefined;
  if (envelope.kind === undefined) wrong = "kind";
  else if (!envelopeForms.sentAtMs(sentAtMs)) wrong = "sentAtMs";
  else if (deadlineMs !== undefined && !envelopeForms.deadlineMs(deadlineMs)) wrong = "deadlineMs";
  else if (traceparent !== undefined && !envelopeForms.traceparent(traceparent)) wrong = "traceparent";
  else if (key !== undefined && !envelopeForms.key(key)) wrong = "key";
  else if (priority !== undefined && !envelopeForms.priority(priority)) wrong = "priority";
  if (wrong !== undefined) throw fieldError("FRAME_MALFORMED", wrong, envelope[wrong]);
}
