export {
  Audit,
  type AuditEntry,
  type AuditOptions,
  auditDefaults,
  auditOptionsOf,
  auditStream,
} from "./audit.ts";
export { type DecisionDifference, type DecisionReplay, replayDecisions } from "./replay.ts";
export type { AuditAnchor, AuditFinding, AuditVerdict } from "./verify.ts";
