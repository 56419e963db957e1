import { CoxswainError } from "../../../protocols/index.ts";
import type { CheckOptions } from "./check-options.ts";
import type { TraceStep } from "./check-result.ts";
import type { Explored } from "./explored.ts";
import type { StateTable } from "./state-table.ts";

/** Walks the model along a path of state numbers: the search keeps no states, but the model makes them again. */
export function traceTo<S, W>(
  { init, next }: CheckOptions<S, W>,
  graph: Explored,
  table: StateTable<S>,
  path: readonly number[],
): { readonly start: S; readonly steps: readonly TraceStep<S, W>[] } {
  const [first, ...others] = path as readonly [number, ...number[]];
  const start = init[graph.ordinal.get(first)] as S;
  const steps: TraceStep<S, W>[] = [];
  let state = start;
  let at = first;
  for (const target of others) {
    const choices = [...next(state)];
    // The step it was found by leads to the very state that was looked at, not to one that is folded with it.
    const foundBy = graph.parent.get(target) === at ? choices[graph.ordinal.get(target)] : undefined;
    const isRight = foundBy !== undefined && table.find(foundBy.to) === target;
    const step = isRight ? foundBy : choices.find(({ to }) => table.find(to) === target);
    if (step === undefined) {
      throw new CoxswainError(
        "OPTION_INVALID",
        "Expected next to give the same steps for the same state each time; a state could not be reached again",
      );
    }
    state = step.to;
    at = target;
    steps.push({ action: step.action, what: step.what, state });
  }
  return { start, steps };
}
