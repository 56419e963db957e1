import { afterEach, describe, expect, test, vi } from "vitest";
import { Asks } from "../../../../src/asks.ts";
import { Registry } from "../../../../src/registry.ts";
import {
  type Fault,
  type Scenario,
  SimulationFailure,
  type SimulationOptions,
  shrink,
  simulate,
  simulateSeeds,
} from "../../../../src/testing/simulation/index.ts";
import { Watches } from "../../../../src/watches.ts";
import { kernelScenario } from "./kernel-scenario.ts";
import { queueScenario } from "./queue-scenario.ts";

const nodes = ["a", "b", "c"];
const faults = {
  most: {
    reset: 3,
    kill: 2,
    pause: 3,
    partition: 3,
    slow: 2,
    storeGap: 2,
    storeLoss: 2,
    powerCut: 1,
    hostile: 1,
  },
};
const short = { nodes, untilMs: 20_000, faultsUntilMs: 12_000 };
const scenario = () => kernelScenario({ forMs: 10_000, strict: false, doubled: true });
/** Nothing of ours: nodes that only exist. */
const idle = (): Scenario => ({ boot: async () => {} });

afterEach(() => void vi.restoreAllMocks());

describe("a simulation", () => {
  test("of one seed is the same history each time, event by event; of another seed another one", async () => {
    const hashes = new Map<number, string>();
    for (const seed of [1, 2, 3, 4, 1, 2, 3, 4]) {
      const { hash, events } = await simulate({ ...short, seed, faults, scenario });
      expect(events).toBeGreaterThan(500);
      expect(hashes.get(seed) ?? hash).toBe(hash);
      hashes.set(seed, hash);
    }
    expect(new Set(hashes.values()).size).toBe(4);
  });

  test("with queues is the same history each time, whatever happens to what they deliver", async () => {
    const hashes = new Map<number, string>();
    for (const seed of [1, 2, 3, 1, 2, 3]) {
      const queues = () => queueScenario({ forMs: 10_000 });
      const options = { ...short, untilMs: 36_000, seed, faults, scenario: queues };
      const { hash, events } = await simulate(options);
      expect(events).toBeGreaterThan(500);
      expect(hashes.get(seed) ?? hash).toBe(hash);
      hashes.set(seed, hash);
    }
    expect(new Set(hashes.values()).size).toBe(3);
  });

  test("with a fault left out draws everything else as before", async () => {
    const { faults: drawn } = await simulate({ ...short, seed: 5, faults, scenario: idle });
    const { faults: fewer } = await simulate({
      ...short,
      seed: 5,
      faults: { most: { ...faults.most, kill: 0 } },
      scenario: idle,
    });
    expect(fewer).toEqual(drawn.filter(({ kind }) => kind !== "kill"));
  });

  test.each([{ seed: 1.5 }, { nodes: 0 }, { untilMs: 0 }])("refuses %j", async (wrong) => {
    const options = { ...short, seed: 1, scenario: idle, ...wrong };
    await expect(simulate(options)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

/** Breaks its promise where both a pause of b and a kill of c have happened. */
const brittle = (): Scenario => {
  const lived = new Map<string, number>();
  return {
    boot: async (node, world) => {
      lived.set(node.name, node.life);
      const look = (): void => {
        if (
          node.name === "b" &&
          node.env.monotonicMs() > 100 &&
          world.trace.lines.some((line) => line.endsWith("b goes on")) &&
          (lived.get("c") ?? 0) > 1
        ) {
          world.fail("b and c are well", "b stood still, and c died");
        }
        node.env.setTimer(50, look);
      };
      look();
    },
  };
};

const noise: Fault[] = Array.from({ length: 12 }, (_, n) => ({
  kind: "slow",
  node: "a",
  atMs: n * 100,
  forMs: 50,
  byMs: 5,
}));
const both: Fault[] = [
  ...noise.slice(0, 5),
  { kind: "pause", node: "b", atMs: 500, forMs: 300 },
  ...noise.slice(5),
  { kind: "kill", node: "c", atMs: 900, steps: 0, silent: false, restartAfterMs: 10 },
  { kind: "reset", node: "a", atMs: 1_000 },
];

describe("a seed that fails", () => {
  const options: SimulationOptions = { seed: 3, nodes, untilMs: 3_000, faults: both, scenario: brittle };

  test("is shrunk to the faults it takes", async () => {
    const failed = await simulate(options);
    expect(failed.broken).toMatchObject({ promise: "b and c are well" });
    const { result, runs, truncated } = await shrink(options, failed);
    expect(result.faults.map(({ kind }) => kind)).toEqual(["pause", "kill"]);
    expect(truncated).toBe(false);
    expect(runs).toBeLessThan(60);
  });

  test("is told with its seed, the faults that are left, and how to see it again, which shows the same", async () => {
    const command = "npx vitest run here";
    const failure = await simulateSeeds({ ...options, seeds: [3], command, replay: undefined }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(SimulationFailure);
    const { message, result } = failure as SimulationFailure;
    expect(message).toContain("Seed 3: b and c are well: b stood still, and c died");
    expect(message).toContain("It takes 2 of 15 faults:\n  1. at 500 ms: pause");
    const [, replay] = /SIMULATION='(.*)' npx vitest run here/.exec(message) ?? [];
    const again = await simulateSeeds({ ...options, seeds: [], command, replay }).catch(
      (error: unknown) => error,
    );
    expect((again as SimulationFailure).result.hash).toBe(result.hash);
  });

  test.each(["no JSON", "{}", '{"seed":1,"faults":3}'])("cannot be seen again by %j", async (replay) => {
    const run = simulateSeeds({ ...options, seeds: [], command: "", replay });
    await expect(run).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

/** Runs seeds until one fails. */
async function firstBroken(
  most: Partial<Record<Fault["kind"], number>>,
  killsOnly: boolean,
): Promise<string | undefined> {
  for (let seed = 1; seed <= 200; seed++) {
    const { broken } = await simulate({
      nodes,
      untilMs: 30_000,
      faultsUntilMs: 16_000,
      seed,
      faults: { most },
      scenario: () => kernelScenario({ forMs: 14_000, strict: false, doubled: true, killsOnly }),
    });
    if (broken !== undefined) return broken.promise;
  }
  return undefined;
}

describe("a planted bug is found:", () => {
  test("a registry that takes every name for free", async () => {
    vi.spyOn(Registry.prototype, "claim").mockImplementation(() => Promise.resolve());
    expect(await firstBroken({}, false)).toBe("one living actor an address");
  });

  test("a watch that fires twice where a node is lost", async () => {
    const { watch } = Watches.prototype;
    vi.spyOn(Watches.prototype, "watch").mockImplementation(function (
      this: Watches,
      address,
      down,
      activation,
    ) {
      const twice: typeof down = (outcome) => {
        down(outcome);
        if (outcome.kind === "lost" && outcome.reason?.endsWith("is gone")) down(outcome);
      };
      return watch.call(this, address, twice, activation);
    });
    expect(await firstBroken({ kill: 3 }, false)).toBe("a watch fires once");
  });

  test("a watch that does not hear that a node is lost", async () => {
    vi.spyOn(Watches.prototype, "nodeDown").mockImplementation(() => {});
    vi.spyOn(Watches.prototype, "uncertain").mockImplementation(() => {});
    vi.spyOn(Watches.prototype, "settle").mockImplementation(() => {});
    expect(await firstBroken({ kill: 3 }, false)).toBe("a watch fires once");
  });

  test("an ask that does not settle when its node is lost", async () => {
    vi.spyOn(Asks.prototype, "nodeDown").mockImplementation(() => {});
    expect(await firstBroken({ kill: 3 }, true)).toBe("an ask settles when the node it went to is gone");
  });
});
