import type { AnyStateMachine } from "xstate";
import type { Truncation } from "../model/explorer.ts";
import { type MachineModel, machineModel } from "../model/machine-model.ts";
import { PathError } from "../model/moment.ts";
import type { ModelOptions } from "../model/options.ts";
import { type Path, pathAlong } from "../model/path.ts";
import type { ModelState } from "../model/stepper.ts";
import { type Breach, breachesOf, breachText, type Invariants } from "./invariants.ts";
import { storyOf } from "./story.ts";

export interface InvariantOptions<M extends AnyStateMachine = AnyStateMachine> extends ModelOptions<M> {
  readonly invariants?: Invariants<M>;
}

export interface InvariantResult<M extends AnyStateMachine = AnyStateMachine> {
  /** `undecided`: nothing was found, but a limit ended the search. */
  readonly verdict: "holds" | "violated" | "undecided";
  readonly breach: Breach | undefined;
  /** The shortest way to the breach, to be told and to be run. */
  readonly path: Path<M> | undefined;
  readonly story: string | undefined;
  readonly states: number;
  readonly truncated: Truncation | undefined;
  readonly model: MachineModel<M>;
}

/** Looks at every moment a machine can come to, and for the shortest way to one where an invariant does not hold. */
export function checkInvariants<M extends AnyStateMachine>(
  machine: M,
  options: InvariantOptions<M> = {},
): InvariantResult<M> {
  const breachIn = breachesOf(machine, options.invariants);
  const model = machineModel(machine, options);
  const ways = model.wayTo(({ state }) => breachIn(state.snapshot) !== undefined);
  const { states, truncated } = model;
  const rest = { states, truncated, model };
  if (ways === undefined) {
    const verdict = truncated === undefined ? "holds" : "undecided";
    return { verdict, breach: undefined, path: undefined, story: undefined, ...rest };
  }
  const { state } = ways.at(-1)?.to ?? model.graph.start;
  const breach = breachIn(state.snapshot) as Breach;
  const path = pathAlong(model, ways);
  return { verdict: "violated", breach, path, story: `${breachText(breach)}:\n${storyOf(path)}`, ...rest };
}

/**
 * As {@link checkInvariants}, for a test.
 *
 * @throws PathError with the story where an invariant does not hold, or where a limit left that open
 */
export function assertInvariants<M extends AnyStateMachine>(
  machine: M,
  options: InvariantOptions<M> = {},
): InvariantResult<M> {
  const result = checkInvariants(machine, options);
  if (result.verdict === "holds") return result;
  throw new PathError(`${machine.id}: ${result.story ?? result.truncated?.message}`, "holds", result.verdict);
}

/** For the `check` of paths, so that invariants are looked at wherever they run. @throws PathError */
export function holding<M extends AnyStateMachine>(
  machine: M,
  invariants: Invariants<M> = {},
): (state: ModelState) => void {
  const breachIn = breachesOf(machine, invariants);
  return ({ snapshot }) => {
    const breach = breachIn(snapshot);
    if (breach === undefined) return;
    throw new PathError(`${machine.id}: ${breachText(breach)}`, "holds", snapshot.context);
  };
}
