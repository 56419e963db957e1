import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { delegationRequest } from "./authority.ts";
import { decision } from "./decision.ts";

/** How a delegation ended. A result is there after success alone. */
export const delegationResult = z.discriminatedUnion("status", [
  z.object({ status: z.literal("done"), result: z.unknown() }),
  z.object({ status: z.literal("refused"), decision }),
  z.object({ status: z.literal("failed"), code: z.string(), reason: z.string() }),
  z.object({ status: z.literal("expired"), reason: z.string() }),
  z.object({ status: z.literal("revoked"), reason: z.string() }),
]);
export type DelegationResult = z.infer<typeof delegationResult>;

export const delegationStages = [
  "requested",
  "deciding",
  "awaitingApproval",
  "assigned",
  "done",
  "refused",
  "failed",
  "expired",
  "revoked",
] as const;

/** One delegation: a durable agent of its own, `delegation.<id>`. */
export const delegation = defineProtocol({
  name: "delegation",
  version: "1.0",
  accepts: {
    /** Its first message. The reply is the decision; where that waits for an approval, work begins after it. Told twice, the first counts. */
    delegate: question(delegationRequest, decision),
    /** Answered when it has ended. */
    result: question(z.object({}), delegationResult),
    status: question(
      z.object({}),
      z.object({ stage: z.enum(delegationStages), reason: z.string().optional() }),
    ),
    /** Takes back what was delegated, with all that was delegated further under its grant. What is over stays as it is. */
    revoke: z.object({ reason: z.string().max(1_000) }),
    /** The gate's word, with the hash of what it was about: of anything else it says nothing. */
    approvalDecided: z.object({
      id: z.string(),
      hash: z.string(),
      approved: z.boolean(),
      by: z.string(),
      reason: z.string(),
    }),
    /** How a ladder ended that was raised with this delegation as its `reportTo`. */
    escalationSettled: z.object({
      id: z.string(),
      subject: z.string(),
      state: z.enum(["resolved", "failed"]),
      by: z.string(),
      reason: z.string(),
    }),
  },
  emits: {
    decided: z.object({ id: z.string(), decision }),
    assigned: z.object({ id: z.string(), to: z.string() }),
    ended: z.object({ id: z.string(), status: z.string() }),
  },
});
