import { CoxswainError, type ErrorCode, quote, rootPatterns } from "../../../protocols/index.ts";
import { refuse } from "../../answers.ts";
import { checkHead, open } from "../../inbound.ts";
import type { Incoming } from "../../mailbox.ts";
import type { Node } from "../../node.ts";
import { bury } from "../../outbound.ts";
import type { Delivery, Outcome, Subscription } from "../../transport/transport.ts";
import type { DurableInboxes } from "./posts.ts";

/** The group of all gateways: one of them takes each message. */
const group = "durable";

/**
 * Serves those who know nothing of a durable type, such as a foreign client in JSON: what they send to an agent's ordinary
 * inbox subject is put into its durable inbox, in the zone it came from. Every node that hosts the type does so, and they
 * share the work; so their order is kept only where one node hosts it.
 *
 * A withdrawn question is not taken back: the control lane of the type is not served.
 */
export function openGateway(node: Node, inboxes: DurableInboxes, type: string): Subscription {
  // Not the type itself: nobody lives there.
  const [, below] = rootPatterns(node.system, "in", type);
  return node.transport.subscribe(below, (delivery) => passOn(node, inboxes, delivery), { queue: group });
}

/** The boundary as for a volatile actor, as far as it needs no protocol; the agent's own node does the rest. */
function passOn(node: Node, inboxes: DurableInboxes, delivery: Delivery): void {
  const opened = open(node, delivery);
  if (opened === undefined) return;
  const { incoming, to, claimed } = opened;
  const { envelope, reply, zone, json } = incoming;
  if (to === undefined || !inboxes.isDurable(to)) {
    const text = `No durable actor has the address ${quote(envelope.to)}`;
    return refuseFor(node, incoming, new CoxswainError("ADDRESS_UNKNOWN", text));
  }
  const wrong = checkHead(node, claimed, envelope);
  if (wrong !== undefined) return refuseFor(node, incoming, wrong);
  const settled = (outcome: Outcome<number>): void => {
    if (outcome.kind === "rejected") refuseFor(node, incoming, outcome.error);
    // Who asked is told by the reply, or waits until the deadline.
    else if (reply === undefined) bury(node, envelope, outcome);
  };
  const refused = inboxes.post(envelope, reply, settled, { zone, json });
  if (refused !== undefined) refuseFor(node, incoming, refused);
}

function refuseFor(node: Node, incoming: Incoming, { code, message }: CoxswainError): void {
  refuse(node, incoming, code as ErrorCode, message);
}
