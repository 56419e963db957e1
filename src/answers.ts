import {
  type ActorAddress,
  actorAddress,
  CoxswainError,
  type Envelope,
  type ErrorCode,
  encodeEnvelopeJson,
  toWireError,
  type WireError,
  wantsAnswer,
} from "../protocols/index.ts";
import { publishFact } from "./facts.ts";
import type { Incoming } from "./mailbox.ts";
import type { Node } from "./node.ts";
import type { Given } from "./questions.ts";
import type { Delivery } from "./transport/transport.ts";

/** Sends the answer to a question; nothing for a message that was told. */
export function answer(node: Node, from: ActorAddress | "", question: Incoming, given: Given): void {
  if (question.reply === undefined) return;
  publishAnswer(node, question.reply, answerEnvelope(node, from, question.envelope, given), question.json);
}

/** The answer to a question, sealed. */
export function answerEnvelope(
  node: Node,
  from: ActorAddress | "",
  { id, type, protocol, correlationId }: Pick<Envelope, "id" | "type" | "protocol" | "correlationId">,
  given: Given,
): Envelope {
  return {
    kind: given.ok ? "reply" : "refusal",
    id: node.nextMessageId(),
    from,
    to: "",
    type,
    protocol,
    sentAtMs: node.env.nowMs(),
    body: given.ok ? given.value : toWireError(given.error),
    causationId: id,
    correlationId: correlationId ?? id,
  };
}

/** A message is not worked on: its asker is told; what was told goes to the dead letters. */
export function refuse(node: Node, incoming: Incoming, code: ErrorCode, reason: string): void {
  const { envelope } = incoming;
  const to = envelope.to === "" ? actorAddress("unknown") : envelope.to;
  if (incoming.reply !== undefined) {
    node.counts.refused++;
    answer(node, "", incoming, { ok: false, error: new CoxswainError(code, reason) });
  } else {
    node.counts.dead++;
    node.deadLetters.add(to, code, reason, envelope);
  }
  const sender = envelope.from === "" ? {} : { sender: envelope.from };
  const { id: messageId, type } = envelope;
  publishFact(node, to, "refused", { messageId, type, code, message: reason, ...sender });
}

/** Bytes that are no message of ours become a dead letter; whoever asked with them is told in JSON. */
export function refuseBytes(node: Node, delivery: Delivery, bytes: Uint8Array, error: CoxswainError): void {
  const to = node.parse(delivery.subject)?.to ?? actorAddress("unknown");
  node.counts.dead++;
  node.deadLetters.add(to, error.code, error.message, bytes);
  if (!wantsAnswer(delivery.reply)) return;
  const refusal: Envelope = {
    kind: "refusal",
    id: node.nextMessageId(),
    from: "",
    to: "",
    type: "unknown",
    protocol: "",
    sentAtMs: node.env.nowMs(),
    body: toWireError(error),
  };
  publishAnswer(node, delivery.reply, refusal, true);
}

/** Sends an answer; one that cannot travel is told as a refusal. */
export function publishAnswer(node: Node, reply: string, envelope: Envelope, json: boolean): void {
  try {
    const refused = node.transport.publish(reply, json ? encodeEnvelopeJson(envelope) : envelope);
    if (refused !== undefined) throw refused;
  } catch (error) {
    node.report({
      level: "error",
      message: `The ${envelope.kind} to ${envelope.type} could not be sent`,
      error,
    });
    const { kind, body } = envelope;
    // An error whose details cannot travel is told without them: the asker must learn of it.
    const { details, ...bare } =
      kind === "refusal" ? (body as WireError) : toWireError(error, "REPLY_INVALID");
    if (kind === "refusal" && details === undefined) return;
    publishAnswer(node, reply, { ...envelope, kind: "refusal", body: bare }, json);
  }
}
