import { connect } from "nats";
import { expect, it, vi } from "vitest";
import { durability } from "../../../../machines/index.ts";
import { actorAddress, boxSubject, encodeBoxEntry, encodeValue } from "../../../../protocols/index.ts";
import { connectClient, type SystemClient } from "../../../../src/client.ts";
import { type AgentRecord, blankState } from "../../../../src/durable/agent-record.ts";
import { inspectAgent, listAgents, openDurableStore } from "../../../../src/durable/inspection/index.ts";
import { encodeRecord } from "../../../../src/durable/record-codec.ts";
import { hostsBucket } from "../../../../src/durable/stores.ts";
import { createMemoryHub, createSystem } from "../../../../src/index.ts";
import { valueOrThrow } from "../../../../src/transport/outcomes.ts";
import { testServer } from "../../../support/nats-server.ts";
import { order, orders } from "./orders.ts";

vi.setConfig({ testTimeout: 60_000 });

const ada = actorAddress("order.ada");
const client = (servers: string): Promise<SystemClient> =>
  connectClient({ system: "shop", servers, onReport: () => {} });

it("shows what a living agent has: state, context, timers, calls, questions, answers, what it holds back", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: server.url,
    node: "one",
    actors: { order },
  });
  const ref = system.ref(ada, orders);
  ref.tell({ type: "add", item: "rope" });
  await ref.ask({ type: "total" }, { key: "total-1" });
  await using looking = await client(server.url);
  const look = async () => {
    const store = await looking.durableStore();
    return store && (await inspectAgent(store, ada));
  };
  const open = await look();
  expect(open).toMatchObject({ type: "order", protocol: "orders", holder: { node: "one" } });
  expect(open?.record).toMatchObject({
    epoch: 1,
    closed: false,
    version: 1,
    status: "active",
    state: "open",
    context: { items: ["rope"] },
    answers: [{ key: "total total-1" }],
    calls: [],
  });
  const [timer] = open?.record?.timers ?? [];
  expect(timer).toMatchObject({ event: expect.stringContaining("after.reminder"), delayMs: 3_600_000 });
  expect(Math.abs((timer?.dueAtMs ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);

  const asked = ref.ask({ type: "receipt" }, { withinMs: 30_000, key: "receipt-1" }).catch(() => {});
  ref.tell({ type: "pay" });
  await ref.deliver({ type: "note", text: "hurry" });
  await expect.poll(async () => (await look())?.record?.postponed.length).toBe(1);
  const paying = await look();
  expect(paying?.record).toMatchObject({
    state: "paying",
    timers: [],
    calls: [
      {
        path: expect.stringContaining("charge"),
        key: expect.stringMatching(/^order\.ada#\d+\.1$/),
        epoch: 1,
      },
    ],
    questions: [{ type: "receipt", key: expect.stringContaining("receipt-1"), joined: 0 }],
    postponed: [{ type: "note", asks: false }],
    children: [{ id: "charge", src: "charge", status: "active" }],
  });
  expect(paying?.record?.received).toMatchObject([{ from: expect.stringMatching(/^~/), seq: 5 }]);
  await system.drain({ withinMs: 100 });
  await asked;
});

it("needs no node: what waits in the inbox is judged by the record", async () => {
  await using server = await testServer();
  await using system = await createSystem({ name: "shop", servers: server.url, actors: { order } });
  await system.ref(ada, orders).ask({ type: "total" });
  await system.drain();
  await using sender = await createSystem({ name: "shop", servers: server.url, zone: "harbour" });
  await sender.ref(ada, orders).deliver({ type: "add", item: "oar" });
  await sender.ref(ada, orders).deliver({ type: "pay" });
  await sender.ref("order.bob", orders).deliver({ type: "add", item: "sail" });
  await sender.drain();
  await using looking = await client(server.url);
  const store = await looking.durableStore();
  if (store === undefined) throw new Error("Expected durable agents");
  const found = await inspectAgent(store, ada);
  expect(found?.holder).toBeUndefined();
  expect(found?.waiting.entries).toMatchObject([
    { zone: "harbour", standing: "next", line: { firstSeq: 1 }, messages: [{ type: "add", asks: false }] },
    { zone: "harbour", standing: "next", line: { firstSeq: 2 }, messages: [{ type: "pay" }] },
  ]);
  expect((await inspectAgent(store, ada, { waitingMax: 1 }))?.waiting).toMatchObject({
    entries: [{}],
    more: true,
  });
  const bob = await inspectAgent(store, actorAddress("order.bob"));
  expect(bob?.record).toBeUndefined();
  expect(bob?.waiting.entries).toHaveLength(1);
  expect(await inspectAgent(store, actorAddress("order.eve"))).toBeUndefined();
  expect(await inspectAgent(store, actorAddress("crew.ada"))).toBeUndefined();
});

it("lists all agents of a type over many pages, and no others", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: server.url,
    actors: { order, parcel: order },
  });
  const keys = Array.from({ length: 150 }, (_, i) => `a${i}`);
  await Promise.all(keys.map((key) => system.ref(`order.${key}`, orders).ask({ type: "total" })));
  await system.ref("order.deep.key.1", orders).ask({ type: "total" });
  await system.ref("parcel.a1", orders).ask({ type: "total" });
  await system.ref("order.a7", orders).ask({ type: "total" });
  await system.drain();
  await using looking = await client(server.url);
  const store = await looking.durableStore();
  if (store === undefined) throw new Error("Expected durable agents");
  const found = [];
  for await (const summary of listAgents(store, "order")) found.push(summary);
  const addresses = found.map(({ address }) => address);
  expect([...addresses].sort()).toEqual([...keys, "deep.key.1"].map((key) => `order.${key}`).sort());
  expect(addresses.at(-1)).toBe("order.a7");
  expect(found.at(-1)).toMatchObject({ state: "open", status: "active", closed: false, version: 1 });
});

it("opens nothing in a system that never had a durable type, and makes nothing there", async () => {
  await using server = await testServer();
  await using system = await createSystem({ name: "shop", servers: server.url });
  await using looking = await client(server.url);
  expect(await looking.durableStore()).toBeUndefined();
  const names = await streamNames(server.url);
  expect(names).not.toContain("KV_cx_shop_agents");
  expect(names).not.toContain("cx_shop_box");
  await system.drain();
});

async function streamNames(servers: string): Promise<string[]> {
  const connection = await connect({ servers });
  const names = await (await connection.jetstreamManager()).streams.names().next();
  await connection.close();
  return names;
}

it("shows outbox, versions before, a trial, other targets of timers, and messages that are seen, ahead or stale", async () => {
  const { store } = createMemoryHub().connect();
  const hosts = valueOrThrow(await store.bucket(hostsBucket("shop").name));
  await hosts.put("config", encodeValue({ shards: 1 }));
  await hosts.put("type.order", encodeValue({ group: "main", needs: [], protocol: "orders" }));
  // In memory a bucket is no stream; only the list reads it so.
  const shop = await openDurableStore(store, "shop").catch(() => undefined);
  if (shop === undefined) throw new Error("Expected durable agents");
  const audit = {
    ...{ type: "order", key: "ada", steps: [2], atMs: 7 },
    ...{ from: { version: 1, fingerprint: "a" }, to: { version: 2, fingerprint: "b" } },
  };
  const state = {
    ...{
      ...blankState,
      version: 2,
      fingerprint: "b",
      snapshot: { data: { value: "open", status: "active" } },
    },
    ...{ trial: { cause: "message 1", attempts: 3 }, audits: [audit] },
  };
  const record: AgentRecord = {
    ...durability.unborn(state, 1_000),
    ...{ epoch: 4, owner: "one/x", turn: 9 },
    received: { heads: { "~n1": { incarnation: 5, seq: 3, turn: 9 } }, horizon: 2 },
    outbox: {
      entries: [
        { to: "order.bob", message: { type: "add" } as never, position: 7, incarnation: 1_000, seq: 2 },
        {
          to: "$dead",
          message: { code: "TYPE_UNKNOWN", reason: "", frame: new Uint8Array(1) },
          position: 8,
          incarnation: 1_000,
          seq: 1,
        },
      ],
      ...{ nextPosition: 9, lines: {}, nextIncarnation: 1_001 },
    },
    timers: [
      timer("late", 20, { question: "q.1" as never }),
      timer("soon", 10, { envelope: { to: "order.bob", type: "add" } as never }),
    ],
  };
  await shop.records.put(`main_0.${ada}`, encodeRecord(record, 5));
  const put = async (incarnation: number, firstSeq: number, count = 1): Promise<void> => {
    const messages = Array.from({ length: count }, () => ({ reply: undefined, frame: new Uint8Array([1]) }));
    const entry = encodeBoxEntry({ from: "~n1", incarnation, firstSeq, messages });
    await shop.box.append(boxSubject("shop", "main_0", "main", ada), entry);
  };
  await put(5, 2, 2);
  await put(5, 4);
  await put(5, 5);
  await put(5, 7);
  await put(4, 9);
  await shop.box.append(boxSubject("shop", "main_0", "main", ada), new Uint8Array([9]));
  const found = await inspectAgent(shop, ada);
  expect(found?.record).toMatchObject({
    ...{ version: 2, epoch: 4, owner: "one/x", turn: 9, horizon: 2, trial: state.trial, audits: [audit] },
    outbox: [
      { to: "order.bob", what: "add", position: 7, seq: 2 },
      { to: "dead letters", what: "TYPE_UNKNOWN", position: 8 },
    ],
    timers: [
      { id: "|soon", event: "add", target: { to: "order.bob" } },
      { id: "|late", event: "tick", target: { question: "q.1" } },
    ],
  });
  expect(found?.waiting.entries.map(({ standing }) => standing)).toEqual([
    ...["seen", "next", "next", "ahead", "stale", undefined],
  ]);
  expect(found?.waiting.entries[0]?.messages).toEqual([
    { type: undefined, asks: false },
    { type: undefined, asks: false },
  ]);
});

function timer(id: string, dueAtMs: number, target: never | object): AgentRecord["timers"][number] {
  const message = { delayMs: 1, source: "", id: `|${id}`, event: { type: "tick" }, target } as never;
  return { id: `|${id}`, dueAtMs, message, generation: 1 };
}
