import {
  type ActorAddress,
  CoxswainError,
  type Envelope,
  type ErrorCode,
  isActorAddress,
  type MessageId,
  type Protocol,
  payloadSchema,
  quote,
  validate,
} from "../protocols/index.ts";
import type { DurableInboxes } from "./durable/posting/posts.ts";
import type { Node } from "./node.ts";
import type { Outcome } from "./transport/transport.ts";

/** Where a message comes from: an actor or a script, and what caused it. */
export interface Origin {
  readonly from: ActorAddress | "";
  readonly cause?: Envelope | undefined;
  /** The trace context of a span of its own; default the present one's, else the cause's. */
  readonly traceparent?: string | undefined;
}

export interface SendOptions {
  /** 0 (urgent) to 4 (background); default 2. */
  readonly priority?: 0 | 1 | 2 | 3 | 4;
  /** Work on the message must have begun within this many milliseconds; else it never runs. */
  readonly withinMs?: number;
  /** Epoch milliseconds; the earlier of this and `withinMs` holds. */
  readonly deadlineMs?: number;
  readonly correlationId?: MessageId;
  /** The token of the grant under which it is sent. */
  readonly grant?: string;
}

/** What a caller chose, or left out. */
type Chosen = { readonly [K in keyof SendOptions]?: SendOptions[K] | undefined };

/**
 * The way out, in order: validate, seal, encode, publish; or post, where the receiver is durable.
 *
 * @returns the message's id
 * @throws MESSAGE_INVALID and the refusals of the transport or the posts
 */
export function send(
  node: Node,
  origin: Origin,
  protocol: Protocol,
  to: ActorAddress,
  message: { readonly type: string },
  options: SendOptions | undefined,
): MessageId {
  const envelope = sealed(node, origin, protocol, to, message, options);
  const inboxes = node.inboxesOf(to);
  if (inboxes === undefined)
    publish(node, envelope, node.inboxSubject(to), node.unreachableSubject(envelope));
  else post(node, inboxes, envelope, undefined, (outcome) => bury(node, envelope, outcome));
  return envelope.id;
}

/** Validates and seals a message. @throws MESSAGE_INVALID */
export function sealed(
  node: Node,
  origin: Origin,
  protocol: Protocol,
  to: ActorAddress,
  message: { readonly type: string },
  options: SendOptions | undefined,
): Envelope {
  const body = outgoingBody(protocol, to, message);
  return seal(node, origin, protocol, to, message.type, body, options);
}

/**
 * Hands over a sealed message, at once. Resolves when the broker has it, or the inbox of a durable receiver; rejects with
 * why it has not, or with the code of what went wrong where that is unknown.
 */
export async function handOver(node: Node, envelope: Envelope, to: ActorAddress): Promise<void> {
  const inboxes = node.inboxesOf(to);
  if (inboxes === undefined) {
    publish(node, envelope, node.inboxSubject(to), node.unreachableSubject(envelope));
    const flushed = await node.transport.flush();
    if (flushed.kind !== "ok") throw flushed.error;
    return;
  }
  const outcome = await new Promise<Outcome<number>>((resolve) =>
    post(node, inboxes, envelope, undefined, resolve),
  );
  if (outcome.kind === "ok") return;
  const { error } = outcome;
  if (outcome.kind === "unknown") {
    const text = `${error.message}. To deliver it again is to deliver another message`;
    throw new CoxswainError(error.code as ErrorCode, text, { cause: error });
  }
  node.counts.refused++;
  throw error;
}

/** A told message that its receiver's inbox has not taken becomes a dead letter; also where nobody can know, so that it does not vanish. */
export function bury(node: Node, envelope: Envelope, outcome: Outcome<number>): void {
  if (outcome.kind === "ok" || !isActorAddress(envelope.to)) return;
  const { code, message } = outcome.error;
  node.counts.dead++;
  node.deadLetters.add(envelope.to, code, message, envelope);
}

/** The message without its type, checked against the protocol. */
export function outgoingBody(protocol: Protocol, to: string, message: { readonly type: string }): object {
  const { type, ...body } = message;
  const schema = payloadSchema(protocol, type);
  if (schema === undefined) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected one of the messages of ${protocol.name} (${Object.keys(protocol.accepts).join(", ")}) for ${to}, got ${quote(type)}`,
    );
  }
  if ("sender" in body || "replyTo" in body || "underGrant" in body) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected a payload for ${protocol.name}.${type} without the runtime's keys sender, replyTo and underGrant, got ${quote(body)}`,
    );
  }
  const checked = validate(schema, body);
  if (!checked.ok) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected a payload of ${protocol.name}.${type} for ${to}: ${checked.issues}; got ${quote(body)}`,
      { details: { protocol: protocol.name, type } },
    );
  }
  return body;
}

export function seal(
  node: Node,
  origin: Origin,
  protocol: Protocol,
  to: ActorAddress,
  type: string,
  body: unknown,
  options: (Chosen & { readonly key?: string | undefined }) | undefined,
): Envelope {
  const { cause } = origin;
  const sentAtMs = node.env.nowMs();
  return {
    kind: "message",
    id: node.nextMessageId(),
    from: origin.from,
    to,
    type,
    protocol: protocol.tag,
    sentAtMs,
    body,
    causationId: cause?.id,
    correlationId: options?.correlationId ?? cause?.correlationId ?? cause?.id,
    deadlineMs: deadlineOf(sentAtMs, options),
    traceparent: origin.traceparent ?? node.telemetry?.traceparent() ?? cause?.traceparent,
    key: options?.key,
    priority: options?.priority,
    grant: options?.grant,
  };
}

function deadlineOf(nowMs: number, options: Chosen | undefined): number | undefined {
  if (options === undefined || (options.withinMs === undefined && options.deadlineMs === undefined))
    return undefined;
  const deadlineMs = Math.min(
    nowMs + (options.withinMs ?? Number.POSITIVE_INFINITY),
    options.deadlineMs ?? Number.POSITIVE_INFINITY,
  );
  if (Number.isNaN(deadlineMs)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected withinMs and deadlineMs to be numbers, got ${quote(options)}`,
    );
  }
  return deadlineMs;
}

/** Hands an envelope to the transport and counts it. @throws the transport's refusal */
export function publish(node: Node, envelope: Envelope, subject: string, reply: string): void {
  assertOpen(node, envelope);
  const refused = node.transport.publish(subject, envelope, reply);
  if (refused !== undefined) throw refused;
  node.counts.sent++;
}

/** Hands an envelope to a durable inbox and counts it. `settled` is told what becomes of it. @throws why it was not taken */
export function post(
  node: Node,
  inboxes: DurableInboxes,
  envelope: Envelope,
  reply: string | undefined,
  settled: (outcome: Outcome<number>) => void,
): void {
  assertOpen(node, envelope);
  const refused = inboxes.post(envelope, reply, settled);
  if (refused !== undefined) throw refused;
  node.counts.sent++;
}

function assertOpen(node: Node, { type }: Envelope): void {
  if (!node.closed) return;
  throw new CoxswainError("SYSTEM_CLOSED", `System ${node.system} is closed; ${type} was not sent`);
}
