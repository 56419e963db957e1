import type { AnyStateMachine } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import { Coverage, type Figures, type Gone } from "./coverage.ts";
import { coverageText, percent } from "./text.ts";

/** The least share of each that has to be seen, from 0 to 1. */
export interface Thresholds {
  readonly states?: number;
  readonly transitions?: number;
  readonly guards?: number;
  /** Parts that cannot be seen, by their ids, with the reason. */
  readonly except?: Readonly<Record<string, string>>;
}

/**
 * What {@link coverageMatchers} add to `expect`. Its types are declared where it is used, as Vitest's own differ from
 * version to version:
 *
 * @example
 * declare module "vitest" {
 *   interface Matchers<R extends void | Promise<void>, T> extends CoverageMatchers<R> {}
 * }
 */
export interface CoverageMatchers<R = void> {
  /** That a coverage, or paths, have seen at least these shares of a machine. */
  toCover(machine: AnyStateMachine, thresholds: Thresholds): R;
  /** That they have seen all of it: states, transitions, guards both ways. */
  toCoverAll(machine: AnyStateMachine, options?: Pick<Thresholds, "except">): R;
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** @example expect.extend(coverageMatchers); expect(paths).toCoverAll(machine); */
export const coverageMatchers: {
  toCover(received: unknown, machine: AnyStateMachine, thresholds: Thresholds): Verdict;
  toCoverAll(received: unknown, machine: AnyStateMachine, options?: Pick<Thresholds, "except">): Verdict;
} = {
  toCover: judged,
  toCoverAll: (received, machine, { except = {} } = {}) =>
    judged(received, machine, { states: 1, transitions: 1, guards: 1, except }),
};

function judged(received: unknown, machine: AnyStateMachine, thresholds: Thresholds): Verdict {
  const { except = {}, ...least } = thresholds;
  const coverage = new Coverage(machine).add(...goneIn(received)).excuse(except);
  const { figures, wronglyExcused } = coverage;
  const short = (Object.keys(least) as (keyof Figures)[]).filter((kind) => {
    const share = thresholdOf(kind, least[kind]);
    return figures[kind].share < share;
  });
  const pass = short.length === 0 && wronglyExcused.length === 0;
  const wanted = Object.entries(least).map(([kind, share]) => `${percent(share as number)} of the ${kind}`);
  const message = (): string =>
    pass
      ? `Expected not to see ${wanted.join(", ")} of ${machine.id}`
      : `Expected to see ${wanted.join(", ")} of ${machine.id}\n\n${coverageText(coverage)}`;
  return { pass, message };
}

function thresholdOf(kind: string, share: unknown): number {
  if (!["states", "transitions", "guards"].includes(kind))
    throw new CoxswainError("OPTION_INVALID", `Expected states, transitions or guards, got ${quote(kind)}`);
  if (typeof share === "number" && share >= 0 && share <= 1) return share;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected ${kind} to be a share from 0 to 1, got ${quote(share)}`,
  );
}

function goneIn(received: unknown): Gone[] {
  const all = [received].flat() as Partial<Gone>[];
  return all.map((each) => {
    if (each?.parts !== undefined) return each as Gone;
    throw new CoxswainError("OPTION_INVALID", `Expected a coverage or paths, got ${quote(received)}`);
  });
}
