import { describe, expect, test } from "vitest";
import { type FaultMix, simulate, simulateSeeds } from "../../../../src/testing/simulation/index.ts";
import { foundInSupervision } from "./corpus.ts";
import { seedsOfToday } from "./seeds.ts";
import { supervisionScenario } from "./supervision-scenario.ts";

/** A clock that is set by an hour is left out: deadlines between such machines are not promised. */
const harsh: FaultMix = {
  most: {
    ...{ reset: 4, kill: 3, pause: 3, partition: 3, slow: 2 },
    ...{ storeGap: 2, storeLoss: 2, serverRestart: 1, powerCut: 2, hostile: 2 },
  },
};

describe("a supervisor with children on two other nodes", () => {
  const some = seedsOfToday("supervision, harsh", 500);
  test(`has each of them alive in the end, once, and no more restarts than allowed, ${some.text}`, async () => {
    const totals = { starts: 0, trees: 0 };
    const { results } = await simulateSeeds({
      nodes: ["a", "b", "c"],
      untilMs: 70_000,
      faultsUntilMs: 25_000,
      faults: harsh,
      seeds: some.seeds,
      withinMs: some.withinMs,
      command: "npx vitest run test/src/testing/simulation/supervision.test.ts",
      scenario: () => supervisionScenario({ forMs: 22_000, totals }),
    });
    // There was something to restart.
    expect(totals.starts).toBeGreaterThan(3 * results.length);
  }, 900_000);

  test.each(foundInSupervision)("bears what once broke it: $what", async ({ seed, faults }) => {
    const scenario = () => supervisionScenario({ forMs: 22_000 });
    const { broken, trace } = await simulate({
      nodes: ["a", "b", "c"],
      untilMs: 70_000,
      seed,
      faults,
      scenario,
    });
    expect(broken, trace.join("\n")).toBeUndefined();
  });
});
