import {
  type ActorAddress,
  CoxswainError,
  type Envelope,
  type MessageId,
  type Protocol,
  payloadSchema,
  quote,
  validate,
} from "../protocols/index.ts";
import type { Node } from "./node.ts";

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
}

/** What a caller chose, or left out. */
type Chosen = { readonly [K in keyof SendOptions]?: SendOptions[K] | undefined };

/** The way out, in order: validate, seal, encode, publish. @returns the message's id. @throws MESSAGE_INVALID and the transport's refusals */
export function send(
  node: Node,
  origin: Origin,
  protocol: Protocol,
  to: ActorAddress,
  message: { readonly type: string },
  options: SendOptions | undefined,
): MessageId {
  const body = outgoingBody(protocol, to, message);
  const envelope = seal(node, origin, protocol, to, message.type, body, options);
  publish(node, envelope, node.inboxSubject(to), node.unreachableSubject(envelope));
  return envelope.id;
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
  if ("sender" in body || "replyTo" in body) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected a payload for ${protocol.name}.${type} without the runtime's keys sender and replyTo, got ${quote(body)}`,
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
  if (node.closed)
    throw new CoxswainError(
      "SYSTEM_CLOSED",
      `System ${node.system} is closed; ${envelope.type} was not sent`,
    );
  const refused = node.transport.publish(subject, envelope, reply);
  if (refused !== undefined) throw refused;
  node.counts.sent++;
}
