import { isActorAddress, isToken } from "./address.ts";
import { type Limits, withDefaults } from "./plain-rules.ts";
import { malformed } from "./prescan.ts";
import { wantsAnswer } from "./subjects.ts";
import { decodeValue, encodeValue } from "./value-codec.ts";

// The entry is one msgpack array, its version first:
//   1 from incarnation firstSeq [[reply | nil, frame], …]
const version = 1;
const fields = 5;

/** Messages in one entry. */
export const boxEntryMessagesMax = 64;
/** What an entry of more than one message may come to, in bytes. */
export const boxEntryMaxBytes = 131_072;
/** What an entry costs beside its sender's name and its messages, and a message beside its frame and its reply subject, at most, in bytes. */
export const boxEntryHeadBytes = 32;
export const boxMessageHeadBytes = 12;

/** A message in a durable inbox. */
export interface BoxMessage {
  /** Where its sender waits for an answer; undefined for a message that was told. */
  readonly reply: string | undefined;
  /** An envelope, as `decodeEnvelope` takes it: msgpack or JSON. */
  readonly frame: Uint8Array;
}

/** An entry of a durable inbox: one or more messages that follow each other in the line of their sender to the receiver. */
export interface BoxEntry {
  /** A durable actor's address, or {@link boxSenderOf} for all that is volatile on a node. */
  readonly from: string;
  /** Which line of the sender it is: a later one has a greater number. */
  readonly incarnation: number;
  /** The place of the first message in its line, from 1 on; the others follow without a gap. */
  readonly firstSeq: number;
  /** 1 to {@link boxEntryMessagesMax}. */
  readonly messages: readonly BoxMessage[];
}

/** The sender's name of what scripts, clients and volatile actors of a node put into inboxes. It is no address, so that no actor can have it. */
export function boxSenderOf(nodeIncarnation: string): string {
  return `~${nodeIncarnation}`;
}

/** An entry as bytes. @throws PAYLOAD_TOO_LARGE */
export function encodeBoxEntry(entry: BoxEntry, limits?: Partial<Limits>): Uint8Array {
  const { from, incarnation, firstSeq, messages } = entry;
  const written = messages.map(({ reply, frame }) => [reply ?? null, frame]);
  return encodeValue([version, from, incarnation, firstSeq, written], limits);
}

/** An entry's levels and values, the frames being one each. */
const shape = { depthMax: 3, nodesMax: fields + 1 + 3 * boxEntryMessagesMax };

/**
 * The entry in bytes from an inbox. Whatever is claimed in it costs no more than its bytes; the frames stay as they are,
 * each to be decoded for itself, so that what is wrong with one is that one's alone. A reply subject on which no answer
 * may be sent (see {@link wantsAnswer}) is left out.
 *
 * @throws FRAME_MALFORMED, PAYLOAD_TOO_LARGE; nothing else.
 */
export function decodeBoxEntry(bytes: Uint8Array, limits?: Partial<Limits>): BoxEntry {
  const { bytesMax } = withDefaults(limits);
  const value = decodeValue(bytes, { bytesMax, ...shape });
  if (!Array.isArray(value) || value[0] !== version || value.length !== fields)
    throw malformed(`Expected an inbox entry of version ${version}, got other bytes`);
  const [, from, incarnation, firstSeq, messages] = value as unknown[];
  if (!isSender(from)) throw malformed("Expected an inbox entry from an address or a node, got another name");
  if (!isCount(incarnation) || !isCount(firstSeq) || firstSeq < 1)
    throw malformed("Expected an inbox entry with its place in a line, got other numbers");
  if (!Array.isArray(messages) || messages.length < 1 || messages.length > boxEntryMessagesMax)
    throw malformed(`Expected an inbox entry of 1 to ${boxEntryMessagesMax} messages`);
  if (!isCount(firstSeq + messages.length)) throw malformed("Expected places in a line that can be counted");
  return { from, incarnation, firstSeq, messages: messages.map(messageOf) };
}

function messageOf(pair: unknown): BoxMessage {
  if (!Array.isArray(pair) || pair.length !== 2) throw malformed("Expected a message with its reply subject");
  const [reply, frame] = pair as unknown[];
  if (!(frame instanceof Uint8Array)) throw malformed("Expected a message as bytes, got another value");
  if (reply !== null && typeof reply !== "string") throw malformed("Expected a reply subject or none");
  return { reply: reply !== null && wantsAnswer(reply) ? reply : undefined, frame };
}

function isSender(from: unknown): from is string {
  return isActorAddress(from) || (typeof from === "string" && from[0] === "~" && isToken(from.slice(1)));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
