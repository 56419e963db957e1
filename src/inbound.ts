import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type ActorAddress,
  type CallerGrant,
  CoxswainError,
  decodeEnvelope,
  type Envelope,
  type ErrorCode,
  isCoxswainError,
  type Protocol,
  payloadSchema,
  quote,
  type ReplyTo,
  readsVersion,
  replySchema,
  reservedKeys,
  toWireError,
  validate,
  wantsAnswer,
} from "../protocols/index.ts";
import { refuse, refuseBytes } from "./answers.ts";
import type { Cell } from "./cell.ts";
import { checkGrant } from "./grants/index.ts";
import type { Incoming } from "./mailbox.ts";
import type { Node } from "./node.ts";
import type { Delivery } from "./transport/transport.ts";

/**
 * The way in, in one order: size cap, pre-scan, decode, envelope (all four in `decodeEnvelope`),
 * address, version, sender, reserved types, deadline, payload schema, authority, mailbox. A message
 * refused at one stage never reaches the next.
 */
export function receive(node: Node, delivery: Delivery): void {
  const arrival = open(node, delivery);
  if (arrival === undefined) return;
  const { incoming, claimed, to } = arrival;
  const cell = to === undefined ? undefined : node.cells.get(to);
  const refused = inspect(node, cell, claimed, incoming);
  if (refused !== undefined) return refuse(node, incoming, refused.code as ErrorCode, refused.message);
  (cell as Cell).enter(incoming);
}

/** A message that was decoded, and nothing more. */
export interface Opened {
  readonly incoming: Incoming;
  /** By the subject; undefined where that is no inbox's. */
  readonly to: ActorAddress | undefined;
  /** By the message itself. */
  readonly claimed: string;
}

/** Decodes a delivery. What is no message is refused here. */
export function open(node: Node, delivery: Delivery): Opened | undefined {
  const decoded = decode(node, delivery);
  if (decoded === undefined) return undefined;
  const { json } = decoded;
  const route = node.parse(delivery.subject);
  // A foreign client may name the receiver in the subject alone. Whom else it names is never taken for the receiver.
  const claimed = decoded.envelope.to;
  const readdressed = route !== undefined && claimed !== route.to;
  const envelope = readdressed ? { ...decoded.envelope, to: route.to } : decoded.envelope;
  const reply = wantsAnswer(delivery.reply) ? delivery.reply : undefined;
  const zone = route?.zone ?? "";
  const incoming: Incoming = { envelope, event: envelope, reply, zone, json, enteredMs: 0, rank: 0 };
  return { incoming, to: route?.to, claimed };
}

function decode(node: Node, delivery: Delivery): { envelope: Envelope; json: boolean } | undefined {
  const { payload } = delivery;
  if (!(payload instanceof Uint8Array)) return { envelope: payload, json: false };
  const json = payload[0] === 0x7b;
  try {
    return { envelope: decodeEnvelope(payload, node.limits, node.frameDefaults), json };
  } catch (error) {
    const fault = isCoxswainError(error)
      ? error
      : new CoxswainError("INVARIANT_BROKEN", "The decoder threw", { cause: error });
    refuseBytes(node, delivery, payload, fault);
    return undefined;
  }
}

/** Runs the stages. Completes `incoming.event` when all are passed. */
export function inspect(
  node: Node,
  cell: Pick<Cell, "definition"> | undefined,
  claimed: string,
  incoming: Incoming,
): CoxswainError | undefined {
  const { envelope } = incoming;
  if (cell === undefined) {
    return new CoxswainError(
      "ADDRESS_UNKNOWN",
      `No actor lives at ${quote(envelope.to)} on node ${node.name}`,
    );
  }
  const { protocol } = cell.definition;
  const wrong = checkVersion(protocol, envelope.protocol) ?? checkHead(node, claimed, envelope);
  if (wrong !== undefined) return wrong;
  const schema = payloadSchema(protocol, envelope.type);
  if (schema === undefined) {
    return new CoxswainError("TYPE_UNKNOWN", `${protocol.tag} has no message ${quote(envelope.type)}`);
  }
  if (incoming.reply !== undefined && replySchema(protocol, envelope.type) === undefined) {
    // Some clients always send a reply subject; the message itself is good and is told.
    incoming.reply = undefined;
  }
  const checked = checkPayload(schema, envelope.body ?? {});
  if (isCoxswainError(checked)) return checked;
  if (typeof checked === "string") {
    return new CoxswainError(
      "MESSAGE_INVALID",
      `Expected a payload of ${protocol.name}.${envelope.type}: ${checked}`,
    );
  }
  const grant = cell.definition.grant === undefined ? undefined : checkGrant(node, cell.definition, incoming);
  if (isCoxswainError(grant)) return grant;
  incoming.event = eventOf(envelope, checked, incoming.reply, grant);
  incoming.enteredMs = node.env.monotonicMs();
  return undefined;
}

/** The stages that need no protocol: receiver, reserved types, deadline. */
export function checkHead(node: Node, claimed: string, envelope: Envelope): CoxswainError | undefined {
  if (envelope.kind !== "message" || (claimed !== "" && claimed !== envelope.to)) {
    return new CoxswainError(
      "FRAME_MALFORMED",
      `Expected a message to ${envelope.to}, got a ${envelope.kind} to ${quote(claimed)}`,
    );
  }
  if (isReserved(envelope.type)) {
    return new CoxswainError(
      "TYPE_RESERVED",
      `Type ${quote(envelope.type)} is the machine's own; nobody may send it`,
    );
  }
  if (envelope.deadlineMs !== undefined && envelope.deadlineMs < node.env.nowMs()) {
    return new CoxswainError(
      "DEADLINE_EXCEEDED",
      `The deadline of ${envelope.type} had passed when it arrived`,
    );
  }
  return undefined;
}

/** A machine believes such events, as they come from the runtime alone. */
function isReserved(type: string): boolean {
  return type.startsWith("xstate.") || type.startsWith("coxswain.") || type === "*";
}

/** Else a payload could claim a sender, where the sender is no actor. */
const ownKeys = reservedKeys.filter((key) => key !== "type");

/** The payload as its schema gives it, or what is wrong with it. Never throws, as a schema may. */
function checkPayload(schema: StandardSchemaV1, body: unknown): object | string {
  try {
    const checked = validate(schema, body);
    if (!checked.ok) return checked.issues;
    const { value } = checked;
    if (typeof value !== "object" || value === null) return "a payload is an object";
    return ownKeys.some((key) => key in value) ? `${ownKeys.join(", ")} are the runtime's own keys` : value;
  } catch (error) {
    return isCoxswainError(error) ? error : `its schema threw: ${toWireError(error).message}`;
  }
}

function checkVersion({ name, version, tag: own }: Protocol, tag: string): CoxswainError | undefined {
  if (tag === own || tag === "") return undefined;
  const at = tag.lastIndexOf("@");
  if (tag.slice(0, at) !== name) {
    return new CoxswainError("PROTOCOL_UNKNOWN", `Expected protocol ${name}, got ${quote(tag)}`);
  }
  if (!readsVersion(version, tag.slice(at + 1))) {
    return new CoxswainError(
      "VERSION_UNSUPPORTED",
      `Expected ${name} ${version} or another minor of it, got ${quote(tag)}`,
    );
  }
  return undefined;
}

function eventOf(
  envelope: Envelope,
  payload: object,
  reply: string | undefined,
  grant: CallerGrant | undefined,
): { type: string } {
  const event: { type: string; sender?: string; replyTo?: ReplyTo; underGrant?: CallerGrant } = {
    ...payload,
    type: envelope.type,
  };
  if (envelope.from !== "") event.sender = envelope.from;
  if (grant !== undefined) event.underGrant = grant;
  if (reply !== undefined) {
    event.replyTo = {
      $replyTo: reply,
      question: envelope.id,
      ...(envelope.deadlineMs === undefined ? {} : { deadlineMs: envelope.deadlineMs }),
    };
  }
  return event;
}
