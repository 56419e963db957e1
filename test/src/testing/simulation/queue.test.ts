import { describe, expect, test } from "vitest";
import {
  type Fault,
  type FaultMix,
  simulate,
  simulateSeeds,
} from "../../../../src/testing/simulation/index.ts";
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
  const run = async (faults: readonly Fault[], { seed = 7, steady = false } = {}) => {
    const totals = noCounts();
    const scenario = () => queueScenario({ forMs: 20_000, steady, totals });
    const { broken, trace } = await simulate({ ...each, seed, faults, scenario, traceLinesMax: 10_000 });
    expect(broken, trace.slice(-30).join("\n")).toBeUndefined();
    return { totals, lines: (pattern: RegExp) => trace.filter((line) => pattern.test(line)) };
  };
  const isInOrder = (line: string): boolean => {
    const sequences = line.split("again: ")[1]?.split(" ").map(Number) ?? [];
    return sequences.every((sequence, n) => n === 0 || sequence > (sequences[n - 1] as number));
  };

  test("none: what is not acknowledged in time comes again, sometimes in another order, and nothing else does", async () => {
    const { totals, lines } = await run([], { steady: true });
    const again = lines(/of box come again/);
    expect(again.length).toBeGreaterThan(10);
    expect(again.every(isInOrder)).toBe(false);
    expect(again.some(isInOrder)).toBe(true);
    expect(totals.again).toBeGreaterThan(10);
    expect(totals).toMatchObject({ unknown: 0, acknowledgedAgain: 0, takenOver: 0 });
    expect(lines(/consumes box/)).toHaveLength(6);
  });

  test("loses entries and acknowledgements on their way, and answers, or brings them late", async () => {
    const loss = { kind: "storeLoss", atMs: 3_000, forMs: 8_000, probability: 0.5 } as const;
    const { totals, lines } = await run([loss], { steady: true });
    expect(lines(/entry \d+ of box is lost on its way/).length).toBeGreaterThan(3);
    expect(lines(/an acknowledgement of \d+ to .* is lost/).length).toBeGreaterThan(3);
    expect(lines(/append of .: ok, and its answer is late/).length).toBeGreaterThan(3);
    expect(totals.unknown).toBeGreaterThan(10);
    expect(totals.acknowledgedAgain).toBeGreaterThan(0);
    // Who sees a gap makes his consumer anew.
    expect(lines(/consumes box/).length).toBeGreaterThan(9);
  });

  test("takes entries and acknowledgements with the power: what was acknowledged comes again", async () => {
    const cut = { kind: "powerCut", atMs: 5_000, forMs: 100, lostMs: 1_000 } as const;
    const { totals, lines } = await run([cut], { steady: true });
    expect(lines(/the server has lost \d+ writes to box/)).toHaveLength(1);
    expect(totals.forgottenAgain).toBeGreaterThan(0);
  });

  test("takes consumers with the power, and leaves each to its owner", async () => {
    // Made anew after the first, and forgotten: the consumer before it is back after the second.
    const faults = [
      { kind: "reset", atMs: 5_000, node: "a" },
      { kind: "powerCut", atMs: 5_600, forMs: 50, lostMs: 1_000 },
    ] as const;
    let back = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const { totals, lines } = await run(faults, { seed, steady: true });
      expect(totals.takenOver).toBe(0);
      back += lines(/a takes shard-0-\w+000 from box/).length - 1;
    }
    expect(back).toBeGreaterThan(0);
  });

  test("ends the server: its consumers are there when it is back", async () => {
    const { totals, lines } = await run([{ kind: "serverRestart", atMs: 5_000, forMs: 300 }], {
      steady: true,
    });
    expect(lines(/the server has lost/)).toHaveLength(0);
    expect(lines(/takes shard-\d-\w+ from box/).length).toBe(6);
    expect(totals.takenOver).toBe(0);
  });
});
