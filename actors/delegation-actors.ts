import type { ActorDefinition } from "../src/index.ts";
import { approvalGate } from "./approvals.ts";
import { auditorActor } from "./auditor.ts";
import { type DelegationOptions, delegationActor } from "./delegation/delegation.ts";
import { escalationDesk, escalationLadder } from "./escalation.ts";
import { type GrantsOptions, grantBook } from "./grants.ts";
import { ruleBook } from "./rules.ts";
import { workloadBook } from "./workload.ts";

/**
 * All that delegated authority is made of, durable types each, for the catalogue of the nodes that are to host it.
 *
 * @example createSystem({ name: "team", actors: { ...delegationActors({ rules }), crew } })
 */
export function delegationActors(
  options: DelegationOptions & { readonly grants?: GrantsOptions } = {},
): Readonly<
  Record<
    "delegation" | "rules" | "workload" | "approval" | "escalation" | "escalationDesk" | "grants" | "auditor",
    ActorDefinition
  >
> {
  const { grants, ...rest } = options;
  return {
    delegation: delegationActor(rest),
    rules: ruleBook,
    workload: workloadBook as ActorDefinition,
    approval: approvalGate,
    escalation: escalationLadder,
    escalationDesk,
    grants: grantBook(grants),
    auditor: auditorActor as ActorDefinition,
  };
}
