import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { reply, tell } from "../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { type ActorDefinition, type DurabilityOptions, defineActor } from "../../../src/index.ts";
import { type DurableCluster, type DurableNode, durableCluster } from "./durable-cluster.ts";

const clock = defineProtocol({
  name: "clock",
  accepts: {
    start: z.object({}),
    stop: z.object({}),
    beat: z.object({}),
    remind: z.object({ to: z.string(), delayMs: z.number() }),
    reminded: z.object({}),
    read: question(z.object({}), z.object({ rings: z.number(), beats: z.number(), reminders: z.number() })),
  },
});

/** Rings once after a second; beats each second while it runs. */
const machine = setup({
  types: {
    context: {} as { rings: number; beats: number; reminders: number },
    events: {} as MessageOf<typeof clock>,
  },
  delays: { ring: 1_000, beat: 1_000, far: 40 * 24 * 3_600_000 },
}).createMachine({
  id: "clock",
  context: { rings: 0, beats: 0, reminders: 0 },
  initial: "idle",
  on: {
    read: { actions: reply(({ context }) => context) },
    reminded: { actions: assign({ reminders: ({ context }) => context.reminders + 1 }) },
    remind: {
      actions: tell(
        clock,
        ({ event }) => event.to as ActorAddress,
        { type: "reminded" },
        { delay: 1_000, id: "reminder" },
      ),
    },
  },
  states: {
    idle: { on: { start: "running", beat: "beating" } },
    running: {
      on: { stop: "idle" },
      after: {
        ring: { target: "rung", actions: assign({ rings: ({ context }) => context.rings + 1 }) },
        far: "idle",
      },
    },
    rung: {},
    beating: {
      on: { stop: "idle" },
      after: {
        beat: {
          target: "beating",
          reenter: true,
          actions: assign({ beats: ({ context }) => context.beats + 1 }),
        },
      },
    },
  },
});

function clockActor(timers: DurabilityOptions["timers"] = {}): ActorDefinition {
  return defineActor({ protocol: clock, machine, durability: { timers } }) as ActorDefinition;
}

interface Run {
  readonly cluster: DurableCluster;
  readonly host: DurableNode;
  readonly actors: Readonly<Record<string, ActorDefinition>>;
  /** Where nothing is hosted: it lives on. */
  tell(type: "start" | "stop" | "beat"): Promise<void>;
  read(key?: string): Promise<{ rings: number; beats: number; reminders: number }>;
  remind(to: string): Promise<void>;
}

async function running(cluster: DurableCluster, timers?: DurabilityOptions["timers"]): Promise<Run> {
  const watcher = await cluster.join("watcher", {});
  const actors = { clock: clockActor(timers) };
  const host = await cluster.join("first", actors);
  const ref = watcher.system.ref("clock.one", clock);
  return {
    cluster,
    host,
    actors,
    tell: async (type) => void (await cluster.settled(ref.deliver({ type }))),
    read: (key = "one") =>
      cluster.settled(watcher.system.ref(`clock.${key}`, clock).ask({ type: "read" }, { withinMs: 20_000 })),
    remind: async (to) => void (await cluster.settled(ref.deliver({ type: "remind", to, delayMs: 1_000 }))),
  };
}

describe("a durable timer", () => {
  test("fires when it is due, not before, and once", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.tell("start");
    expect((await run.read()).rings).toBe(0);
    await cluster.pass(800);
    expect((await run.read()).rings).toBe(0);
    await cluster.pass(400);
    expect((await run.read()).rings).toBe(1);
    await cluster.pass(5_000);
    expect((await run.read()).rings).toBe(1);
  });

  test("wakes an agent that has left memory, and one whose node is gone, with nobody writing to it", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.tell("start");
    await run.read();
    run.host.kill();
    const second = await cluster.join("second", run.actors);
    await cluster.pass(4_000);
    expect(second.system.agents).toEqual(["clock.one"]);
    expect((await run.read()).rings).toBe(1);
  });

  test("that was cancelled stays so, over a crash too", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.tell("start");
    await run.tell("stop");
    await run.read();
    run.host.kill();
    await cluster.join("second", run.actors);
    await cluster.pass(5_000);
    expect((await run.read()).rings).toBe(0);
  });

  test("may be due later than any timer of Node's", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.tell("start");
    expect((await run.read()).rings).toBe(0);
    await cluster.pass(1_100);
    expect((await run.read()).rings).toBe(1);
  });

  test("of a message to another agent is sent when it is due, once, whoever is killed", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.remind("clock.two");
    await run.read();
    run.host.kill();
    await cluster.join("second", run.actors);
    await cluster.pass(6_000);
    expect((await run.read("two")).reminders).toBe(1);
  });

  // The host is gone from 300 ms after the start for about 3 s.
  async function away(run: Run): Promise<void> {
    await run.cluster.pass(300);
    run.host.kill();
    await run.cluster.pass(3_000);
    const { system } = await run.cluster.join("second", run.actors);
    await run.cluster.until(() => system.agents.length > 0);
  }

  test("resumed by its deadline is due when it was due", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster);
    await run.tell("start");
    await away(run);
    await cluster.pass(50);
    expect((await run.read()).rings).toBe(1);
  });

  test("resumed with what remained does not count the time between", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster, { resume: "remaining" });
    await run.tell("start");
    await away(run);
    await cluster.pass(500);
    expect((await run.read()).rings).toBe(0);
    await cluster.pass(1_500);
    expect((await run.read()).rings).toBe(1);
  });

  test("restarted has its whole time again", async () => {
    await using cluster = durableCluster();
    const run = await running(cluster, { of: { ring: { resume: "restart" } } });
    await run.tell("start");
    await away(run);
    await cluster.pass(700);
    expect((await run.read()).rings).toBe(0);
    await cluster.pass(1_500);
    expect((await run.read()).rings).toBe(1);
  });

  /** Beats at once when an agent that beats each second comes back after 3 s or more. */
  async function missed(policy: "once" | "all" | "skip"): Promise<number> {
    await using cluster = durableCluster();
    const run = await running(cluster, { missed: policy });
    await run.tell("beat");
    await away(run);
    await cluster.pass(50);
    return (await run.read()).beats;
  }

  test("that missed several of its times fires once for them, or once for each, or not before its next", async () => {
    expect(await missed("once")).toBe(1);
    expect(await missed("all")).toBeGreaterThanOrEqual(3);
    expect(await missed("skip")).toBe(0);
  });

  test("is not due early because somebody sets the wall clock of its node", async () => {
    await using cluster = durableCluster();
    let offsetMs = 0;
    const watcher = await cluster.join("watcher", {});
    await cluster.join("first", { clock: clockActor() }, { wallOffsetMs: () => offsetMs });
    const ref = watcher.system.ref("clock.one", clock);
    await cluster.settled(ref.deliver({ type: "start" }));
    await cluster.settled(ref.ask({ type: "read" }));
    offsetMs = 3_600_000;
    await cluster.pass(600);
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 4_000_000 }))).rings).toBe(0);
    offsetMs = -3_600_000;
    await cluster.pass(600);
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 4_000_000 }))).rings).toBe(1);
  });
});
