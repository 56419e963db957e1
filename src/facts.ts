import {
  type ActorAddress,
  type ActorOutcome,
  CoxswainError,
  type Envelope,
  encodeEnvelopeJson,
  eventSubject,
  lifecycle,
  type Protocol,
  quote,
  validate,
} from "../protocols/index.ts";
import type { Cell } from "./cell.ts";
import type { Node } from "./node.ts";

/** Which life-cycle facts are published; started, stopped, failed and refused always are. */
export interface FactOptions {
  /** Also publish `changed` at each change of an actor's state value. Default false. */
  readonly changed: boolean;
}

/** Publishes what an actor emitted, after checking it against its protocol. JSON, so that any client can read it. @throws MESSAGE_INVALID */
export function publishEvent(
  node: Node,
  cell: Pick<Cell, "address" | "definition">,
  event: { readonly type: string },
  cause: Envelope | undefined,
): void {
  const { type, ...body } = event;
  const { protocol } = cell.definition;
  const schema = Object.hasOwn(protocol.emits, type) ? protocol.emits[type] : undefined;
  if (schema === undefined) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected an event that ${protocol.name} emits (${Object.keys(protocol.emits).join(", ")}), got ${quote(type)}`,
    );
  }
  const checked = validate(schema, body);
  if (!checked.ok) {
    throw new CoxswainError(
      "MESSAGE_INVALID",
      `Expected an event ${protocol.name}.${type}: ${checked.issues}; got ${quote(body)}`,
    );
  }
  publishOn(node, cell.address, protocol.tag, type, body, cause);
}

/** Publishes a fact of an address. Never throws: what cannot be published is reported. */
export function publishFact(
  node: Node,
  address: ActorAddress,
  type: string,
  body: object,
  protocol: Protocol = lifecycle,
): void {
  try {
    publishOn(node, address, protocol.tag, type, body, undefined);
  } catch (error) {
    node.report({
      level: "warning",
      message: `The fact ${type} of ${address} was not published`,
      address,
      error,
    });
  }
}

/** Publishes how an actor ended. What of it cannot travel as JSON is left out, and reported. */
export function publishEnd(node: Node, address: ActorAddress, outcome: ActorOutcome): void {
  const type = outcome.kind === "failed" ? "failed" : "stopped";
  try {
    publishOn(node, address, lifecycle.tag, type, { ...outcome }, undefined);
  } catch (error) {
    const message = `How ${address} ended cannot be told in full`;
    node.report({ level: "warning", message, address, error });
    publishFact(node, address, type, bareOutcome(outcome));
  }
}

/** An outcome without the parts that are the user's own data. */
export function bareOutcome(outcome: ActorOutcome): ActorOutcome {
  if (outcome.kind === "done") return { kind: "done" };
  if (outcome.kind !== "failed") return outcome;
  const { code, message } = outcome.error;
  return { kind: "failed", error: { code, message } };
}

function publishOn(
  node: Node,
  from: ActorAddress,
  protocol: string,
  type: string,
  body: object,
  cause: Envelope | undefined,
): void {
  const envelope: Envelope = {
    kind: "event",
    id: node.nextMessageId(),
    from,
    to: "",
    type,
    protocol,
    sentAtMs: node.env.nowMs(),
    body,
    causationId: cause?.id,
    correlationId: cause?.correlationId ?? cause?.id,
    traceparent: cause?.traceparent,
  };
  const refused = node.transport.publish(eventSubject(node.system, from, type), encodeEnvelopeJson(envelope));
  if (refused !== undefined) throw refused;
}
