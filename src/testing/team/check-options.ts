import { CoxswainError, quote } from "../../../protocols/index.ts";
import type { Key } from "./state-table.ts";

/** A step a model may take. */
export interface Step<S, W = unknown> {
  /** The kind of step, by which fairness knows it: `deliver`, `timeout worker`. At most 65,535 kinds. */
  readonly action: string;
  readonly to: S;
  /** What happened, for whoever reads the counterexample. */
  readonly what?: W;
}

type Predicate<S> = (state: S) => boolean;

/** A goal that every run has to come to, again and again. */
export interface Eventually<S> {
  readonly goal: Predicate<S>;
  /**
   * From which states on; default: from everywhere. `start`: once in every run is enough; a predicate: whenever it
   * holds, the goal follows.
   */
  readonly after?: "start" | Predicate<S>;
}

export interface CheckOptions<S, W = unknown> {
  /** The states a run may begin in. */
  readonly init: readonly S[];
  /** Every step that is possible; always the same ones in the same order for the same state. Must not change it. */
  readonly next: (state: S) => Iterable<Step<S, W>>;
  /**
   * What makes a state the one it is. Default: its data. States of one key count as one, so a key that forgets which
   * of several interchangeable parts is which folds them: sound as long as nothing else tells them apart.
   */
  readonly key?: (state: S) => Key;
  /** What has to hold in every state, by name. */
  readonly safe?: Readonly<Record<string, Predicate<S>>>;
  /**
   * Where a run may come to its end. A state without a next step in which this is false is a deadlock;
   * default: nowhere.
   */
  readonly mayEnd?: Predicate<S>;
  /** What has to stay within reach of every state, whoever plays: finds traps without any fairness. By name. */
  readonly reachable?: Readonly<Record<string, Predicate<S>>>;
  /** What every fair run has to come to, by name. */
  readonly eventually?: Readonly<Record<string, Predicate<S> | Eventually<S>>>;
  /**
   * Which actions are weakly fair: one that stays possible is taken at last. Default: all. Losses and crashes are
   * not fair, or the goal is reached because they must happen.
   */
  readonly fair?: (action: string) => boolean;
  /** States to look at; default 1,000,000, at most 100,000,000. */
  readonly statesMax?: number;
  /** Steps from the beginning; default: without limit. */
  readonly depthMax?: number;
  /** How much this process' memory may grow, garbage included, in MiB; default 2,048. */
  readonly memoryMaxMb?: number;
}

export interface Limits {
  readonly statesMax: number;
  readonly depthMax: number;
  readonly memoryMaxMb: number;
}

/** @throws OPTION_INVALID */
export function limitsOf(given: Partial<Limits>): Limits {
  const { statesMax = 1_000_000, depthMax = Number.POSITIVE_INFINITY, memoryMaxMb = 2_048 } = given;
  wholeNumber("statesMax", statesMax, 1, 100_000_000);
  if (depthMax !== Number.POSITIVE_INFINITY) wholeNumber("depthMax", depthMax, 0, Number.MAX_SAFE_INTEGER);
  wholeNumber("memoryMaxMb", memoryMaxMb, 1, 1_048_576);
  return { statesMax, depthMax, memoryMaxMb };
}

export function wholeNumber(name: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected ${name} to be a whole number from ${least} to ${most}, got ${quote(value)}`,
  );
}
