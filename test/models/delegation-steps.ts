import { assigned, openings } from "../../machines/delegation/assign.ts";
import { cancelled } from "../../machines/delegation/cancel.ts";
import { decided } from "../../machines/delegation/escalate.ts";
import { finished } from "../../machines/delegation/result.ts";
import { departed, enrolled, timedOut } from "../../machines/delegation/timeout.ts";

/** The product's own step functions, as the model P2 calls them. A mutant replaces some of them. */
export const delegationSteps = {
  assigned,
  openings,
  finished,
  timedOut,
  cancelled,
  decided,
  departed,
  enrolled,
  /** Whether an escalation goes through the outbox, which survives a crash, or is only said. */
  escalationIsDurable: true,
};

export type DelegationSteps = typeof delegationSteps;
