import { describe, expect, test } from "vitest";
import { type FaultMix, simulate, simulateSeeds } from "../../../../src/testing/simulation/index.ts";
import { noCounts, queueScenario } from "./queue-scenario.ts";
import { seedsOfToday } from "./seeds.ts";

const command = "npx vitest run test/src/testing/simulation/queue.test.ts";
const each = { nodes: ["a", "b", "c"], untilMs: 48_000, faultsUntilMs: 22_000 };
const harsh: FaultMix = {
  most: {
    ...{ reset: 3, kill: 3, pause: 2, partition: 2, slow: 2, clockJump: 2 },
    ...{ storeGap: 2, storeLoss: 2, serverRestart: 1, powerCut: 2, hostile: 2 },
  },
};

describe("three shards of a queue, taken by one node and then another", () => {
  const some = seedsOfToday("queue, harsh", 200);
  test(`lose nothing that the store has acknowledged and not forgotten, ${some.text}`, async () => {
    const totals = noCounts();
    const scenario = () => queueScenario({ forMs: 20_000, totals });
    const { seeds, withinMs } = some;
    const { results } = await simulateSeeds({ ...each, faults: harsh, seeds, withinMs, command, scenario });
    expect(totals.acknowledged).toBeGreaterThan(100 * results.length);
    expect(totals.again).toBeGreaterThan(10 * results.length);
    expect(totals.takenOver).toBeGreaterThan(results.length);
  }, 900_000);
});

describe("a fault of a queue", () => {
  const run = async (faults: Parameters<typeof simulate>[0]["faults"]) => {
    const totals = noCounts();
    const scenario = () => queueScenario({ forMs: 20_000, totals });
    const { broken, trace } = await simulate({
      ...each,
      seed: 7,
      faults: faults ?? [],
      scenario,
      traceLinesMax: 10_000,
    });
    expect(broken, trace.slice(-30).join("\n")).toBeUndefined();
    return { totals, lines: (pattern: RegExp) => trace.filter((line) => pattern.test(line)).length };
  };

  test("none: what is not acknowledged in time comes again, behind later ones and in another order", async () => {
    const { totals, lines } = await run([]);
    expect(lines(/entries of box come again/)).toBeGreaterThan(3);
    expect(totals.again).toBeGreaterThan(10);
    expect(totals.overtaken).toBeGreaterThan(3);
    expect(totals.unknown).toBe(0);
  });

  test("loses entries and acknowledgements on their way, and answers, or brings them late", async () => {
    const { totals, lines } = await run([{ kind: "storeLoss", atMs: 3_000, forMs: 8_000, probability: 0.5 }]);
    expect(lines(/entry \d+ of box is lost on its way/)).toBeGreaterThan(3);
    expect(lines(/an acknowledgement of \d+ to .* is lost/)).toBeGreaterThan(3);
    expect(lines(/append of .: ok, and its answer is late/)).toBeGreaterThan(3);
    expect(totals.unknown).toBeGreaterThan(10);
  });

  test("takes entries, acknowledgements and consumers with the power: what was acknowledged comes again", async () => {
    const cut = { kind: "powerCut", atMs: 5_000, forMs: 100, lostMs: 1_000 } as const;
    const { lines } = await run([cut]);
    expect(lines(/the server has lost \d+ writes to box/)).toBe(1);
    expect(lines(/consumes box as shard/)).toBeGreaterThan(5);
  });

  test("ends the server: its consumers are there when it is back", async () => {
    const { lines } = await run([{ kind: "serverRestart", atMs: 5_000, forMs: 300 }]);
    expect(lines(/the server has lost/)).toBe(0);
  });
});
