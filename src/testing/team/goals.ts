import { CoxswainError } from "../../../protocols/index.ts";
import type { CheckOptions, Eventually } from "./check-options.ts";

/** What a search marks its states with, to judge whole runs afterwards. */
export interface Goal<S> {
  readonly kind: "reachable" | "eventually";
  readonly name: string;
  readonly holds: (state: S) => boolean;
  /** The bit of the states where it holds. */
  readonly mark: number;
  /** The bit of the states after which it is due; 0: after all. */
  readonly after: number;
  readonly dueIn: Eventually<S>["after"];
}

const bitsMax = 32;

/** @throws OPTION_INVALID for more than there are bits, or no state to begin in. */
export function goalsOf<S, W>({ init, reachable = {}, eventually = {} }: CheckOptions<S, W>): Goal<S>[] {
  if (init.length === 0)
    throw new CoxswainError("OPTION_INVALID", "Expected at least one state to begin in, got none");
  let bits = 0;
  const bit = (): number => {
    if (bits === bitsMax) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected at most ${bitsMax} goals and what they are due after`,
      );
    }
    return 1 << bits++;
  };
  const plain = Object.entries(reachable).map(([name, holds]) => {
    return { kind: "reachable", name, holds, mark: bit(), after: 0, dueIn: undefined } as const;
  });
  const due = Object.entries(eventually).map(([name, given]) => {
    const { goal: holds, after: dueIn } = typeof given === "function" ? { goal: given } : given;
    const mark = bit();
    return { kind: "eventually", name, holds, mark, after: dueIn === undefined ? 0 : bit(), dueIn } as const;
  });
  return [...plain, ...due] as Goal<S>[];
}

export function marksOf<S>(goals: readonly Goal<S>[], state: S, isStart: boolean): number {
  let marks = 0;
  for (const { holds, mark, after, dueIn } of goals) {
    if (holds(state)) marks |= mark;
    if (dueIn !== undefined && (dueIn === "start" ? isStart : dueIn(state))) marks |= after;
  }
  return marks;
}
