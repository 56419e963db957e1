import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "nats";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply, tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import type { AgentInspection } from "../../../../src/durable/inspection/index.ts";
import { type ActorDefinition, createSystem, defineActor } from "../../../../src/index.ts";
import { openTerminal, output, type Running, type Terminal } from "../../../support/cli.ts";
import { testServer } from "../../../support/nats-server.ts";

vi.setConfig({ testTimeout: 90_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

const fetching = defineProtocol({
  name: "fetching",
  accepts: {
    add: z.object({ item: z.string() }),
    passOn: z.object({ to: z.string(), item: z.string() }),
    fetch: z.object({}),
    ring: z.object({}),
    read: question(
      z.object({}),
      z.object({ items: z.array(z.string()), fetched: z.array(z.string()), rung: z.number() }),
    ),
  },
});

/** @param world what the call into the world does, given its key */
function porter(world: (key: string, signal: AbortSignal) => Promise<string>): ActorDefinition {
  const machine = setup({
    types: {
      context: {} as { items: string[]; fetched: string[]; rung: number },
      events: {} as MessageOf<typeof fetching>,
    },
    delays: { bell: 4_000 },
    actors: { fetch: fromCall(({ key, signal }: Call<undefined>) => world(key, signal)) },
  }).createMachine({
    id: "porter",
    type: "parallel",
    context: { items: [], fetched: [], rung: 0 },
    on: {
      add: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
      passOn: {
        actions: tell(
          fetching,
          ({ event }) => event.to as ActorAddress,
          ({ event }) => ({ type: "add", item: event.item }),
        ),
      },
      read: { actions: reply(({ context }) => context) },
    },
    states: {
      call: {
        initial: "idle",
        states: {
          idle: { on: { fetch: "fetching" } },
          fetching: {
            invoke: {
              src: "fetch",
              onDone: {
                target: "idle",
                actions: assign({
                  fetched: ({ context, event }) => [...context.fetched, String(event.output)],
                }),
              },
            },
          },
        },
      },
      bell: {
        initial: "silent",
        states: {
          silent: { on: { ring: "set" } },
          set: {
            after: {
              bell: { target: "silent", actions: assign({ rung: ({ context }) => context.rung + 1 }) },
            },
          },
        },
      },
    },
  });
  return defineActor({ protocol: fetching, machine, durability: { history: true } }) as ActorDefinition;
}

const never = (_key: string, signal: AbortSignal): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));

const run = (...args: string[]): Running => terminal.coxswain(args);
const inFolder = (name: string): string => join(terminal.folder, name);

it("agents go on in another server where they were: marks, inboxes, calls, timers and dead letters come along", async () => {
  await using first = await testServer();
  const keys: string[] = [];
  const world = (key: string, signal: AbortSignal): Promise<string> => {
    keys.push(key);
    return never(key, signal);
  };
  await using system = await createSystem({
    name: "shop",
    servers: first.url,
    actors: { porter: porter(world) },
  });
  const ada = system.ref("porter.ada", fetching);
  for (const item of ["a", "b"]) await ada.deliver({ type: "add", item });
  await ada.deliver({ type: "passOn", to: "porter.bob", item: "from ada" });
  await ada.deliver({ type: "fetch" });
  await system.ref("porter.bob", fetching).deliver({ type: "ring" });
  await ada.ask({ type: "read" });
  await expect.poll(() => keys.length).toBe(1);
  await expect
    .poll(async () => (await system.ref("porter.bob", fetching).ask({ type: "read" })).items)
    .toEqual(["from ada"]);
  const nonsense = defineProtocol({ name: "fetching", accepts: { nonsense: z.object({}) } });
  await system.ref("porter.ada", nonsense).deliver({ type: "nonsense" });
  await expect.poll(() => system.deadLetters.count()).toBe(1);

  const live = await output(run("export", "live.jsonl", "--servers", first.url));
  expect(live).toMatchObject({ code: 0, stderr: expect.stringContaining("nodes are alive") });
  await system.drain({ withinMs: 0 });

  // What was worked on lies there once more, as after a crash before its acknowledgement; and something new waits.
  const sender = await createSystem({ name: "shop", servers: first.url });
  await sender.ref("porter.ada", fetching).deliver({ type: "add", item: "c" });
  await sender.drain();
  await doubleLast(first.url, "cx_shop_box");

  const exported = await output(run("export", "shop.jsonl.gz", "--servers", first.url));
  expect(exported).toMatchObject({ code: 0, stderr: "" });
  expect(exported.stdout).toMatch(/2 agents, 2 entries of inboxes, \d\d of histories, 1 dead letters/);
  const again = await output(run("export", "shop.jsonl.gz", "--servers", first.url));
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("There is a file") });
  const before = await inspected("porter/ada", first.url);
  const history = await entriesIn(first.url, "cx_shop_history_porter");
  expect(history.length).toBeGreaterThan(6);

  await using second = await testServer();
  const imported = await output(run("import", "shop.jsonl.gz", "--servers", second.url));
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  const after = await inspected("porter/ada", second.url);
  expect(await entriesIn(second.url, "cx_shop_history_porter")).toEqual(history);
  const { revision: _, ...record } = before.record ?? { revision: 0 };
  expect(after.record).toMatchObject(record);
  expect(after.record?.calls).toHaveLength(1);
  expect(after.waiting.entries.map(({ standing }) => standing)).toEqual(["next", "seen"]);

  const more: string[] = [];
  const finishing = async (key: string): Promise<string> => {
    more.push(key);
    return "fetched";
  };
  await using next = await createSystem({
    name: "shop",
    servers: second.url,
    actors: { porter: porter(finishing) },
  });
  const read = (key: string) =>
    next.ref(`porter.${key}`, fetching).ask({ type: "read" }, { withinMs: 20_000 });
  await expect
    .poll(() => read("ada"), { timeout: 20_000 })
    .toEqual({ items: ["a", "b", "c"], fetched: ["fetched"], rung: 0 });
  expect(more).toEqual(keys);
  await expect
    .poll(() => read("bob"), { timeout: 20_000 })
    .toEqual({ items: ["from ada"], fetched: [], rung: 1 });
  // The line from ada to bob goes on without a gap.
  await next.ref("porter.ada", fetching).deliver({ type: "passOn", to: "porter.bob", item: "again" });
  await expect
    .poll(async () => (await read("bob")).items, { timeout: 20_000 })
    .toEqual(["from ada", "again"]);
  // A burial is kept at least once: its confirmation was not committed when the node ended.
  const letters = await next.deadLetters.list();
  expect(new Set(letters.map(({ type, chain }) => `${type} ${chain.id}`)).size).toBe(1);

  const refused = await output(run("import", "shop.jsonl.gz", "--servers", second.url));
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Nodes of system shop are alive: n/),
  });
  await next.drain();
  const full = await output(run("import", "shop.jsonl.gz", "--servers", second.url));
  expect(full.code).toBe(1);
  expect(full.stderr).toMatch(/has durable state on .* already; nothing was imported/);
  expect(full.stderr).toMatch(/KV_cx_shop_agents: 2 entries/);
});

it("of a damaged file nothing is taken, and nothing is made on the server", async () => {
  await using first = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: first.url,
    actors: { porter: porter(never) },
  });
  await system.ref("porter.ada", fetching).ask({ type: "read" });
  await system.drain();
  await output(run("export", "whole.jsonl", "--servers", first.url));
  const text = await readFile(inFolder("whole.jsonl"), "utf8");
  await writeFile(inFolder("broken.jsonl"), text.replace('["record","', '["record","x'));
  await using second = await testServer();
  const { code, stderr } = await output(run("import", "broken.jsonl", "--servers", second.url));
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("SHA-256") });
  expect(await streamsOn(second.url)).toEqual([]);
  const missing = await output(run("import", "nowhere.jsonl", "--servers", second.url));
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot read "nowhere.jsonl"') });
});

it("Ctrl-C leaves no file, neither whole nor half", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: server.url,
    actors: { porter: porter(never) },
  });
  await system.ref("porter.ada", fetching).ask({ type: "read" });
  await system.drain();
  // A queue is read entry by entry: this takes seconds.
  const connection = await connect({ servers: server.url });
  for (let i = 0; i < 8_000; i++) connection.publish("cx.shop.box.main_0.main.porter.x", new Uint8Array(10));
  await connection.flush();
  await connection.close();
  const exporting = run("export", "stopped.jsonl", "--servers", server.url);
  const files = async () => (await readdir(terminal.folder)).filter((name) => name.startsWith("stopped"));
  await expect.poll(files, { timeout: 15_000 }).toEqual([expect.stringContaining("stopped.jsonl.part-")]);
  exporting.child.kill("SIGINT");
  const { code, stderr } = await output(exporting);
  expect({ code, stderr }).toMatchObject({
    code: 130,
    stderr: expect.stringContaining("no file was written"),
  });
  expect(await files()).toEqual([]);
});

async function inspected(agent: string, servers: string): Promise<AgentInspection> {
  const { stdout } = await output(run("inspect", agent, "--json", "--servers", servers));
  return JSON.parse(stdout) as AgentInspection;
}

/** Puts the last entry of a stream into it once more. */
async function doubleLast(servers: string, stream: string): Promise<void> {
  const connection = await connect({ servers });
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(stream);
  const { subject, data } = await manager.streams.getMessage(stream, { seq: state.last_seq });
  await connection.jetstream().publish(subject, data);
  await connection.close();
}

/** Subjects and payloads of a stream. */
async function entriesIn(servers: string, stream: string): Promise<string[]> {
  const connection = await connect({ servers });
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(stream);
  const entries: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const { subject, data } = await manager.streams.getMessage(stream, { seq });
    entries.push(`${subject} ${Buffer.from(data).toString("hex")}`);
  }
  await connection.close();
  return entries;
}

async function streamsOn(servers: string): Promise<string[]> {
  const connection = await connect({ servers });
  const names = await (await connection.jetstreamManager()).streams.names().next();
  await connection.close();
  return names;
}
