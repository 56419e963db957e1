import {
  type BoxMessage,
  boxEntryHeadBytes,
  boxEntryMaxBytes,
  boxEntryMessagesMax,
  boxMessageHeadBytes,
  CoxswainError,
  type Envelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  type Limits,
} from "../../../protocols/index.ts";

/**
 * The messages of the next entry: the first that waits, and those behind it while there are at most 64, within 128 KiB and
 * what the server takes.
 *
 * @param messageAt undefined where none waits, or one that does not belong into the same entry
 */
export function messagesOfEntry(
  from: string,
  bytesMax: number,
  messageAt: (i: number) => BoxMessage | undefined,
): BoxMessage[] {
  const allowedBytes = Math.min(boxEntryMaxBytes, bytesMax);
  const messages: BoxMessage[] = [];
  let bytes = boxEntryHeadBytes + from.length;
  while (messages.length < boxEntryMessagesMax) {
    const message = messageAt(messages.length);
    if (message === undefined) break;
    bytes += costOf(message);
    if (bytes > allowedBytes && messages.length > 0) break;
    messages.push(message);
  }
  return messages;
}

/**
 * A message as bytes, which its sender can no longer change. One that would be too large for an entry of its own is
 * refused here, before it is in the way of others.
 *
 * @throws MESSAGE_INVALID, PAYLOAD_TOO_LARGE
 */
export function boxMessageOf(
  from: string,
  envelope: Envelope,
  reply: string | undefined,
  limits: Limits,
  json = false,
): BoxMessage {
  const frame = json ? encodeEnvelopeJson(envelope, limits) : encodeEnvelope(envelope, limits);
  const message = { reply, frame };
  const bytes = boxEntryHeadBytes + from.length + costOf(message);
  if (bytes > limits.bytesMax) {
    const text = `Expected at most ${limits.bytesMax} bytes with an inbox entry around them, got ${bytes}`;
    throw new CoxswainError("PAYLOAD_TOO_LARGE", text, { details: { bytes, bytesMax: limits.bytesMax } });
  }
  return message;
}

/** In bytes, at most. */
function costOf({ reply, frame }: BoxMessage): number {
  // A character of a foreign client's subject may take three bytes.
  return boxMessageHeadBytes + frame.length + 3 * (reply?.length ?? 0);
}
