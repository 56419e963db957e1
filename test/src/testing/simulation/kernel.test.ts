import { describe, expect, test } from "vitest";
import { type FaultMix, simulate, simulateSeeds } from "../../../../src/testing/simulation/index.ts";
import { foundForgetful, foundInKernel } from "./corpus.ts";
import { type KernelCounts, kernelScenario } from "./kernel-scenario.ts";
import { seedsOfToday } from "./seeds.ts";

const command = "npx vitest run test/src/testing/simulation/kernel.test.ts";
const each = { nodes: ["a", "b", "c"], untilMs: 40_000, faultsUntilMs: 22_000, command };
const countsOf = (): KernelCounts => ({ sent: 0, ended: 0, asks: 0, answers: 0, watches: 0, lives: 0 });

/** Nothing of this loses a message. */
const gentle: FaultMix = { most: { slow: 3, clockJump: 3, storeGap: 1, storeLoss: 3 } };
/** Whatever can happen to a process, its connection, the server and the store, and what no NATS does to messages. */
const harsh: FaultMix = {
  most: {
    ...{ reset: 3, kill: 3, pause: 3, partition: 3, slow: 2, clockJump: 2 },
    ...{ storeGap: 2, storeLoss: 2, serverRestart: 1, powerCut: 2, hostile: 2 },
  },
};
/** A server that forgets what it had acknowledged; nothing happens to any process. */
const forgetful: FaultMix = {
  most: { powerCut: 8, reset: 3, slow: 2, clockJump: 2, storeGap: 1, serverRestart: 1 },
  longestMs: 2_000,
};
const lossy = () => kernelScenario({ forMs: 20_000, strict: false, doubled: true });

describe("three nodes on which actors come, go and fall", () => {
  const some = seedsOfToday("kernel, gentle", 250);
  test(`account for every message, ${some.text}`, async () => {
    const totals = countsOf();
    const scenario = () => kernelScenario({ forMs: 20_000, strict: true, totals });
    const options = { ...each, faults: gentle, seeds: some.seeds, withinMs: some.withinMs };
    const { results } = await simulateSeeds({ ...options, scenario });
    // They did something: two in five asks had an answer at least, though nobody may live at an address.
    expect(totals.sent).toBe(totals.ended);
    expect(totals.sent).toBeGreaterThan(300 * results.length);
    expect(totals.answers).toBeGreaterThan(0.2 * totals.asks);
  }, 900_000);

  const others = seedsOfToday("kernel, harsh", 350);
  test(`have one living actor an address, settle every ask and fire every watch once, ${others.text}`, async () => {
    const totals = countsOf();
    const scenario = () => kernelScenario({ forMs: 20_000, strict: false, doubled: true, totals });
    const options = { ...each, faults: harsh, seeds: others.seeds, withinMs: others.withinMs };
    const { results } = await simulateSeeds({ ...options, scenario });
    expect(totals.lives).toBeGreaterThan(5 * results.length);
    expect(totals.watches).toBeGreaterThan(20 * results.length);
  }, 900_000);

  const cut = seedsOfToday("kernel, forgetful", 150);
  test(`enter again what a server forgets, lose nothing that lives, and account for all that is lost, ${cut.text}`, async () => {
    const totals = countsOf();
    const scenario = () => kernelScenario({ forMs: 20_000, strict: false, counted: true, totals });
    const options = { ...each, faults: forgetful, seeds: cut.seeds, withinMs: cut.withinMs };
    const { results } = await simulateSeeds({ ...options, scenario });
    expect(totals.sent).toBeGreaterThan(300 * results.length);
    const cuts = results.filter(({ faults }) => faults.some(({ kind }) => kind === "powerCut"));
    expect(cuts.length).toBeGreaterThan(0.4 * results.length);
  }, 900_000);

  const killed = seedsOfToday("kernel, kills", 250);
  test(`settle what was asked of a node that died, whatever its own time, ${killed.text}`, async () => {
    const totals = countsOf();
    const scenario = () => kernelScenario({ forMs: 20_000, strict: false, killsOnly: true, totals });
    const options = {
      ...each,
      faults: { most: { kill: 4 } },
      seeds: killed.seeds,
      withinMs: killed.withinMs,
    };
    const { results } = await simulateSeeds({ ...options, scenario });
    expect(results.some(({ faults }) => faults.length > 0)).toBe(true);
  }, 900_000);

  test.each(foundForgetful)("bear what a forgetful server once broke: $what", async ({ seed, faults }) => {
    const scenario = () => kernelScenario({ forMs: 20_000, strict: false, counted: true });
    const { broken, trace } = await simulate({ ...each, seed, faults, scenario });
    expect(broken, trace.join("\n")).toBeUndefined();
  });

  test.each(foundInKernel)("bear what once broke them: $what", async ({ seed, faults }) => {
    const { broken, trace } = await simulate({ ...each, seed, faults, scenario: lossy });
    expect(broken, trace.join("\n")).toBeUndefined();
  });
});
