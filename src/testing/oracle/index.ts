export {
  assertInvariants,
  checkInvariants,
  holding,
  type InvariantOptions,
  type InvariantResult,
} from "./check-invariants.ts";
export {
  type Conformance,
  type ConformancePath,
  type ConformanceResult,
  conformancePaths,
  conforms,
  type Perform,
} from "./conforms.ts";
export type { Breach, Invariant, Invariants } from "./invariants.ts";
export { storyOf } from "./story.ts";
