export { approvalGate, decideApproval, pendingApprovals } from "./approvals.ts";
export { coordinator } from "./coordinator.ts";
export { crew, startCrew } from "./crew.ts";
export { escalationDesk, escalationLadder } from "./escalation.ts";
export { type GrantsOptions, grantBook } from "./grants.ts";
export { putRules, readRules, ruleBook } from "./rules.ts";
export {
  type ChildLiteral,
  defineSupervisor,
  type SupervisorTree,
} from "./supervisor.ts";
export { worker } from "./worker.ts";
export { workloadBook } from "./workload.ts";
