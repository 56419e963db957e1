import { batchedSubjects, batchMark, framesOf, isOnLane } from "../../protocols/index.ts";
import type { Delivery } from "./transport.ts";

/**
 * The messages that came as one, each as it would have come alone; undefined for one that is a message by
 * itself. What claims to be a batch and is none stays whole: the boundary refuses its bytes.
 */
export function splitBatch(delivery: Delivery): readonly Delivery[] | undefined {
  const { subject, payload, reply } = delivery;
  if (!(payload instanceof Uint8Array)) return undefined;
  if (payload[0] === batchMark) {
    const frames = framesOf(payload);
    if (frames === undefined) return undefined;
    return isOnLane(subject, "in") ? asMessages(subject, frames, reply) : asReplies(subject, frames);
  }
  // The server says that nobody listened, or an old node that it cannot read this: to all of them.
  return batchedSubjects(subject)?.map((each) => ({ ...delivery, subject: each }));
}

function asMessages(
  subject: string,
  frames: readonly Uint8Array[],
  reply: string | undefined,
): readonly Delivery[] | undefined {
  const replies = reply === undefined ? undefined : batchedSubjects(reply);
  if (replies?.length !== frames.length) return undefined;
  return frames.map((payload, i) => ({ subject, payload, reply: replies[i] }));
}

function asReplies(subject: string, frames: readonly Uint8Array[]): readonly Delivery[] | undefined {
  const subjects = batchedSubjects(subject);
  if (subjects?.length !== frames.length) return undefined;
  return frames.map((payload, i) => ({ subject: subjects[i] as string, payload, reply: undefined }));
}
