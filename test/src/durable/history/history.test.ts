import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Call } from "../../../../machines/index.ts";
import { defineProtocol, question } from "../../../../protocols/index.ts";
import { defineActor, forkAgent, replayHistory } from "../../../../src/index.ts";
import { rejection } from "../../../support/systems.ts";
import { type DurableCluster, durableCluster } from "../durable-cluster.ts";
import { till, tillActor } from "./till.ts";

/** A life with all that a turn can be for: messages, one held back, a failure, a timer, a call, a question. */
async function lived(cluster: DurableCluster, actor = tillActor()) {
  const { system } = await cluster.join("first", { till: actor });
  const ref = system.ref("till.one", till);
  for (const price of [1, 2, 3]) ref.tell({ type: "sell", price });
  ref.tell({ type: "lend", to: "till.two", sum: 2 });
  ref.tell({ type: "close" });
  ref.tell({ type: "sell", price: 7 });
  ref.tell({ type: "break" });
  await cluster.pass(2_000);
  ref.tell({ type: "pay", sum: 3 });
  await cluster.pass(500);
  await cluster.settled(ref.ask({ type: "read" }));
  await cluster.pass(2_000);
  return { system, ref };
}

async function gathered<T>(cluster: DurableCluster, from: AsyncIterable<T>): Promise<T[]> {
  const all = async (): Promise<T[]> => {
    const found: T[] = [];
    for await (const each of from) found.push(each);
    return found;
  };
  return cluster.settled(all());
}

describe("the history of a durable agent", () => {
  test("has each turn once, in order: what it was for, where the machine was then, what it said", async () => {
    await using cluster = durableCluster();
    const { system } = await lived(cluster);
    const history = await cluster.settled(system.history("till.one"));
    const entries = await gathered(cluster, history.steps());
    const told = entries.map(({ turn, cause, after, ...said }) => [
      turn,
      "type" in cause ? `${cause.kind} ${cause.type}` : cause.kind,
      after.value,
      "value" in after.context ? (after.context.value as { sum: number }).sum : undefined,
      said.fault?.error.code ?? said.sent[0]?.to ?? said.answered[0]?.type ?? said.emitted[0]?.type,
    ]);
    expect(told).toEqual([
      [1, "start", "open", 0, undefined],
      [2, "message sell", "open", 1, "sold"],
      [3, "message sell", "open", 3, "sold"],
      [4, "message sell", "open", 6, "sold"],
      [5, "message lend", "open", 4, "till.two"],
      [6, "message close", "closed", 4, undefined],
      [7, "message sell", "closed", 4, undefined],
      [8, "message break", "closed", 4, "ACTOR_FAILED"],
      [9, "timer", "open", 4, undefined],
      [10, "postponed sell", "open", 11, "sold"],
      [11, "message pay", "paying", 11, undefined],
      [12, "result", "open", 11, undefined],
      [13, "message read", "open", 11, "read"],
    ]);
    expect(entries[0]?.version).toBe(1);
    expect(entries[10]?.callsBegun).toHaveLength(1);
    expect(entries[5]?.timersSet).toEqual([{ id: "|xstate.after.nap.till.closed", delayMs: 1_000 }]);
  });

  test("of a type without one costs nothing, and asking for it says so", async () => {
    await using cluster = durableCluster();
    const { system, ref } = await lived(cluster, tillActor({ durability: { history: false } }));
    expect((await cluster.settled(ref.ask({ type: "read" }))).sum).toBe(11);
    expect(await cluster.settled(rejection(system.history("till.one")))).toMatchObject({
      code: "ADDRESS_UNKNOWN",
    });
  });

  test("is kept of a reducer, too, and of what it answered", async () => {
    await using cluster = durableCluster();
    const purse = defineProtocol({
      name: "purse",
      accepts: { put: z.object({ cents: z.number() }), count: question(z.object({}), z.number()) },
    });
    const actor = (share: number) =>
      defineActor({
        protocol: purse,
        initial: () => 0,
        receive: (cents: number, event, turn) => {
          if (event.type === "put") return cents + share * event.cents;
          turn.reply(cents);
          return cents;
        },
        durability: { history: true },
      });
    const { system } = await cluster.join("first", { purse: actor(1) });
    const ref = system.ref("purse.one", purse);
    ref.tell({ type: "put", cents: 5 });
    expect(await cluster.settled(ref.ask({ type: "count" }))).toBe(5);
    await cluster.pass(2_000);
    const history = await cluster.settled(system.history("purse.one"));
    expect(await cluster.settled(history.at(2))).toMatchObject({ context: 5, state: undefined });
    expect((await cluster.settled(history.entry(3))).answered).toMatchObject([{ body: { value: 5 } }]);
    const replay = await cluster.settled(replayHistory(history, actor(2)));
    expect(replay).toMatchObject({ kind: "differs", difference: { turn: 2 } });
  });

  test("is wanted or not: nothing else", () => {
    expect(() => tillActor({ durability: { history: "yes" as never } })).toThrow(/durability.history/);
    expect(() => tillActor({ durability: { historyMax: 0 } })).toThrow(/durability.historyMax/);
  });

  test("tells how the agent was after any turn, forth and back, and does nothing of it again", async () => {
    await using cluster = durableCluster();
    let paid = 0;
    const bank = async ({ key }: Call<{ sum: number }>): Promise<string> => `${++paid} ${key}`;
    const { system } = await lived(cluster, tillActor({ bank }));
    const other = system.ref("till.two", till);
    const history = await cluster.settled(system.history("till.one"));
    const at = async (turn: number) => cluster.settled(history.at(turn));
    expect(await at(4)).toMatchObject({ turn: 4, state: "open", context: { sum: 6, sales: 3 }, timers: [] });
    const closed = await at(8);
    expect(closed).toMatchObject({ state: "closed", differs: undefined });
    expect(closed.postponed).toMatchObject([{ type: "sell" }]);
    expect(closed.timers).toMatchObject([{ id: "|xstate.after.nap.till.closed", delayMs: 1_000 }]);
    expect((closed.timers[0]?.dueAtMs ?? 0) - ((await at(6)).atMs ?? 0)).toBe(1_000);
    const paying = await at(11);
    expect(paying).toMatchObject({ state: "paying", context: { sum: 11, receipt: "" } });
    expect(paying.calls).toMatchObject([{ key: "till.one#11.1" }]);
    expect(await at(12)).toMatchObject({ state: "open", context: { receipt: "1 till.one#11.1" }, calls: [] });
    expect(await at(0)).toMatchObject({ status: "new", atMs: undefined });
    expect(await at(2)).toMatchObject({ context: { sum: 1 } });
    for (let turn = 0; turn <= history.last; turn++) expect((await at(turn)).differs).toBeUndefined();
    expect(paid).toBe(1);
    expect((await cluster.settled(other.ask({ type: "read" }))).sum).toBe(2);
    expect(await cluster.settled(rejection(history.at(99)))).toMatchObject({ code: "OPTION_INVALID" });
  });
});

describe("a history given to a definition", () => {
  test("comes out the same with the same code, whatever the turns were for", async () => {
    await using cluster = durableCluster();
    const { system } = await lived(cluster);
    const history = await cluster.settled(system.history("till.one"));
    const replay = await cluster.settled(replayHistory(history, tillActor()));
    expect(replay).toEqual({ kind: "same", turns: 13, from: 1 });
  });

  test("shows the first turn at which changed code has another context, sends otherwise, or waits longer", async () => {
    await using cluster = durableCluster();
    const { system } = await lived(cluster);
    const history = await cluster.settled(system.history("till.one"));
    const first = async (actor: ReturnType<typeof tillActor>) => {
      const replay = await cluster.settled(replayHistory(history, actor));
      return replay.kind === "differs" ? replay.difference.text : undefined;
    };
    expect(await first(tillActor({ share: 2 }))).toBe(
      [
        "turn 2, message sell:",
        "  context.sum\n    - 1\n    + 2",
        "  emitted 1.body.sum\n    - 1\n    + 2",
      ].join("\n"),
    );
    expect(await first(tillActor({ lendsTwice: true }))).toBe(
      'turn 5, message lend:\n  sent 2\n    - nothing\n    + {"body":{"price":2},"to":"till.two","type":"sell"}',
    );
    expect(await first(tillActor({ napMs: 5_000 }))).toContain("turn 6, message close:\n  timers set");
  });
});

describe("a fork of a durable agent", () => {
  test("goes on from the turn with what waited then, and lives like any agent", async () => {
    await using cluster = durableCluster();
    const { system } = await lived(cluster);
    const history = await cluster.settled(system.history("till.one"));
    const nowMs = cluster.env.nowMs();
    expect(await cluster.settled(forkAgent(history, 8, "other"))).toBe("till.other");
    const ref = system.ref("till.other", till);
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ sum: 4, sales: 3, state: "closed" });
    await cluster.pass(2_000);
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ sum: 11, sales: 4, state: "open" });
    const its = await cluster.settled(system.history("till.other"));
    const napped = (await gathered(cluster, its.steps())).find(({ cause }) => cause.kind === "timer");
    // As much as was left then is left now.
    const then = await cluster.settled(history.at(8));
    expect((napped?.atMs ?? 0) - nowMs).toBeGreaterThanOrEqual(
      (then.timers[0]?.dueAtMs ?? 0) - (then.atMs ?? 0),
    );
    expect(await cluster.settled(replayHistory(its, tillActor()))).toMatchObject({ kind: "same", from: 1 });
    const again = rejection(forkAgent(history, 8, "other"));
    expect(await cluster.settled(again)).toMatchObject({ code: "ADDRESS_TAKEN" });
    expect(await cluster.settled(system.ref("till.one", till).ask({ type: "read" }))).toMatchObject({
      sum: 11,
    });
  });

  test("makes the calls that were under way, under keys of its own; or drops them", async () => {
    await using cluster = durableCluster();
    const keys: string[] = [];
    const bank = async ({ key }: Call<{ sum: number }>): Promise<string> => {
      keys.push(key);
      return key;
    };
    const { system } = await lived(cluster, tillActor({ bank }));
    const history = await cluster.settled(system.history("till.one"));
    await cluster.settled(forkAgent(history, 11, "payer"));
    await cluster.settled(forkAgent(history, 11, "idler", { calls: "drop" }));
    await cluster.until(() => keys.length === 2);
    await cluster.pass(1_000);
    expect(keys).toEqual(["till.one#11.1", "till.payer#0.1"]);
    const read = async (key: string) =>
      cluster.settled(system.ref(`till.${key}`, till).ask({ type: "read" }));
    expect(await read("payer")).toMatchObject({ state: "open" });
    expect(await read("idler")).toMatchObject({ state: "paying" });
  });
});
