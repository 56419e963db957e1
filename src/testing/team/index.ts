export { check } from "./check.ts";
export type { CheckOptions, Eventually, Step } from "./check-options.ts";
export type { CheckResult, TraceStep, Truncation, Violation } from "./check-result.ts";
export type { Key } from "./state-table.ts";
