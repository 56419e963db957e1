import { auditKeepingMachine } from "../machines/index.ts";
import { type ActorAddress, actorAddress, auditor } from "../protocols/index.ts";
import { defineActor } from "../src/index.ts";

/**
 * Keeps in the audit what others tell it: a durable agent in the catalogue under `auditor`. What a durable machine tells it in a turn
 * is kept if that turn is committed, once, in the order told, whoever dies meanwhile.
 *
 * @example tell(auditor, auditorAddress, ({ context }) => ({ type: "note", id: `${context.id}/ended`, kind: "ended", … }))
 */
export const auditorActor = defineActor({
  protocol: auditor,
  machine: auditKeepingMachine,
  durability: "durable",
});

/** The one of a system; more than one may write, each in its own order. */
export const auditorAddress: ActorAddress = actorAddress("auditor.main");
