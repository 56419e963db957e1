import { claimOf } from "../../machines/durability/claim.ts";
import { standing } from "../../machines/durability/high-water.ts";
import { receive } from "../../machines/durability/receive.ts";
import { recordLimits, unborn } from "../../machines/durability/record.ts";
import { answered, commit, confirm, readBack, resume } from "../../machines/durability/session.ts";

/** The product's own step functions, as the model P1 calls them. A mutant replaces some of them. */
export const durabilitySteps = {
  unborn,
  claimOf,
  resume,
  receive,
  commit,
  answered,
  readBack,
  confirm,
  /** R5 where the effects arrive. */
  standingAtTarget: standing,
  limits: recordLimits,
};

export type DurabilitySteps = typeof durabilitySteps;
