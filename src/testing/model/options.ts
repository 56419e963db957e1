import type { AnyStateMachine, InputFrom, SnapshotFrom } from "xstate";
import { CoxswainError, type Protocol, quote } from "../../../protocols/index.ts";
import type { ModelCall } from "./calls.ts";
import type { Occurrence } from "./occurrence.ts";
import type { ModelState } from "./stepper.ts";

/** Values to try, or what to try in a certain moment. */
export type Samples<M extends AnyStateMachine, T, More extends readonly unknown[] = []> =
  | readonly T[]
  | ((snapshot: SnapshotFrom<M>, ...more: More) => readonly T[]);

export interface ModelOptions<M extends AnyStateMachine = AnyStateMachine> {
  /** What may be said to the machine. Without it: every event it names. */
  readonly protocol?: Protocol;
  readonly input?: InputFrom<M>;
  /**
   * Payloads by event type: of the protocol's messages instead of made-up ones; of events its children send it, which are
   * not in the protocol; of `coxswain.down` and `coxswain.shutdown`.
   */
  readonly payloads?: Readonly<Record<string, Samples<M, object>>>;
  /** What calls and other children come to, by the name they are provided under or their id; default `{}`. */
  readonly outputs?: Readonly<Record<string, Samples<M, unknown, [ModelCall]>>>;
  /** What they fail with; default one Error. */
  readonly errors?: Readonly<Record<string, Samples<M, unknown, [ModelCall]>>>;
  /** Also messages the machine has no transition for in its state, which it has to refuse; default false. */
  readonly refused?: boolean;
  /** What of all this may happen at all; default everything. */
  readonly may?: (occurrence: Occurrence, snapshot: SnapshotFrom<M>) => boolean;
  /**
   * What makes two moments the same for all that may follow. Default: value, context, history, running children, timers
   * and status. A coarser one keeps a machine that counts or remembers within `statesMax`.
   */
  readonly stateKey?: (snapshot: SnapshotFrom<M>, moment: ModelState) => unknown;
  /** Moments to look at; default 2,000, at most 1,000,000. */
  readonly statesMax?: number;
  /** Events from the start; default 1,000. */
  readonly depthMax?: number;
  /** Payloads made up for a message; default 3. More are tried where a guard asks for them. */
  readonly samplesMax?: number;
  /** Of made-up payloads; default 1. The same seed makes the same. */
  readonly seed?: number;
}

export interface ModelLimits {
  readonly statesMax: number;
  readonly depthMax: number;
  readonly samplesMax: number;
  readonly seed: number;
}

/** @throws OPTION_INVALID */
export function modelLimits(options: ModelOptions<never>): ModelLimits {
  const { statesMax = 2_000, depthMax = 1_000, samplesMax = 3, seed = 1 } = options;
  wholeNumber("statesMax", statesMax, 1, 1_000_000);
  wholeNumber("depthMax", depthMax, 1, 1_000_000);
  wholeNumber("samplesMax", samplesMax, 1, 1_000);
  wholeNumber("seed", seed, 0, 2 ** 31 - 1);
  return { statesMax, depthMax, samplesMax, seed };
}

export function wholeNumber(name: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected ${name} to be a whole number from ${least} to ${most}, got ${quote(value)}`,
  );
}
