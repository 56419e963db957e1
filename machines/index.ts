export { type ApprovalInput, approvalMachine } from "./approval/approval-machine.ts";
export { type PendingApproval, pendingApprovalsAmong } from "./approval/pending-approval.ts";
export * from "./asking-node.ts";
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
export * as durability from "./durability/index.ts";
export * from "./fan-out.ts";
export * from "./others.ts";
export type { CallEffect, CallFailure, Retry, RetryPolicy } from "./retry.ts";
export type { CarriedOut, Halt, Plan, StartStep, StopStep, Up } from "./supervision/plan.ts";
export { flagsOf, type SpecHome, specOf, specsOf } from "./supervision/specs.ts";
export type { RetryEvent, SupervisorContext, SupervisorInput } from "./supervision/supervisor-context.ts";
export * from "./supervisor.ts";
export * from "./verbs.ts";
export * from "./worker.ts";
