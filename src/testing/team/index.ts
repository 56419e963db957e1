export { check } from "./check.ts";
export type { CheckOptions, Eventually, Step } from "./check-options.ts";
export type { CheckResult, TraceStep, Truncation, Violation } from "./check-result.ts";
export { checkTeam } from "./check-team.ts";
export type { TeamFact } from "./facts.ts";
export { type Replay, replayTeam } from "./replay-team.ts";
export type { Key } from "./state-table.ts";
export type {
  CallSamples,
  ChannelOptions,
  ChildView,
  MemberBirth,
  MemberFaults,
  MemberOptions,
  Members,
  MemberView,
  MessageView,
  ReducerMember,
  TeamEvent,
  TeamEventually,
  TeamOptions,
  TeamView,
} from "./team-options.ts";
export type { TeamResult, TeamViolation } from "./team-result.ts";
export type { TestTextOptions } from "./test-text.ts";
