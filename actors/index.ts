export { approvalGate, decideApproval, pendingApprovals } from "./approvals.ts";
export { coordinator } from "./coordinator.ts";
export { crew, startCrew } from "./crew.ts";
export {
  type ChildLiteral,
  defineSupervisor,
  type SupervisorTree,
} from "./supervisor.ts";
export { worker } from "./worker.ts";
