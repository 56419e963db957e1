import type { AnyStateMachine } from "xstate";
import { type Mutant, mutantsOf } from "./mutants.ts";
import type { Path } from "./path.ts";

export interface Killed<M extends AnyStateMachine = AnyStateMachine> {
  readonly killed: readonly Mutant<M>[];
  /** What no path tells from the machine itself. */
  readonly survived: readonly Mutant<M>[];
  /** From 0 to 1. */
  readonly share: number;
}

/** Goes each path with each mutant of its machine: how many of them are found out. */
export async function killedBy<M extends AnyStateMachine>(
  paths: readonly Path<M>[],
  mutants: readonly Mutant<M>[] = paths[0] === undefined ? [] : mutantsOf(paths[0].model.machine),
): Promise<Killed<M>> {
  const killed: Mutant<M>[] = [];
  const survived: Mutant<M>[] = [];
  for (const mutant of mutants) {
    const isKilled = await someFails(paths, mutant);
    (isKilled ? killed : survived).push(mutant);
  }
  return { killed, survived, share: mutants.length === 0 ? 1 : killed.length / mutants.length };
}

async function someFails<M extends AnyStateMachine>(
  paths: readonly Path<M>[],
  { machine }: Mutant<M>,
): Promise<boolean> {
  for (const path of paths) {
    try {
      await path.run({ machine });
    } catch {
      return true;
    }
  }
  return false;
}
