export type { ActorDefinition, ActorLimits, Birth, ReducerBehaviour, ReducerTurn } from "./actor.ts";
export { defineActor } from "./actor.ts";
export type { AskOptions } from "./asks.ts";
export {
  type Audit,
  type AuditAnchor,
  type AuditEntry,
  type AuditFinding,
  type AuditOptions,
  type AuditVerdict,
  type DecisionReplay,
  replayDecisions,
} from "./audit/index.ts";
export { createSystem, type SystemOptions } from "./create-system.ts";
export type { DeadLetter, DeadLetters } from "./dead-letters.ts";
export type {
  Durability,
  DurabilityOptions,
  MissedPolicy,
  ResumePolicy,
  TimerPolicy,
} from "./durable/durability.ts";
export {
  type AgentHistory,
  type ForkOptions,
  forkAgent,
  type HistoryDifference,
  type HistoryEntry,
  type HistoryMoment,
  type HistoryReplay,
  replayHistory,
} from "./durable/history/index.ts";
export type { StoredAgent } from "./durable/inspection/index.ts";
export type { Drained } from "./durable/placement/shards.ts";
export type { Migration, MigrationStep, Migrations } from "./durable/versions/index.ts";
export type { Env, Timer } from "./env/env.ts";
export { realEnv } from "./env/env.ts";
export type { EventStream } from "./events.ts";
export type { GrantRule, GrantRuleInput } from "./grants/index.ts";
export { Group, type GroupMember } from "./groups/index.ts";
export { hostedActor } from "./hosting/hosted-actor.ts";
export type { HostingOptions } from "./hosting/hosting.ts";
export type { Overflow } from "./mailbox.ts";
export type { Counts, Report } from "./node.ts";
export { type ExactSolution, solveExactly } from "./optimiser/solve-exactly.ts";
export type { SendOptions } from "./outbound.ts";
export {
  type ClientPlan,
  type Credential,
  inboxPrefixOf,
  type NodePlan,
  permissionsConfig,
  type SystemPlan,
  systemPermissions,
  type UserPermissions,
  userName,
} from "./permissions/index.ts";
export { ActorRef, type EventOf, type Listening, type Watch } from "./ref.ts";
export type { NodeRecord } from "./registry.ts";
export type { RosterEntry } from "./roster.ts";
export type { ServerFlushes } from "./server/index.ts";
export { closeOnSignals, type SignalOptions } from "./signals.ts";
export type { ActorSystem, DrainReport, SpawnOptions } from "./system.ts";
export { createMemoryHub } from "./transport/memory.ts";
export type { Transport } from "./transport/transport.ts";
