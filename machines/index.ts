export { type ApprovalInput, approvalMachine } from "./approval/approval-machine.ts";
export { type PendingApproval, pendingApprovalsAmong } from "./approval/pending-approval.ts";
export * from "./asking-node.ts";
export * from "./audit-keeping.ts";
export * as authority from "./authority/index.ts";
export * as balancing from "./balancing/index.ts";
export {
  type AskLimits,
  actorsOf,
  type CallContext,
  type CallEnv,
  type CallHost,
  hostKey,
} from "./call-context.ts";
export * from "./calls.ts";
export * from "./crew.ts";
export type {
  DelegationContext,
  DelegationInput,
  DelegationPolicy,
  Gathered,
} from "./delegation/delegation-context.ts";
export * from "./delegation/delegation-machine.ts";
export type { DispatchSettings } from "./dispatch/book.ts";
export * from "./dispatcher.ts";
export * as durability from "./durability/index.ts";
export { deskMachine } from "./escalation/desk-machine.ts";
export { type EscalationInput, escalationMachine } from "./escalation/escalation-machine.ts";
export * from "./fan-out.ts";
export type { Unzoned } from "./grants/claims.ts";
export { type GrantsContext, type GrantsInput, grantsMachine } from "./grants/grants-machine.ts";
export * as granting from "./grants/index.ts";
export { type GrantMeter, type GrantUse, withGrant } from "./grants/with-grant.ts";
export {
  type ColumnEdge,
  type ColumnGraph,
  columnGraph,
  type LineageColumn,
  originsOf,
} from "./lineage/column-graph.ts";
export { type AlertsInput, alertsMachine } from "./monitoring/alerts.ts";
export { type MonitorInput, qualityMonitorMachine } from "./monitoring/quality-monitor.ts";
export * from "./others.ts";
export type { CallEffect, CallFailure, Retry, RetryPolicy } from "./retry.ts";
export { sealing } from "./sealing.ts";
export type { CarriedOut, Halt, Plan, StartStep, StopStep, Up } from "./supervision/plan.ts";
export { flagsOf, type SpecHome, specOf, specsOf } from "./supervision/specs.ts";
export type { RetryEvent, SupervisorContext, SupervisorInput } from "./supervision/supervisor-context.ts";
export * from "./supervisor.ts";
export * from "./verbs.ts";
export * from "./worker.ts";
export * as workload from "./workload/index.ts";
