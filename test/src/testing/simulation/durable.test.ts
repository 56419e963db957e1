import { describe, expect, test } from "vitest";
import { type FaultMix, simulate, simulateSeeds } from "../../../../src/testing/simulation/index.ts";
import { durableScenario } from "./durable-scenario.ts";
import { seedsOfToday } from "./seeds.ts";

const command = "npx vitest run test/src/testing/simulation/durable.test.ts";
const each = { nodes: ["a", "b", "c"], untilMs: 130_000, faultsUntilMs: 25_000 };
const times = { forMs: 22_000, readAtMs: 100_000 };
/** A power cut takes what was acknowledged: no agent on one server outlives that. */
const harsh: FaultMix = {
  most: {
    ...{ reset: 4, kill: 4, pause: 3, partition: 3, slow: 2 },
    ...{ storeGap: 2, storeLoss: 2, serverRestart: 2, clockJump: 2 },
  },
};

describe("durable agents on three nodes that write to each other", () => {
  const some = seedsOfToday("durable, harsh", 300);
  test(`lose nothing, do nothing twice and keep the order, ${some.text}`, async () => {
    const totals = { delivered: 0, unknown: 0 };
    const { results } = await simulateSeeds({
      ...each,
      faults: harsh,
      seeds: some.seeds,
      withinMs: some.withinMs,
      command,
      scenario: () => durableScenario({ ...times, totals }),
    });
    expect(totals.delivered).toBeGreaterThan(50 * results.length);
  }, 900_000);

  test("repeat one history for one seed", async () => {
    const run = () => simulate({ ...each, seed: 5, faults: harsh, scenario: () => durableScenario(times) });
    const [one, other] = [await run(), await run()];
    expect(one.broken).toBeUndefined();
    expect(one.hash).toBe(other.hash);
  });
});
