export type { Kept } from "./mail.ts";
export type { ClockOptions } from "./patience.ts";
export type { Pattern, Received, Some, TypeOf } from "./pattern.ts";
export { Probe, type ProbeOptions, spawnProbe, type Within } from "./probe.ts";
export { ProbeFailed } from "./probe-failed.ts";
