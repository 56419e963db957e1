import type { ActorAddress, ActorOutcome, ShutdownMs, WireError } from "../../protocols/index.ts";

/**
 * What a supervisor's machine decided, for its hands to carry out: first the stops, then the starts, each in
 * this order and one after the other. The first start that fails ends it.
 */
export interface Plan {
  readonly stop: readonly StopStep[];
  /** Stop all at once, with this one limit for all instead of each one's own. */
  readonly parallelMs?: ShutdownMs;
  readonly start: readonly StartStep[];
}

export interface StopStep {
  readonly address: ActorAddress;
  readonly activation: string;
  readonly limit: ShutdownMs;
}

export interface StartStep {
  readonly address: ActorAddress;
  readonly id: string;
  readonly actor: string;
  readonly input?: unknown;
  /** Tried in this order; unsaid, beside the supervisor. */
  readonly nodes?: readonly string[];
  readonly startWithinMs: number;
}

/** What became of a plan; the one event that the hands send back. */
export interface CarriedOut {
  readonly type: "carriedOut";
  readonly stopped: readonly { readonly address: ActorAddress; readonly outcome: ActorOutcome }[];
  readonly started: readonly Up[];
  /** Done before they were up. */
  readonly ignored: readonly ActorAddress[];
  /** The start that failed; those after it were not tried. */
  readonly failed?: { readonly address: ActorAddress; readonly error: WireError };
  /** Cut short by {@link Halt}; what was being started is not left running, unless it is among `started`. */
  readonly halted: boolean;
  /** When it was over, on the clock of `Actors.monotonicMs`. */
  readonly atMs: number;
  /** 0 <= chance < 1. */
  readonly chance: number;
}

export interface Up {
  readonly address: ActorAddress;
  readonly activation: string;
  readonly info?: unknown;
  /** The node it was started on, if it is another. */
  readonly node?: string;
}

/** To the hands: leave the plan at the step at hand, and say so. */
export interface Halt {
  readonly type: "halt";
}
