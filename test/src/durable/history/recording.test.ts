import { describe, expect, test } from "vitest";
import { setup } from "xstate";
import { tell } from "../../../../machines/index.ts";
import { actorAddress, type MessageOf } from "../../../../protocols/index.ts";
import { decodeStored } from "../../../../src/durable/history/entry.ts";
import { historyStream } from "../../../../src/durable/history/history-stream.ts";
import {
  type InspectedRecord,
  inspectAgent,
  openDurableStore,
} from "../../../../src/durable/inspection/index.ts";
import { defineActor, type HistoryEntry, replayHistory, type Transport } from "../../../../src/index.ts";
import { unknown, valueOrThrow } from "../../../../src/transport/outcomes.ts";
import type { Store, Stream } from "../../../../src/transport/transport.ts";
import { type DurableCluster, durableCluster } from "../durable-cluster.ts";
import { till, tillActor } from "./till.ts";

const { name, options } = historyStream("test", "till", 10_000);

/** Of what is appended to a history, as `fate` says: stored and told so, lost, or stored and nothing told. */
function doubtful(transport: Transport, fate: () => "stored" | "lost" | "untold"): Transport {
  const append = async (stream: Stream, ...[subject, payload]: Parameters<Stream["append"]>) => {
    const becomes = fate();
    const outcome = becomes === "lost" ? undefined : await stream.append(subject, payload);
    return becomes === "stored" && outcome ? outcome : unknown("CONNECTION_LOST", "nothing was heard");
  };
  const stream: Store["stream"] = async (named, wanted) => {
    const opened = await transport.store.stream(named, wanted);
    if (opened.kind !== "ok" || named !== name) return opened;
    const handler: ProxyHandler<Stream> = {
      get: (target, key) => {
        if (key === "append") return append.bind(undefined, target);
        const found = Reflect.get(target, key);
        return typeof found === "function" ? found.bind(target) : found;
      },
    };
    return { kind: "ok", value: new Proxy(opened.value, handler) };
  };
  const over = <T extends object>(target: T, own: Partial<T>): T =>
    new Proxy(target, {
      get: (from, key) => {
        const found = Reflect.get(key in own ? own : from, key);
        return typeof found === "function" && !(key in own) ? found.bind(from) : found;
      },
    });
  return over(transport, { store: over(transport.store, { stream }) });
}

/** What the store knows, read by the side. */
async function recordOf(cluster: DurableCluster, store: Store, key: string): Promise<InspectedRecord> {
  const durable = await cluster.settled(openDurableStore(store, "test"));
  if (durable === undefined) throw new Error("Expected a store of durable agents");
  const found = await cluster.settled(inspectAgent(durable, actorAddress(`till.${key}`)));
  if (found?.record === undefined) throw new Error(`Expected a record of ${key}`);
  return found.record;
}

async function storedIn(cluster: DurableCluster, store: Store) {
  const stream = valueOrThrow(await cluster.settled(store.stream(name, options)));
  return valueOrThrow(await cluster.settled(stream.read())).map(({ payload }) => decodeStored(payload));
}

async function turnsOf(cluster: DurableCluster, steps: AsyncIterable<HistoryEntry>): Promise<HistoryEntry[]> {
  const all = async (): Promise<HistoryEntry[]> => {
    const found: HistoryEntry[] = [];
    for await (const each of steps) found.push(each);
    return found;
  };
  return cluster.settled(all());
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe("a history", () => {
  test("has every committed turn once and in order, whoever is killed and whatever becomes of what is written", async () => {
    let store: Store | undefined;
    let appends = 0;
    let chance = 12_345;
    const fate = (): "stored" | "lost" | "untold" => {
      appends++;
      chance = (chance * 1_103_515_245 + 12_345) % 2 ** 31;
      const drawn = (chance >> 8) % 10;
      return drawn < 5 ? "stored" : drawn < 8 ? "lost" : "untold";
    };
    await using cluster = durableCluster({
      wrap: (transport) => {
        store ??= transport.store;
        return doubtful(transport, fate);
      },
    });
    const watcher = await cluster.join("watcher", {});
    const actors = { till: tillActor({ durability: { batchMax: 4 } }) };
    let host = await cluster.join("n0", actors);
    const ref = watcher.system.ref("till.one", till);
    for (let round = 1; round <= 12; round++) {
      for (let i = 1; i <= 6; i++) ref.tell({ type: "sell", price: i });
      if (round % 3 === 0) ref.tell({ type: "break" });
      if (round % 4 === 0) ref.tell({ type: "pay", sum: 1 });
      if (round % 4 === 2) ref.tell({ type: "close" });
      await cluster.pass(35 * round);
      host.kill();
      host = await cluster.join(`n${round}`, actors);
    }
    await cluster.settled(ref.ask({ type: "read" }, { withinMs: 60_000 }), 120_000);
    // Also what was held back, and what comes of it.
    await cluster.pass(30_000);
    expect((await cluster.settled(ref.ask({ type: "read" }))).sales).toBe(72);
    await cluster.pass(30_000);
    const record = await recordOf(cluster, store as Store, "one");
    const history = await cluster.settled(watcher.system.history("till.one", actors.till));
    const entries = await turnsOf(cluster, history.steps());
    expect(entries.map(({ turn }) => turn)).toEqual(upTo(record.turn));
    const sold = entries.filter(({ emitted }) => emitted[0]?.type === "sold");
    expect(sold).toHaveLength(72);
    // What is confirmed leaves the record.
    expect(record.outbox).toEqual([]);
    const stored = (await storedIn(cluster, store as Store)).filter(({ kind }) => kind === "turn");
    expect(stored.length).toBeGreaterThan(record.turn);
    expect(appends).toBeGreaterThan(stored.length);
    const replay = await cluster.settled(replayHistory(history, actors.till));
    expect(replay).toEqual({ kind: "same", turns: record.turn, from: 1 });
    expect((await cluster.settled(history.at(record.turn))).context).toEqual(record.context);
  });

  test.each([
    [1_000, 1_000],
    [1_001, 0],
  ])("takes nothing of the messages that a turn may send: of %i, %i are sent", async (wanted, sent) => {
    await using cluster = durableCluster();
    const lend = tell(till, actorAddress("till.two"), { type: "sell", price: 1 });
    const machine = setup({ types: { events: {} as MessageOf<typeof till> } }).createMachine({
      context: {},
      on: { lend: { actions: Array.from({ length: wanted }, () => lend as never) } },
    });
    const lender = defineActor({ protocol: till, machine, durability: { history: true } });
    const { system } = await cluster.join("first", { lender, till: tillActor() });
    system.ref("lender.one", till).tell({ type: "lend", to: "till.two", sum: 1 });
    await cluster.pass(10_000);
    const { sales } = await cluster.settled(system.ref("till.two", till).ask({ type: "read" }));
    expect(sales).toBe(sent);
    const history = await cluster.settled(system.history("lender.one", lender));
    expect((await turnsOf(cluster, history.steps())).at(-1)?.sent).toHaveLength(sent);
  });

  test("holds its agent up while it cannot be written, and the agent goes on when it can", async () => {
    let away = true;
    await using cluster = durableCluster({
      wrap: (transport) => doubtful(transport, () => (away ? "lost" : "stored")),
    });
    const { system } = await cluster.join("first", { till: tillActor() });
    const ref = system.ref("till.one", till);
    for (let i = 0; i < 40; i++) ref.tell({ type: "note", text: String(i).padEnd(20_000, "x") });
    const asked = ref.ask({ type: "read" }, { withinMs: 60_000 });
    let answered = false;
    void asked.then(() => {
      answered = true;
    });
    await cluster.pass(10_000);
    expect(answered).toBe(false);
    away = false;
    expect((await cluster.settled(asked)).state).toBe("open");
    await cluster.pass(5_000);
    const history = await cluster.settled(system.history("till.one"));
    expect(history.last).toBe(42);
    expect(await cluster.settled(system.deadLetters.count())).toBe(0);
    expect(await cluster.settled(history.at(41))).toMatchObject({ differs: undefined });
  });

  test("keeps so many entries of each agent, and is computed from the records between", async () => {
    let store: Store | undefined;
    await using cluster = durableCluster({
      wrap: (transport) => {
        store ??= transport.store;
        return transport;
      },
    });
    const actor = tillActor({ durability: { historyMax: 150 } });
    const { system } = await cluster.join("first", { till: actor });
    const ref = system.ref("till.one", till);
    for (let i = 0; i < 450; i++) {
      ref.tell({ type: "sell", price: 1 });
      if (i % 20 === 0) await cluster.pass(20);
    }
    await cluster.settled(ref.ask({ type: "read" }));
    await cluster.pass(2_000);
    const stored = await storedIn(cluster, store as Store);
    expect(stored).toHaveLength(150);
    const checkpoints = stored.filter(({ kind }) => kind === "checkpoint").map(({ turn }) => turn);
    const [checkpoint = 0] = checkpoints;
    const turns = 150 - checkpoints.length;
    const history = await cluster.settled(system.history("till.one"));
    expect([history.first, history.last]).toEqual([452 - turns + 1, 452]);
    expect(await cluster.settled(history.at(450))).toMatchObject({
      context: { sum: 449 },
      differs: undefined,
    });
    expect(await cluster.settled(history.at(checkpoint))).toMatchObject({
      context: { sales: checkpoint - 1 },
    });
    expect(await cluster.settled(replayHistory(history, actor))).toEqual({
      kind: "same",
      turns: 452 - checkpoint,
      from: checkpoint + 1,
    });
    await expect(cluster.settled(history.at(checkpoint - 1))).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    await expect(cluster.settled(history.entry(5))).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("that begins later than its agent begins with the agent's record", async () => {
    await using cluster = durableCluster();
    const before = await cluster.join("before", { till: tillActor({ durability: { history: false } }) });
    const ref = before.system.ref("till.one", till);
    for (let i = 0; i < 5; i++) ref.tell({ type: "sell", price: 1 });
    await cluster.settled(ref.ask({ type: "read" }));
    await cluster.settled(before.system.drain({ withinMs: 500 }));
    const { system } = await cluster.join("after", { till: tillActor() });
    const later = system.ref("till.one", till);
    expect((await cluster.settled(later.ask({ type: "read" }))).sum).toBe(5);
    await cluster.pass(1_000);
    for (let i = 0; i < 5; i++) later.tell({ type: "sell", price: 1 });
    await cluster.settled(later.ask({ type: "read" }));
    await cluster.pass(1_000);
    const history = await cluster.settled(system.history("till.one"));
    expect(history.first).toBeGreaterThan(1);
    expect(await cluster.settled(history.at(history.last))).toMatchObject({
      context: { sum: 10 },
      differs: undefined,
    });
  });

  test("leaves out a message that is larger than it keeps, and is known again from the next record on", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("first", { till: tillActor() });
    const ref = system.ref("till.one", till);
    ref.tell({ type: "sell", price: 1 });
    ref.tell({ type: "note", text: "x".repeat(100_000) });
    await cluster.pass(1_000);
    ref.tell({ type: "sell", price: 2 });
    await cluster.settled(ref.ask({ type: "read" }));
    await cluster.pass(1_000);
    const history = await cluster.settled(system.history("till.one"));
    const { cause } = await cluster.settled(history.entry(3));
    expect(cause).toMatchObject({ kind: "message", type: "note", letter: { cut: /had 100\d{3} bytes/ } });
    expect(await cluster.settled(history.at(4))).toMatchObject({ context: { sum: 3 }, differs: undefined });
  });
});
