import type { StopLimit } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  type CoxswainError,
  decodeEnvelope,
  type Envelope,
  inboxSubject,
  isActorAddress,
} from "../protocols/index.ts";
import type { DurableInboxes } from "./durable/posting/posts.ts";
import { bareOutcome } from "./facts.ts";
import type { Node } from "./node.ts";
import type { Delivery } from "./transport/transport.ts";

/** Characters of a message's or a watch's id. */
const idMax = 128;

/** What the control lane carries. It overtakes all work: it never enters a mailbox. */
export type ControlType = "stop" | "cancel" | "watch" | "unwatch" | "link";

/** How long an actor may take to end, in milliseconds, where nobody says. */
export const stopWithinMs = 5_000;

/** @returns why it was not sent, which is also reported */
export function sendControl(
  node: Node,
  to: ActorAddress,
  type: ControlType,
  body: object,
  reply?: string,
): CoxswainError | undefined {
  const envelope = controlEnvelope(node, to, type, body);
  const refused = node.transport.publish(inboxSubject(node.system, "ctl", node.zone, to), envelope, reply);
  if (refused !== undefined)
    node.report({ level: "warning", message: `${type} of ${to} was not sent`, error: refused });
  return refused;
}

/** A durable agent learns in its own line that a question was withdrawn: behind the question, and whoever owns it then. */
export function cancelDurably(node: Node, inboxes: DurableInboxes, to: ActorAddress, id: string): void {
  const refused = inboxes.post({ ...controlEnvelope(node, to, "cancel", { id }), to }, undefined, () => {});
  if (refused !== undefined)
    node.report({ level: "warning", message: `cancel of ${to} was not sent`, error: refused });
}

function controlEnvelope(node: Node, to: ActorAddress, type: ControlType, body: object): Envelope {
  return {
    kind: "control",
    id: node.nextMessageId(),
    from: "",
    to,
    type,
    protocol: "control@1.0",
    sentAtMs: node.env.nowMs(),
    body,
  };
}

export function receiveControl(node: Node, delivery: Delivery): void {
  const envelope = readEnvelope(node, delivery);
  const to = node.parse(delivery.subject)?.to;
  if (envelope?.kind !== "control" || to === undefined) return;
  const cell = node.cells.get(to);
  const body = (envelope.body ?? {}) as ControlBody;
  const { id, activation } = body;
  // Whoever means one life of the address does not mean the next.
  const meant = typeof activation !== "string" || activation === cell?.activation ? cell : undefined;
  if (envelope.type === "stop") return meant?.life.shutdown(textOf(body.reason), limitOf(body.limit));
  if (envelope.type === "link" && isActorAddress(body.to) && cell !== undefined) {
    return node.links.link(cell, body.to);
  }
  if (typeof id !== "string" || id.length > idMax) return;
  if (envelope.type === "cancel") return cell?.cancel(id);
  if (envelope.type === "unwatch") return cell?.life.unwatch(id);
  if (envelope.type !== "watch" || delivery.reply === undefined) return;
  const { reply } = delivery;
  const down = (outcome: ActorOutcome): void => tellDown(node, to, reply, outcome);
  if (meant !== undefined) return meant.life.watch(id, down);
  const ended = typeof activation === "string" ? node.endings.get(activation) : undefined;
  down(ended ?? { kind: "lost", node: node.name, reason: "nobody lives there" });
}

interface ControlBody {
  readonly id?: unknown;
  readonly reason?: unknown;
  readonly limit?: unknown;
  readonly activation?: unknown;
  readonly to?: unknown;
}

function textOf(reason: unknown): string | undefined {
  return typeof reason === "string" ? reason : undefined;
}

function limitOf(limit: unknown): StopLimit {
  if (limit === "infinity" || limit === "brutal_kill") return limit;
  return typeof limit === "number" && limit >= 0 ? limit : stopWithinMs;
}

/** What of the outcome cannot travel is left out: the watcher must learn of the end. */
function tellDown(node: Node, from: ActorAddress, reply: string, outcome: ActorOutcome): void {
  const full = downOf(node, from, outcome);
  const refused =
    node.transport.publish(reply, full) &&
    node.transport.publish(reply, { ...full, body: bareOutcome(outcome) });
  if (refused !== undefined) {
    node.report({
      level: "warning",
      message: `The end of ${from} was not told`,
      address: from,
      error: refused,
    });
  }
}

function downOf(node: Node, from: ActorAddress, outcome: ActorOutcome): Envelope {
  return {
    kind: "control",
    id: node.nextMessageId(),
    from,
    to: "",
    type: "down",
    protocol: "control@1.0",
    sentAtMs: node.env.nowMs(),
    body: outcome,
  };
}

/** A delivery of the runtime's own lanes. Bytes that are no message of ours are reported. */
export function readEnvelope(node: Node, delivery: Delivery): Envelope | undefined {
  const { payload } = delivery;
  if (!(payload instanceof Uint8Array)) return payload;
  try {
    return decodeEnvelope(payload, node.limits, node.frameDefaults);
  } catch (error) {
    const message = `Bytes on ${delivery.subject} are no message of ours`;
    node.report({ level: "warning", message, error });
    return undefined;
  }
}
