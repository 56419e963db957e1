import { describe, expect, test } from "vitest";
import { type FaultMix, simulate, simulateSeeds } from "../../../../src/testing/simulation/index.ts";
import { seedsOfToday } from "../../testing/simulation/seeds.ts";
import { noCounts, placementScenario } from "./placement-scenario.ts";

const command = "npx vitest run test/src/durable/placement/simulated.test.ts";
const each = { nodes: ["a", "b", "c"], untilMs: 60_000, faultsUntilMs: 30_000, command };

const harsh: FaultMix = {
  most: {
    ...{ reset: 3, kill: 3, pause: 4, partition: 4, slow: 2, clockJump: 2 },
    ...{ storeGap: 2, storeLoss: 3, serverRestart: 1 },
  },
};

describe("shards on three nodes that fall, freeze and are cut off", () => {
  const some = seedsOfToday("placement, harsh", 300);
  test(`have one holder at a time, and their owner in the end, ${some.text}`, async () => {
    const counts = noCounts();
    const scenario = () => placementScenario({ unruly: true, restlessForMs: 30_000, counts });
    const { results } = await simulateSeeds({
      ...each,
      faults: harsh,
      seeds: some.seeds,
      withinMs: some.withinMs,
      scenario,
    });
    expect(counts.acquired).toBeGreaterThan(16 * results.length);
    expect(counts.released).toBeGreaterThan(results.length);
    expect(counts.dispatched).toBeGreaterThan(1_000 * results.length);
  }, 900_000);

  const paused = seedsOfToday("placement, pauses", 300);
  test(`are not worked on by one that wakes up, ${paused.text}`, async () => {
    const counts = noCounts();
    const scenario = () => placementScenario({ unruly: false, restlessForMs: 0, counts });
    const faults: FaultMix = { most: { pause: 8, partition: 2 } };
    await simulateSeeds({ ...each, faults, seeds: paused.seeds, withinMs: paused.withinMs, scenario });
    expect(counts.lost).toBeGreaterThan(0);
  }, 900_000);

  const forgotten = seedsOfToday("placement, power cuts", 200);
  test(`are each with their owner in the end, whatever the server forgot, ${forgotten.text}`, async () => {
    const scenario = () => placementScenario({ unruly: true, restlessForMs: 30_000, forgetful: true });
    const faults: FaultMix = { most: { powerCut: 3, kill: 2, pause: 2, partition: 2 } };
    const { seeds, withinMs } = forgotten;
    await simulateSeeds({ ...each, faults, seeds, withinMs, scenario });
  }, 900_000);

  test("are dropped by a node that slept for three leases before it does anything else, and are others' meanwhile", async () => {
    const faults = [{ kind: "pause", node: "a", atMs: 10_000, forMs: 9_000 }] as const;
    const scenario = () => placementScenario({ unruly: false, restlessForMs: 0 });
    const { broken, trace } = await simulate({ ...each, seed: 1, faults, scenario, traceLinesMax: 100_000 });
    expect(broken, trace.join("\n")).toBeUndefined();
    const story = trace.map((line) => line.slice(line.indexOf(" ") + 1));
    const woken = story.indexOf("a goes on");
    const held = story
      .filter((line, n) => n < woken && /^a\.1 acquired/.test(line))
      .map((line) => line.split(" ")[2]);
    expect(held.length).toBeGreaterThan(0);
    for (const shard of held) {
      expect(
        story.slice(0, woken).filter((line) => /^[bc]\.1 acquired/.test(line) && line.endsWith(` ${shard}`)),
      ).toHaveLength(1);
      const first = story.slice(woken).find((line) => line.startsWith("a.1") && line.endsWith(` ${shard}`));
      expect(first).toBe(`a.1 lost ${shard}`);
    }
  });
});
