export { approvalGate, decideApproval, pendingApprovals } from "./approvals.ts";
export { auditorActor, auditorAddress } from "./auditor.ts";
export { coordinator } from "./coordinator.ts";
export { crew, startCrew } from "./crew.ts";
export {
  type Delegated,
  type DelegationOptions,
  delegate,
  delegationActor,
  delegationDefaults,
} from "./delegation/delegation.ts";
export { delegationActors } from "./delegation-actors.ts";
export { dispatcher } from "./dispatcher.ts";
export { escalationDesk, escalationLadder } from "./escalation.ts";
export { type GrantsOptions, grantBook } from "./grants.ts";
export { lineageBook, recordedRuns } from "./lineage/lineage-book.ts";
export { type OpenLineageDataset, type OpenLineageEvent, openLineageOf } from "./lineage/open-lineage.ts";
export { runTool, type ToolData, type ToolOutcome, type ToolOutput } from "./lineage/run-tool.ts";
export { alertQueue, type QualityCheck, qualityMonitor } from "./monitoring.ts";
export { reportUsage } from "./report-usage.ts";
export { putRules, readRules, ruleBook } from "./rules.ts";
export {
  type ChildLiteral,
  defineSupervisor,
  type SupervisorTree,
} from "./supervisor.ts";
export { worker } from "./worker.ts";
export { workloadBook } from "./workload.ts";
