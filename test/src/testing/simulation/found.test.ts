import { describe, expect, test } from "vitest";
import { setup } from "xstate";
import { defineSupervisor } from "../../../../actors/index.ts";
import { defineProtocol } from "../../../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../../../src/index.ts";
import { type Fault, simulate } from "../../../../src/testing/simulation/index.ts";

// What simulations have found, each once more on its own.

const quiet = defineProtocol({ name: "quiet", accepts: {} });

test.each([{ node: "b" }, {}])(
  "a permanent child %j that is done while the server still takes its subscriptions is restarted",
  async (where) => {
    let begun = 0;
    const count = (): void => void begun++;
    const machine = setup({ actions: { count } }).createMachine({
      initial: "up",
      states: { up: { entry: "count", after: { 10: "over" } }, over: { type: "final" } },
    });
    const child = defineActor({ protocol: quiet, machine });
    const tree = defineSupervisor({
      intensity: 100,
      children: [{ id: "one", actor: "child", restart: "permanent", ...where }],
    });
    await simulate({
      seed: 1,
      nodes: ["a", "b"],
      server: { latencyMs: [50, 50] },
      untilMs: 10_000,
      scenario: () => ({
        boot: async ({ name, env, connect }) => {
          const transport = await connect();
          const system = await createSystem({ name: "sim", node: name, transport, env, actors: { child } });
          if (name === "a") env.setTimer(1_000, () => void system.spawn("ship", tree));
        },
      }),
    });
    expect(begun).toBeGreaterThan(3);
  },
);

test("nodes that have all died at once come back under their names, after a lease", async () => {
  const up: string[] = [];
  const { trace } = await simulate({
    seed: 1,
    nodes: ["a", "b"],
    faults: ["a", "b"].map((node) => ({
      kind: "kill",
      atMs: 5_000,
      node,
      steps: 0,
      silent: false,
      restartAfterMs: 100,
    })),
    untilMs: 12_000,
    traceLinesMax: 1_000,
    scenario: () => ({
      boot: async ({ name, life, env, connect }) => {
        const transport = await connect();
        await createSystem({ name: "sim", node: name, transport, env });
        if (life === 2) up.push(name);
      },
    }),
  });
  expect(up.sort(), trace.join("\n")).toEqual(["a", "b"]);
});

describe("a node that has come back, which the server forgets while it still has the one before", () => {
  /** b and c die; b is back first, and c sees what the server then says of b. */
  const run = async (seed: number, more: readonly Fault[]) => {
    const incarnations = new Map<string, string | undefined>();
    let seen: string | undefined;
    const incarnationOf = (system: ActorSystem): string | undefined =>
      system.nodes.find(({ node }) => node === "b")?.incarnation;
    const { trace } = await simulate({
      seed,
      nodes: ["a", "b", "c"],
      faults: [
        { kind: "kill", atMs: 5_000, node: "b", steps: 0, silent: false, restartAfterMs: 100 },
        { kind: "kill", atMs: 5_000, node: "c", steps: 0, silent: false, restartAfterMs: 5_000 },
        ...more,
      ],
      untilMs: 13_000,
      traceLinesMax: 1_000,
      scenario: () => ({
        boot: async ({ name, env, life, connect }) => {
          const transport = await connect();
          const options = { name: "sim", node: name, transport, env, onReport: () => {} };
          const system = await createSystem(options);
          incarnations.set(name, incarnationOf(system));
          if (name !== "c" || life !== 2) return;
          env.setTimer(500, () => {
            seen = incarnationOf(system);
          });
        },
      }),
    });
    return { trace, seen, truth: incarnations.get("b") };
  };

  test.each([1, 2, 3, 4])("enters its record again over that one's (seed %i)", async (seed) => {
    const first = await run(seed, []);
    const up = first.trace.find((line) => line.endsWith("b is up (life 2)"));
    const atMs = Number(up?.split(" ")[0]) + 20;
    const { seen, truth, trace } = await run(seed, [{ kind: "powerCut", atMs, forMs: 20, lostMs: 1_000 }]);
    expect(trace.some((line) => /lost \d+ writes to cx_sim$/.test(line))).toBe(true);
    expect(seen, trace.join("\n")).toBe(truth);
  });
});

test("a far actor's end is heard of, though its node's connection broke when it was told", async () => {
  const outcomes: string[] = [];
  const ending = setup({}).createMachine({
    initial: "up",
    states: { up: { after: { 3000: "over" } }, over: { type: "final" } },
  });
  await simulate({
    seed: 1,
    nodes: ["a", "b"],
    server: { latencyMs: [50, 50] },
    untilMs: 12_000,
    scenario: () => ({
      boot: async ({ name, env, connect }) => {
        const transport = await connect();
        const system = await createSystem({ name: "sim", node: name, transport, env });
        const watch = (): void => {
          system.ref("far.one", quiet).watch((outcome) => outcomes.push(outcome.kind));
        };
        if (name === "a") env.setTimer(2_000, watch);
        else await system.spawn("far.one", defineActor({ protocol: quiet, machine: ending }));
      },
      drive: (world) => {
        // The end is told meanwhile.
        for (let atMs = 3_300; atMs < 3_900; atMs += 10) world.after(atMs, () => world.node("b").reset());
      },
    }),
  });
  expect(outcomes).toHaveLength(1);
});
