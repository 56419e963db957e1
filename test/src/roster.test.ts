import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { askingNode, reply } from "../../machines/index.ts";
import {
  actorAddress,
  control,
  defineProtocol,
  type MessageOf,
  nodeAddress,
  question,
} from "../../protocols/index.ts";
import { createSystem, defineActor } from "../../src/index.ts";
import { Registry } from "../../src/registry.ts";
import { roleOf } from "../../src/roster.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import { done, unknown, valueOrThrow } from "../../src/transport/outcomes.ts";
import type { Bucket } from "../../src/transport/transport.ts";
import { counter, counterActor } from "../support/counter.ts";
import { eachServerVersion, testServer } from "../support/nats-server.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";
import { rejection, twoNodes } from "../support/systems.ts";
import { durableCluster } from "./durable/durable-cluster.ts";

const leaseMs = 3_000;
const agent = { authority: "AGENT", skills: { counting: 0.9 }, capacity: 3 };
const agentRole = roleOf(agent);
const at = (address: string) => actorAddress(address);
const addresses = (entries: readonly { address: string }[]): string[] =>
  entries.map(({ address }) => address);

/** Lets virtual time pass in small steps, and the promises in between run. */
async function pass(env: SimulatedEnv, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    env.advance(Math.min(50, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function world() {
  const env = simulatedEnv({ seed: 3 });
  const shared = valueOrThrow(await createMemoryHub({ env }).connect().store.bucket("cx_test"));
  const join = async (node: string, incarnation = `${node}1`) => {
    const answer: Partial<Bucket> = {};
    const bucket = new Proxy(shared, {
      get: (target, name: keyof Bucket) => answer[name] ?? (target[name] as () => unknown).bind(target),
    });
    const record = { node, incarnation, zone: "main", pid: 1, host: "h", startedAtMs: 0, leaseMs };
    const registry = new Registry(bucket, record, env, {
      nodeUp: () => {},
      nodeDown: () => {},
      uncertain: () => {},
      rootMoved: () => {},
      rootLost: () => {},
      answers: async () => false,
      reopen: async () => done,
      failed: () => {},
    });
    await registry.join();
    return { registry, roster: registry.roster, answer };
  };
  const keys = async (): Promise<string[]> =>
    valueOrThrow(await shared.entries()).flatMap(({ key }) => (key.startsWith("role.") ? [key] : []));
  return { env, shared, join, keys };
}

describe("row 9: the roster", () => {
  test("has who was spawned with a role, on each node, as long as it lives", async () => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    const ref = await a.spawn("crew.one", counterActor, { role: agent });
    await a.spawn("crew.two", counterActor);
    expect(a.roster).toEqual([{ address: "crew.one", node: "a", role: { ...agent, clearance: [] } }]);
    await expect.poll(() => b.roster).toEqual(a.roster);
    await ref.stop();
    expect(a.roster).toEqual([]);
    await expect.poll(() => b.roster).toEqual([]);
  });

  test("has an actor's definition's role where it was given no other", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const definition = defineActor({ protocol: counter, initial: () => 0, receive: (n) => n, role: agent });
    await a.spawn("one", definition);
    await a.spawn("two", definition, { role: { authority: "COORDINATOR" } });
    expect(a.roster.map(({ role }) => role.authority)).toEqual(["AGENT", "COORDINATOR"]);
    expect(a.roster[1]?.role).toEqual({ authority: "COORDINATOR", skills: {}, capacity: 10, clearance: [] });
  });

  test("refuses a role that is none, and starts nothing", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    for (const role of [
      { authority: "" },
      { ...agent, skills: { counting: 2 } },
      { ...agent, capacity: 0.5 },
    ])
      expect(await rejection(a.spawn("one", counterActor, { role }))).toMatchObject({
        code: "OPTION_INVALID",
      });
    await a.spawn("one", counterActor);
  });

  test("is answered by a node, by address, authority and skill, page by page", async () => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    for (const name of ["a1", "a2", "a3"]) await a.spawn(name, counterActor, { role: agent });
    await b.spawn("b1", counterActor, { role: { authority: "COORDINATOR", skills: { leading: 1 } } });
    await expect.poll(() => b.roster.length).toBe(4);
    const ask = (filter: object) => a.ref(nodeAddress("b"), control).ask({ type: "roster", ...filter });
    expect(addresses((await ask({})).entries)).toEqual(["a1", "a2", "a3", "b1"]);
    expect(addresses((await ask({ authority: "COORDINATOR" })).entries)).toEqual(["b1"]);
    expect(addresses((await ask({ skill: "counting" })).entries)).toEqual(["a1", "a2", "a3"]);
    expect(addresses((await ask({ address: "a2" })).entries)).toEqual(["a2"]);
    expect(await ask({ address: "nobody" })).toEqual({ entries: [], total: 0 });
    const page = await ask({ skill: "counting", after: "a1", limit: 1 });
    expect({ ...page, entries: addresses(page.entries) }).toEqual({ entries: ["a2"], total: 3 });
  });

  test("has one entry for a durable type, which any machine finds by an agent's address and by asking its own node", async () => {
    const asker = defineProtocol({
      name: "asker",
      accepts: {
        look: z.object({ for: z.string() }),
        found: question(z.object({}), z.object({ authorities: z.array(z.string()) })),
      },
    });
    const machine = setup({
      types: { context: {} as { authorities: string[] }, events: {} as MessageOf<typeof asker> },
      actors: { roster: askingNode("roster") },
    }).createMachine({
      context: { authorities: [] },
      initial: "idle",
      on: { found: { actions: reply(({ context }) => ({ authorities: context.authorities })) } },
      states: {
        idle: { on: { look: "looking" } },
        looking: {
          meta: { postpone: ["found"] },
          invoke: {
            src: "roster",
            input: ({ event }) => ({ with: { address: at((event as { for: string }).for) } }),
            onDone: {
              target: "idle",
              actions: assign({
                authorities: ({ event }) => event.output.entries.map(({ role }) => role.authority),
              }),
            },
          },
        },
      },
    });
    const actors = { desk: defineActor({ protocol: asker, machine, durability: "durable", role: agent }) };
    await using cluster = durableCluster();
    const [one, two] = [await cluster.join("one", actors), await cluster.join("two", actors)];
    await cluster.until(() => two.system.roster.length === 1);
    for (const { system } of [one, two]) expect(addresses(system.roster)).toEqual(["desk"]);
    const ref = two.system.ref("desk.d-1", asker);
    ref.tell({ type: "look", for: "desk.d-2" });
    expect(await cluster.settled(ref.ask({ type: "found" }, { withinMs: 30_000 }))).toEqual({
      authorities: ["AGENT"],
    });
  });

  test("forgets who lived on a node that fell silent after one lease, and its keys after another", async () => {
    const { env, join, keys } = await world();
    const [a, b] = [await join("a"), await join("b")];
    await b.roster.enter(at("crew.one"), agentRole);
    await pass(env, leaseMs);
    expect(addresses(a.roster.entries)).toEqual(["crew.one"]);
    b.registry.close();
    await pass(env, leaseMs / 2);
    expect(addresses(a.roster.entries)).toEqual(["crew.one"]);
    await pass(env, leaseMs);
    expect(a.roster.entries).toEqual([]);
    await pass(env, 2 * leaseMs);
    expect(await keys()).toEqual([]);
  });

  test("does not take the entries of an earlier life of a node for its present one's", async () => {
    const { env, join, keys } = await world();
    const [a, before] = [await join("a"), await join("b", "b1")];
    await before.roster.enter(at("crew.one"), agentRole);
    before.registry.close();
    await pass(env, 2 * leaseMs);
    const after = await join("b", "b2");
    await after.roster.enter(at("crew.two"), agentRole);
    await pass(env, leaseMs);
    expect(addresses(a.roster.entries)).toEqual(["crew.two"]);
    expect(addresses(after.roster.entries)).toEqual(["crew.two"]);
    await pass(env, 2 * leaseMs);
    expect(await keys()).toEqual(["role.b.crew.two"]);
  });

  test("is entered again where the store has lost it, or another has written there", async () => {
    const { env, shared, join } = await world();
    const [a, b] = [await join("a"), await join("b")];
    await b.roster.enter(at("lost"), agentRole);
    await b.roster.enter(at("forged"), agentRole);
    await pass(env, 100);
    await shared.delete("role.b.lost");
    const { value } = valueOrThrow(await shared.get("role.b.forged")) as { value: Uint8Array };
    await shared.put("role.b.forged", value);
    await shared.put("role.b.nobody", value);
    await pass(env, 2 * leaseMs);
    expect(addresses(a.roster.entries)).toEqual(["forged", "lost"]);
    expect(addresses(b.roster.entries)).toEqual(["forged", "lost"]);
  });

  test("has what the store did not take when it was entered, or taken out, once the store does", async () => {
    const { env, join, keys } = await world();
    const [a, b] = [await join("a"), await join("b")];
    await b.roster.enter(at("gone"), agentRole);
    const away = async () => unknown("CONNECTION_LOST", "The store is away");
    b.answer.put = away;
    b.answer.delete = away;
    await b.roster.enter(at("late"), agentRole);
    b.roster.leave(at("gone"));
    await pass(env, leaseMs);
    expect(addresses(a.roster.entries)).toEqual(["gone"]);
    expect(addresses(b.roster.entries)).toEqual(["late"]);
    delete b.answer.put;
    delete b.answer.delete;
    await pass(env, leaseMs);
    expect(addresses(a.roster.entries)).toEqual(["late"]);
    expect(await keys()).toEqual(["role.b.late"]);
  });

  test("has an actor that was entered and taken out many times as it was left", async () => {
    const { env, shared, join, keys } = await world();
    const [a, b] = [await join("a"), await join("b")];
    b.answer.put = async (key, value) => {
      await new Promise<void>((resolve) => void env.setTimer(50, resolve));
      return shared.put(key, value);
    };
    for (let n = 0; n < 20; n++) {
      void b.roster.enter(at("on"), roleOf({ ...agent, capacity: n }));
      b.roster.leave(at("on"));
    }
    void b.roster.enter(at("on"), roleOf({ ...agent, capacity: 77 }));
    void b.roster.enter(at("off"), agentRole);
    b.roster.leave(at("off"));
    // Before the first renewal, which would set right what is wrong.
    await pass(env, leaseMs / 6);
    expect(a.roster.entries.map(({ address, role }) => [address, role.capacity])).toEqual([["on", 77]]);
    expect(await keys()).toEqual(["role.b.on"]);
  });
});

test.each(eachServerVersion)(
  "row 9: on server %s an agent whose process is killed is gone after one lease",
  async (version) => {
    await using server = await testServer({ version });
    await using here = await createSystem({
      name: "row9",
      node: "near",
      servers: server.url,
      leaseMs: 600,
      onReport: () => {},
    });
    const file = new URL("../support/far-node.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [file, server.url, "row9", "far", "far"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      await expect
        .poll(() => here.roster, { timeout: 10_000 })
        .toMatchObject([
          {
            address: "far.counter",
            node: "far",
            role: { authority: "AGENT", skills: { counting: 0.9 }, capacity: 10 },
          },
        ]);
    } finally {
      child.kill("SIGKILL");
    }
    await expect.poll(() => here.roster, { timeout: 10_000 }).toEqual([]);
  },
);
