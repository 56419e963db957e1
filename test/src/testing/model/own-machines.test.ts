import { describe, expect, test } from "vitest";
import type { AnyStateMachine } from "xstate";
import { crewMachine, fanOutMachine, supervisorMachine, workerMachine } from "../../../../machines/index.ts";
import {
  killedBy,
  machineModel,
  type PathsOptions,
  partsOf,
  pathsIn,
  pathsOf,
} from "../../../../src/testing/model/index.ts";
import { crewOptions, fanOutOptions, supervisorOptions, workerOptions } from "./own-machines.ts";

describe("each of the small machines", () => {
  const small = [
    [workerMachine, workerOptions],
    [crewMachine, crewOptions],
    [fanOutMachine, fanOutOptions],
  ] as unknown as [AnyStateMachine, PathsOptions][];
  for (const [machine, options] of small) {
    const paths = pathsOf(machine, options);
    for (const path of paths) {
      test(path.name, () => path.run());
      test(`${path.name}: as an actor`, () => path.run({ on: "memory" }));
    }

    test(`the paths of ${machine.id} miss nothing, and kill every mutant`, async () => {
      expect(machineModel(machine, options).missing).toEqual([]);
      const { survived } = await killedBy(paths);
      expect(survived.map(({ name }) => name)).toEqual([]);
    });
  }
});

describe("the supervisor", () => {
  const models = supervisorOptions.map(([name, options]) => {
    const model = machineModel(supervisorMachine, options);
    return { name, model, paths: pathsIn(model) };
  });
  for (const { name, paths } of models)
    for (const [n, path] of paths.entries()) {
      test(`${name} ${n + 1}, ${path.name}`, () => path.run());
      test(`${name} ${n + 1}, as an actor, ${path.name}`, () => path.run({ on: "memory" }));
    }

  test("is gone through wholly by the paths of all its inputs", () => {
    const gone = new Set(models.flatMap(({ paths }) => paths.flatMap(({ parts }) => [...parts])));
    const all = partsOf(supervisorMachine).map(({ id }) => id);
    expect(all.length).toBeGreaterThan(90);
    expect(all.filter((id) => !gone.has(id))).toEqual([]);
  });

  test("lets no mutant live but those that make no difference", async () => {
    const paths = models.flatMap((each) => each.paths).sort((a, b) => a.steps.length - b.steps.length);
    const { share, survived, killed } = await killedBy(paths);
    process.stdout.write(
      `supervisor: ${killed.length} of ${killed.length + survived.length} mutants killed (${Math.round(share * 100)} %)\n`,
    );
    expect(survived.map(({ name }) => name.slice("supervisor.".length))).toEqual([
      // Nothing is both unsound and ignored, gives up and has work, or has work and ends.
      "judging: always (1) after the next",
      // The stop that was noted first holds.
      "abandoning: coxswain.shutdown without its actions",
      // Where there is work, idle goes on to working by itself.
      "supervising.idle: startChild (1) leads to idle",
      "supervising.idle: terminateChild (1) leads to idle",
      "supervising.idle: restartChild (1) leads to idle",
      "supervising.idle: always (2) after the next",
      "supervising.idle: always (3) after the next",
      "supervising.pausing: startChild (1) leads to idle",
      "supervising.pausing: terminateChild (1) leads to idle",
      "supervising.pausing: restartChild (1) leads to idle",
      "closing: coxswain.shutdown without its actions",
    ]);
  }, 90_000);
});
