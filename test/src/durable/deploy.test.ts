import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor } from "../../../src/index.ts";
import { type DurableCluster, type DurableNode, durableCluster } from "./durable-cluster.ts";

const order = defineProtocol({
  name: "order",
  accepts: {
    add: z.object({ n: z.number() }),
    pay: z.object({}),
    read: question(z.object({}), z.object({ state: z.string(), seen: z.array(z.number()), by: z.string() })),
  },
});

interface Context {
  readonly seen: readonly number[];
}

/** Version 1 calls its first state `draft`, version 2 `open`, and counts in another field. */
function orderActor(version: 1 | 2, by: string, needs: readonly string[] = []): ActorDefinition {
  const first = version === 1 ? "draft" : "open";
  const machine = setup({
    types: { context: {} as Context, events: {} as MessageOf<typeof order> },
  }).createMachine({
    id: "order",
    context: { seen: [] },
    initial: first,
    on: {
      add: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.n] }) },
      read: {
        actions: reply(({ context, self }) => ({
          state: String(self.getSnapshot().value),
          seen: [...context.seen],
          by,
        })),
      },
    },
    states: { [first]: { on: { pay: "paid" } }, paid: {} },
  });
  const migrations = {
    2: (snapshot: { value: unknown }) => ({
      ...snapshot,
      value: snapshot.value === "draft" ? "open" : snapshot.value,
    }),
  };
  return defineActor({
    protocol: order,
    machine,
    durability: { version, needs, ...(version === 2 ? { migrations } : {}) },
  }) as ActorDefinition;
}

function refs(system: ActorSystem, n: number) {
  return Array.from({ length: n }, (_, i) => system.ref(`order.k${i}`, order));
}

async function readAll(cluster: DurableCluster, system: ActorSystem, n: number) {
  return cluster.settled(
    Promise.all(refs(system, n).map((ref) => ref.ask({ type: "read" }, { withinMs: 30_000 }))),
  );
}

/** Tells each agent the next number, every 20 ms, until it is stopped. */
function load(cluster: DurableCluster, system: ActorSystem, agents: number) {
  let sent = 0;
  let running = true;
  const timer = (): void => {
    if (!running) return;
    sent++;
    for (const ref of refs(system, agents)) ref.tell({ type: "add", n: sent });
    cluster.env.setTimer(20, timer);
  };
  timer();
  return {
    stop: (): number => {
      running = false;
      return sent;
    },
  };
}

describe("a rolling deploy", () => {
  test("of three nodes under load loses, doubles and reorders nothing, and says how long each shard was away", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const nodes: DurableNode[] = [];
    for (const name of ["a1", "b1", "c1"])
      nodes.push(await cluster.join(name, { order: orderActor(1, name) }));
    await cluster.pass(1_000);
    const running = load(cluster, watcher.system, 12);
    await cluster.pass(500);
    for (const [i, name] of ["a2", "b2", "c2"].entries()) {
      await cluster.join(name, { order: orderActor(1, name) });
      await cluster.pass(500);
      const report = await cluster.settled((nodes[i] as DurableNode).system.drain());
      expect(report.unfinished).toEqual([]);
      for (const { released, ms } of report.shards) {
        expect(released).toBe(true);
        expect(ms).toBeLessThan(1_000);
      }
      await cluster.pass(500);
    }
    const sent = running.stop();
    await cluster.pass(500);
    const all = await readAll(cluster, watcher.system, 12);
    for (const { seen } of all) expect(seen).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
    expect(new Set(all.map(({ by }) => by)).size).toBeGreaterThan(1);
    expect(all.every(({ by }) => by.endsWith("2"))).toBe(true);
  });

  test("to a new version migrates each agent once; what a newer version has written, an older node leaves alone", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const old = await cluster.join("old", { order: orderActor(1, "old") });
    for (const ref of refs(watcher.system, 8)) ref.tell({ type: "add", n: 1 });
    expect((await readAll(cluster, watcher.system, 8)).every(({ state }) => state === "draft")).toBe(true);
    const next = await cluster.join("next", { order: orderActor(2, "next") });
    await cluster.pass(2_000);
    const mixed = await readAll(cluster, watcher.system, 8);
    for (const { state, by } of mixed) expect(state).toBe(by === "next" ? "open" : "draft");
    expect(new Set(mixed.map(({ by }) => by))).toEqual(new Set(["old", "next"]));
    // The new one goes: what it had is nobody's until one of its version comes again.
    next.kill();
    await cluster.pass(4_000);
    const lost = mixed.findIndex(({ by }) => by === "next");
    const waiting = watcher.system.ref(`order.k${lost}`, order).ask({ type: "read" }, { withinMs: 60_000 });
    await cluster.pass(3_000);
    await cluster.settled(old.system.drain());
    await cluster.join("newest", { order: orderActor(2, "newest") });
    expect((await cluster.settled(waiting)).state).toBe("open");
    const all = await readAll(cluster, watcher.system, 8);
    expect(all).toEqual(mixed.map(() => ({ state: "open", seen: [1], by: "newest" })));
  });

  test("of a machine that changed and not its version is refused where it matters, and nothing is lost", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", { order: orderActor(1, "first") });
    const ref = watcher.system.ref("order.k0", order);
    await cluster.settled(ref.deliver({ type: "add", n: 1 }));
    await cluster.settled(ref.ask({ type: "read" }));
    await cluster.settled(first.system.drain());
    const { durability: _, ...changed } = orderActor(2, "changed");
    const sameVersion = defineActor({
      protocol: order,
      machine: (changed.behaviour as unknown as { logic: never }).logic,
      durability: { version: 1 },
    });
    const second = await cluster.join("second", { order: sameVersion as ActorDefinition });
    const asked = ref.ask({ type: "read" }, { withinMs: 90_000 });
    await cluster.pass(2_000);
    expect(cluster.reports.map(({ message }) => message).join("\n")).toMatch(
      /order\.k0 cannot be taken up here/,
    );
    await cluster.settled(second.system.drain());
    await cluster.join("third", { order: orderActor(2, "third") });
    expect(await cluster.settled(asked, 120_000)).toEqual({ state: "open", seen: [1], by: "third" });
  });
});

describe("where agents live", () => {
  test("is only where the labels are that their type needs", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const actors = (by: string): Record<string, ActorDefinition> => ({ order: orderActor(1, by, ["gpu"]) });
    const plain = await cluster.join("plain", actors("plain"));
    const strong = await cluster.join("strong", actors("strong"), { labels: ["gpu"] });
    for (const ref of refs(watcher.system, 8)) ref.tell({ type: "add", n: 1 });
    const all = await readAll(cluster, watcher.system, 8);
    expect(new Set(all.map(({ by }) => by))).toEqual(new Set(["strong"]));
    expect([plain.system.agents.length, strong.system.agents.length]).toEqual([0, 8]);
  });

  test("is spread over the nodes that come, and given back when they go", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", { order: orderActor(1, "first") });
    for (const ref of refs(watcher.system, 32)) ref.tell({ type: "add", n: 1 });
    await readAll(cluster, watcher.system, 32);
    const second = await cluster.join("second", { order: orderActor(1, "second") });
    await cluster.pass(3_000);
    const spread = await readAll(cluster, watcher.system, 32);
    const onSecond = spread.filter(({ by }) => by === "second").length;
    expect(onSecond).toBeGreaterThan(4);
    expect(onSecond).toBeLessThan(28);
    await cluster.settled(second.system.drain());
    const back = await readAll(cluster, watcher.system, 32);
    expect(back.every(({ by, seen }) => by === "first" && seen.length === 1)).toBe(true);
    expect(first.system.agents.length).toBe(32);
  });

  test("an agent is one, whoever asks: a singleton is a key", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const nodes = ["a", "b", "c"].map((name) => cluster.join(name, { order: orderActor(1, name) }));
    const systems = (await Promise.all(nodes)).map(({ system }) => system);
    await cluster.pass(2_000);
    const asked = [...systems, watcher.system].map((system) =>
      system.ref("order.leader", order).ask({ type: "read" }, { withinMs: 20_000 }),
    );
    const answers = await cluster.settled(Promise.all(asked));
    expect(new Set(answers.map(({ by }) => by)).size).toBe(1);
    expect(systems.flatMap(({ agents }) => agents)).toEqual(["order.leader"]);
  });
});
