import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { fromCall, reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question, trouble } from "../../../protocols/index.ts";
import { type ActorDefinition, type DurabilityOptions, defineActor } from "../../../src/index.ts";
import { type DurableCluster, type DurableNode, durableCluster } from "./durable-cluster.ts";

const fragile = defineProtocol({
  name: "fragile",
  accepts: {
    add: z.object({ by: z.number() }),
    poison: z.object({}),
    call: z.object({}),
    wait: z.object({}),
    throw: z.object({}),
    read: question(z.object({}), z.object({ sum: z.number() })),
  },
});

/** Takes what a supervisor is told, and says what it was. */
const overseeing = defineProtocol({
  name: "trouble",
  accepts: { ...trouble.accepts, read: question(z.object({}), z.object({ told: z.array(z.any()) })) },
});

/** What its code does to its process in the midst of a turn. */
interface Deaths {
  now: DurableNode | undefined;
  count: number;
  die(): void;
}

function fragileActor(deaths: Deaths, durability: DurabilityOptions = {}): ActorDefinition {
  const machine = setup({
    types: { context: {} as { sum: number }, events: {} as MessageOf<typeof fragile> },
    actors: { call: fromCall(() => void deaths.die()) },
    delays: { soon: 50 },
  }).createMachine({
    id: "fragile",
    context: { sum: 0 },
    initial: "idle",
    on: {
      add: { actions: assign({ sum: ({ context, event }) => context.sum + event.by }) },
      poison: {
        actions: assign({
          sum: () => {
            deaths.die();
            return 1_000;
          },
        }),
      },
      throw: {
        actions: assign(() => {
          throw new Error("thrown on purpose");
        }),
      },
      read: { actions: reply(({ context }) => context) },
      call: ".calling",
      wait: ".waiting",
    },
    states: {
      idle: {},
      calling: {
        invoke: { src: "call", onDone: "idle", onError: { target: "idle", actions: assign({ sum: -1 }) } },
      },
      waiting: {
        after: {
          soon: {
            target: "idle",
            actions: assign({
              sum: () => {
                deaths.die();
                return 1_000;
              },
            }),
          },
        },
      },
    },
  });
  return defineActor({
    protocol: fragile,
    machine,
    durability: { attemptsMax: 3, ...durability },
  }) as ActorDefinition;
}

/** Whenever the host dies another one comes. */
async function fleet(
  cluster: DurableCluster,
  deaths: Deaths,
  durability: DurabilityOptions = {},
): Promise<{ rounds(n: number): Promise<void> }> {
  const actors = { fragile: fragileActor(deaths, durability) };
  let hosts = 0;
  const another = async (): Promise<void> => {
    deaths.now = await cluster.join(`host${hosts++}`, actors);
  };
  await another();
  return {
    rounds: async (n) => {
      for (let round = 0; round < n; round++) {
        const before = deaths.count;
        await cluster.pass(1_500);
        if (deaths.count > before) await another();
      }
    },
  };
}

function deathsOf(): Deaths {
  return {
    now: undefined,
    count: 0,
    die() {
      this.count++;
      this.now?.kill();
      // What comes after it in its process never runs.
      throw new Error("the process is dead");
    },
  };
}

describe("what ends its process again and again", () => {
  test("is put down after so many attempts: what came before and after it, and other agents, are not", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const deaths = deathsOf();
    const { rounds } = await fleet(cluster, deaths);
    const ref = watcher.system.ref("fragile.one", fragile);
    const others = Array.from({ length: 10 }, (_, i) => watcher.system.ref(`fragile.other${i}`, fragile));
    for (let by = 1; by <= 5; by++) ref.tell({ type: "add", by });
    ref.tell({ type: "poison" });
    for (let by = 6; by <= 10; by++) ref.tell({ type: "add", by });
    for (const other of others) other.tell({ type: "add", by: 1 });
    await rounds(14);
    expect(deaths.count).toBeLessThanOrEqual(3);
    const reading = [ref, ...others].map((each) => each.ask({ type: "read" }, { withinMs: 30_000 }));
    const sums = (await cluster.settled(Promise.all(reading))).map(({ sum }) => sum);
    expect(sums).toEqual([55, ...others.map(() => 1)]);
    const letters = await cluster.settled(watcher.system.deadLetters.list());
    expect(letters.map(({ code, type }) => ({ code, type }))).toEqual([
      { code: "MESSAGE_POISONOUS", type: "poison" },
    ]);
  });

  test("its supervisor is told once by the turn that puts it down, and of what its code throws", async () => {
    await using cluster = durableCluster();
    const machine = setup({
      types: { context: {} as { told: unknown[] }, events: {} as MessageOf<typeof overseeing> },
      actions: { note: assign({ told: ({ context, event }) => [...context.told, event] }) },
    }).createMachine({
      context: { told: [] },
      on: {
        read: { actions: reply(({ context }) => context) },
        agentFailed: { actions: "note" },
        agentQuarantined: { actions: "note" },
        agentRefused: { actions: "note" },
      },
    });
    const needs = ["calm"];
    const overseer = defineActor({ protocol: overseeing, machine, durability: { needs } }) as ActorDefinition;
    const watcher = await cluster.join("watcher", { overseer }, { labels: needs });
    const deaths = deathsOf();
    const { rounds } = await fleet(cluster, deaths, { supervisor: "overseer.main" });
    const ref = watcher.system.ref("fragile.one", fragile);
    ref.tell({ type: "poison" });
    ref.tell({ type: "add", by: 1 });
    ref.tell({ type: "throw" });
    await rounds(14);
    expect(deaths.count).toBeGreaterThan(0);
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 30_000 }))).sum).toBe(1);
    const { told } = await cluster.settled(
      watcher.system.ref("overseer.main", overseeing).ask({ type: "read" }, { withinMs: 30_000 }),
    );
    expect(told).toMatchObject([
      {
        type: "agentQuarantined",
        agent: "fragile.one",
        attempts: 3,
        reason: expect.stringContaining("3 attempts"),
      },
      { type: "agentFailed", agent: "fragile.one", error: { message: "Error: thrown on purpose" } },
    ]);
  });

  test("a call is not made any more, and its machine is told so", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const deaths = deathsOf();
    const { rounds } = await fleet(cluster, deaths);
    const ref = watcher.system.ref("fragile.one", fragile);
    ref.tell({ type: "call" });
    await rounds(14);
    expect(deaths.count).toBeLessThanOrEqual(5);
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 30_000 }))).sum).toBe(-1);
  });

  test("a timer is put down as if it had fired and failed", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const deaths = deathsOf();
    const { rounds } = await fleet(cluster, deaths);
    const ref = watcher.system.ref("fragile.one", fragile);
    ref.tell({ type: "wait" });
    await rounds(14);
    expect(deaths.count).toBeLessThanOrEqual(5);
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 30_000 }))).sum).toBe(0);
  });
});
