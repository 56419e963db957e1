/** One step of a counterexample. */
export interface TraceStep<S, W = unknown> {
  readonly action: string;
  readonly what: W | undefined;
  /** The state it led to. */
  readonly state: S;
}

/**
 * How a property was broken.
 *
 * - `unsafe`: the last state breaks it. - `deadlock`: the last state has no next step.
 * - `trap`: from the last state on it cannot be reached any more. - `never`: a fair run goes on for ever without it.
 */
export interface Violation<S, W = unknown> {
  readonly kind: "unsafe" | "deadlock" | "trap" | "never";
  /** The property's. */
  readonly name: string;
  readonly start: S;
  /** As few as possible, but for `never`. */
  readonly steps: readonly TraceStep<S, W>[];
  /**
   * For `never`: the steps from this one on repeat for ever. As many as there are steps: the run stays in its last
   * state.
   */
  readonly loopsFrom: number | undefined;
}

/** Why not everything was looked at. */
export interface Truncation {
  readonly by: "statesMax" | "depthMax" | "memoryMaxMb";
  readonly message: string;
}

export interface CheckResult<S, W = unknown> {
  /** `undecided`: nothing was found, but a limit ended the search. */
  readonly verdict: "holds" | "violated" | "undecided";
  readonly violation: Violation<S, W> | undefined;
  readonly truncated: Truncation | undefined;
  readonly states: number;
  readonly edges: number;
  /** Steps from a beginning to the farthest state. */
  readonly depth: number;
  readonly elapsedMs: number;
  readonly statesPerSecond: number;
}
