import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { AnyStateMachine } from "xstate";
import { getShortestPaths } from "xstate/graph";
import { machineModel, type Path, PathError, pathsIn } from "../../../../src/testing/model/index.ts";
import { dotMachine } from "../../../support/dot-machine.ts";
import { type Mealy, reachableIn, readDot, transitionsOn } from "../../../support/dot-mealy.ts";
import { sampleMutants, seenFromInside, seenFromOutside } from "../../../support/dot-mutants.ts";
import { seededRandom } from "../../../support/simulated-env.ts";
import { sharedData, tableOf } from "./shared-data.ts";

const { folder, present, note } = sharedData("state-machines");
const files = present ? readdirSync(folder).filter((file) => file.endsWith(".dot")) : [];
const machines = files.map((file) => readDot(file.slice(0, -4), readFileSync(join(folder, file), "utf8")));
const mutantsEach = 60;

/** Of one machine. The paths see the state after each step; by outputs: as a black box is tested. */
interface Figures {
  readonly machine: string;
  readonly states: number;
  readonly transitions: number;
  readonly paths: number;
  readonly steps: number;
  readonly stepsShortest: number;
  readonly mutants: number;
  readonly killed: number;
  readonly killedShortest: number;
  /** Mutants that any outputs could give away. */
  readonly visible: number;
  readonly killedByOutputs: number;
  readonly killedByOutputsShortest: number;
}
const figures: Figures[] = [];

function together(rows: readonly Figures[]): Figures {
  const sum = (key: Exclude<keyof Figures, "machine">): number =>
    rows.reduce((all, row) => all + row[key], 0);
  const keys = Object.keys(rows[0] ?? {}).filter((key) => key !== "machine") as Parameters<typeof sum>[0][];
  return {
    machine: "together",
    ...Object.fromEntries(keys.map((key) => [key, sum(key)])),
  } as unknown as Figures;
}

type Word = readonly string[];

/** The plain way: for each transition one path, a shortest one to its state and then its input. */
function shortestSuite(mealy: Mealy, { machine, typeOf, inputOf }: ReturnType<typeof dotMachine>): Word[] {
  const ways = new Map(
    getShortestPaths(machine as never, {
      events: mealy.inputs.map((input) => ({ type: typeOf(input) })) as never,
    }).map(({ state, steps }) => [
      String((state as { value?: unknown }).value),
      steps.map(({ event }) => (event as { type: string }).type).filter((type) => type !== "xstate.init"),
    ]),
  );
  return reachableIn(mealy).transitions.map(({ from, input }) => [
    ...(ways.get(from) as string[]).map(inputOf),
    input,
  ]);
}

const keyOf = ({ from, input }: { from: string; input: string }): string => `${from} ${input}`;
const stepsIn = (suite: readonly Word[]): number => suite.reduce((sum, word) => sum + word.length, 0);

async function survives(paths: readonly Path[], machine: AnyStateMachine): Promise<boolean> {
  for (const path of paths) {
    try {
      await path.run({ machine });
    } catch (error) {
      if (error instanceof PathError) return false;
      throw error;
    }
  }
  return true;
}

describe.skipIf(!present)(`machines learned from real protocol implementations${note}`, () => {
  afterAll(() => void process.stdout.write(tableOf([...figures, together(figures)] as never)));

  test("are twelve", () => {
    expect(machines).toHaveLength(12);
  });

  test.each(machines.map((mealy) => ({ name: mealy.name, mealy })))(
    "$name: the paths take every transition, and fail with each mutant",
    async ({ mealy }) => {
      const made = dotMachine(mealy);
      const { states, transitions } = reachableIn(mealy);
      const model = machineModel(made.machine, { protocol: made.protocol });
      const paths = pathsIn(model);
      const suite = paths.map(({ steps }) =>
        steps.map(({ occurrence }) => made.inputOf(occurrence.event.type)),
      );
      const plain = shortestSuite(mealy, made);

      expect(model.truncated).toBeUndefined();
      expect(model.states).toBe(states.size);
      // By the table itself, not by what the paths say of themselves.
      const covered = new Set(suite.flatMap((word) => transitionsOn(mealy, word).map(keyOf)));
      expect([...covered].sort()).toEqual(transitions.map(keyOf).sort());
      expect(new Set(plain.flatMap((word) => transitionsOn(mealy, word).map(keyOf)))).toEqual(covered);
      for (const path of paths) await path.run();

      const mutants = sampleMutants(mealy, mutantsEach, seededRandom(1));
      const survived: string[] = [];
      for (const mutant of mutants) {
        const machine = made.variant(mutant.mealy);
        if (await survives(paths as readonly Path[], machine)) survived.push(mutant.name);
      }
      const visible = mutants.filter((mutant) => mutant.visible);
      const outside = (words: readonly Word[]): number =>
        visible.filter((mutant) => seenFromOutside(mealy, mutant.mealy, words)).length;
      const inside = mutants.filter((mutant) => seenFromInside(mealy, mutant.mealy, plain)).length;
      figures.push({
        machine: mealy.name,
        states: states.size,
        transitions: transitions.length,
        paths: paths.length,
        steps: stepsIn(suite),
        stepsShortest: stepsIn(plain),
        mutants: mutants.length,
        killed: mutants.length - survived.length,
        killedShortest: inside,
        visible: visible.length,
        killedByOutputs: outside(suite),
        killedByOutputsShortest: outside(plain),
      });
      expect(survived).toEqual([]);
      expect(outside(suite)).toBeGreaterThanOrEqual(outside(plain));
      expect(stepsIn(suite)).toBeLessThanOrEqual(stepsIn(plain));
    },
    120_000,
  );
});
