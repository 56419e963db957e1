import { expect, test } from "vitest";
import { setup } from "xstate";
import { defineSupervisor } from "../../../../actors/index.ts";
import { defineProtocol } from "../../../../protocols/index.ts";
import { createSystem, defineActor } from "../../../../src/index.ts";
import { simulate } from "../../../../src/testing/simulation/index.ts";

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
