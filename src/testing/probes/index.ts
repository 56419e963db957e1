export {
  type DeadLetterOptions,
  type DeadLetterPattern,
  expectDeadLetter,
  expectNoDeadLetters,
} from "./dead-letters.ts";
export type { Within } from "./hearing.ts";
export type { Kept } from "./mail.ts";
export type { ClockOptions } from "./patience.ts";
export type { MessagePattern, Received } from "./pattern.ts";
export { Probe, type ProbeOptions, spawnProbe } from "./probe.ts";
export { ProbeFailed } from "./probe-failed.ts";
export { type ScriptStep, type Telling, telling } from "./script.ts";
export { ScriptedPeer, type ScriptOptions, scriptPeer } from "./scripted-peer.ts";
