import { describe, expect, test } from "vitest";
import { bank } from "./bank.ts";
import { eve, lettersOf, scene, statementOf } from "./bank-scene.ts";
import { faultyCluster } from "./faulty-cluster.ts";
import type { Fate, Step } from "./faulty-wire.ts";

/** Of the nodes in these tests. */
const leaseMs = 600;
/** From a fault of a node to the next applied message. */
const failoverMaxMs = leaseMs + 2_000;

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe("a node that hosts agents", () => {
  test("F01 is killed while they are idle: each goes on elsewhere from its last commit, within the lease and two seconds", async () => {
    await using cluster = faultyCluster();
    const at = await scene(cluster);
    const refs = Array.from({ length: 200 }, (_, i) => at.watcher.ref(`account.n${i}`, bank));
    await Promise.all(
      refs.map((ref, i) => cluster.settled(ref.deliver({ type: "credit", amount: i, n: 1 }))),
    );
    await at.second();
    await cluster.pass(2_000);
    at.host.kill();
    const killedMs = cluster.env.monotonicMs();
    const reading = refs.map((ref) => ref.ask({ type: "read" }, { withinMs: 20_000 }));
    const balances = (await cluster.settled(Promise.all(reading))).map(({ balance }) => balance);
    expect(balances).toEqual(refs.map((_, i) => 100 + i));
    expect(cluster.env.monotonicMs() - killedMs).toBeLessThan(failoverMaxMs);
  });

  test("F07 stands still for half a lease: nothing but later, and nobody takes over", async () => {
    await using cluster = faultyCluster();
    const at = await scene(cluster);
    at.ref.tell({ type: "credit", amount: 1, n: 1 });
    await statementOf(at);
    const { epoch } = (await cluster.recordOf(eve)) ?? { epoch: 0 };
    at.host.freeze(leaseMs / 2);
    for (const n of numbers(2, 10)) at.ref.tell({ type: "credit", amount: 1, n });
    await cluster.pass(leaseMs / 2);
    expect((await statementOf(at)).received).toEqual(numbers(1, 10));
    expect((await cluster.recordOf(eve))?.epoch).toBe(epoch);
  });

  test("F08 F09 stands still for five leases, with a thousand messages and a call to make: it takes none of them, and calls nobody", async () => {
    await using cluster = faultyCluster();
    const at = await scene(cluster);
    at.ref.tell({ type: "credit", amount: 1, n: 1 });
    await statementOf(at);
    const before = { ...at.host.system.counts };
    at.host.freeze(5 * leaseMs);
    for (const n of numbers(2, 1_000)) at.ref.tell({ type: "credit", amount: 1, n });
    at.ref.tell({ type: "pay" });
    await at.second();
    await cluster.pass(10 * leaseMs);
    const read = await statementOf(at);
    expect(read.received).toEqual(numbers(1, 1_000));
    expect(read.paid).toBe(1);
    expect(at.attempts.first).toEqual([]);
    expect(at.attempts.second?.length).toBe(1);
    // Later it may get the shard back; of these it took none.
    expect(at.host.system.counts.handled - before.handled).toBeLessThan(10);
  });

  test("F10 O09 comes back under its name as another owner: the next epoch, from the last commit", async () => {
    await using cluster = faultyCluster();
    const at = await scene(cluster);
    at.ref.tell({ type: "credit", amount: 1, n: 1 });
    await statementOf(at);
    const before = await cluster.recordOf(eve);
    at.host.kill();
    await at.second("first");
    expect((await statementOf(at)).received).toEqual([1]);
    const after = await cluster.recordOf(eve);
    expect(after?.epoch).toBe((before?.epoch ?? 0) + 1);
    expect(after?.owner).not.toBe(before?.owner);
  });

  test("F11 A11 leaves in order under load: nothing is said to fail, nothing comes twice, each shard is given up within a second", async () => {
    await using cluster = faultyCluster();
    const at = await scene(cluster);
    await at.second();
    const keys = Array.from({ length: 20 }, (_, i) => `account.n${i}`);
    const sent = new Map<string, number[]>(keys.map((key) => [key, []]));
    const asks: Promise<unknown>[] = [];
    let n = 0;
    const send = (): void => {
      n++;
      for (const [key, list] of sent) {
        list.push(n);
        asks.push(at.watcher.ref(key, bank).deliver({ type: "credit", amount: 1, n }));
      }
    };
    for (let round = 0; round < 20; round++) {
      send();
      await cluster.pass(20);
    }
    const draining = at.host.system.drain({ withinMs: 5_000 });
    for (let round = 0; round < 50; round++) {
      send();
      await cluster.pass(20);
    }
    const { shards } = await cluster.settled(draining);
    expect(shards.every(({ ms, released }) => released && ms <= 1_000)).toBe(true);
    await cluster.settled(Promise.all(asks));
    for (const [key, list] of sent) expect((await statementOf(at, key)).received).toEqual(list);
    expect(await lettersOf(at)).toEqual([]);
    expect(cluster.reports.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("F20 has its wall clock set by an hour and to and fro: no timer is early, and nobody takes over", async () => {
    await using cluster = faultyCluster();
    let offsetMs = 0;
    const at = await scene(cluster, undefined, {
      host: { wallOffsetMs: () => offsetMs },
    });
    await at.second();
    await cluster.pass(2_000);
    at.ref.tell({ type: "save", to: "account.ada" });
    at.ref.tell({ type: "credit", amount: 1, n: 1 });
    await cluster.pass(50);
    const before = await cluster.recordOf(eve);
    for (const ms of [3_600_000, -3_600_000, 200, -200, 200]) {
      offsetMs = ms;
      await cluster.pass(20);
    }
    // It has 50 ms left.
    expect((await cluster.recordOf(eve))?.timers.length).toBe(1);
    await cluster.pass(1_000);
    expect((await cluster.recordOf("account.ada"))?.turn).toBeGreaterThan(0);
    expect((await cluster.recordOf(eve))?.epoch).toBe(before?.epoch);
  });
});

describe("a node that is cut off from its store", () => {
  const cuts: readonly [string, Fate, boolean][] = [
    ["F42 in both directions", "lostRequest", true],
    ["F43 E14 and hears, but is not heard", "lostRequest", false],
    ["F44 and is heard, but hears nothing", "lostAnswer", true],
  ];
  test.each(cuts)(
    "%s: others take over or wait, it does nothing in doubt, and all is well afterwards",
    async (_, fate, isDeaf) => {
      await using cluster = faultyCluster();
      let cut = false;
      const at = await scene(cluster, (step: Step) =>
        // What is published goes out where requests do.
        cut && !(step.kind === "publish" && fate === "lostAnswer") ? fate : undefined,
      );
      at.ref.tell({ type: "credit", amount: 1, n: 1 });
      await statementOf(at);
      await at.second();
      cut = true;
      if (isDeaf) at.host.deafen();
      const cutMs = cluster.env.monotonicMs();
      for (const n of numbers(2, 50)) at.ref.tell({ type: "credit", amount: 1, n });
      at.ref.tell({ type: "pay" });
      at.ref.tell({ type: "transfer", to: "account.ada", amount: 10, n: 1 });
      if (fate === "lostRequest") {
        expect((await statementOf(at)).received).toEqual(numbers(1, 50));
        expect(cluster.env.monotonicMs() - cutMs).toBeLessThan(failoverMaxMs);
      }
      await cluster.pass(6 * leaseMs);
      cut = false;
      at.host.hear();
      await cluster.pass(5_000);
      const read = await statementOf(at);
      expect(read.received).toEqual(numbers(1, 50));
      expect([read.paid, read.sent]).toEqual([1, [1]]);
      expect((await statementOf(at, "account.ada")).received).toEqual([1]);
      expect(new Set(Object.values(at.attempts).flat()).size).toBe(1);
      expect(await lettersOf(at)).toEqual([]);
    },
  );
});

describe("an owner", () => {
  test("F78 O15 is killed at the commit of a timer's turn, before it or after: the timer fires once", async () => {
    for (const fate of ["deadBefore", "deadAfter"] as const) {
      await using cluster = faultyCluster();
      let armed = false;
      const at = await scene(cluster, ({ kind, where }) =>
        armed && kind === "write" && where === "cx_test_agents" ? fate : undefined,
      );
      at.ref.tell({ type: "save", to: "account.ada" });
      await statementOf(at);
      expect((await cluster.recordOf(eve))?.timers.length).toBe(1);
      armed = true;
      await cluster.until(() => !at.host.alive, 1_000);
      await at.second();
      await cluster.pass(4_000);
      expect((await statementOf(at, "account.ada")).received).toEqual([0]);
      expect((await statementOf(at)).balance).toBe(95);
    }
  });

  test("F88 is killed between the end of a call and its commit: the call is made once more, under its key, and counts once", async () => {
    await using cluster = faultyCluster();
    let paid = false;
    const keys: string[] = [];
    const at = await scene(
      cluster,
      ({ kind, where }) =>
        paid && kind === "write" && where === "cx_test_agents" ? "deadBefore" : undefined,
      {
        worldOf: (node, alive) => ({
          attempts: keys,
          pay: async ({ key }) => {
            if (!alive()) return new Promise(() => {});
            keys.push(key);
            paid = node === "first";
            return key;
          },
        }),
      },
    );
    at.ref.tell({ type: "pay" });
    await cluster.until(() => !at.host.alive, 1_000);
    await at.second();
    await cluster.pass(3_000);
    const read = await statementOf(at);
    expect([read.paid, read.balance]).toEqual([1, 93]);
    expect(keys).toEqual([`${eve}#2.1`, `${eve}#2.1`]);
  });

  test("F05 A12 publishes its outbox again where it was killed before that was noted: the receiver drops it", async () => {
    await using cluster = faultyCluster();
    let appended = 0;
    const at = await scene(cluster, ({ kind, where, what }) =>
      kind === "append" && where === "cx_test_box" && what.endsWith("account.ada") && ++appended === 1
        ? "deadAfter"
        : undefined,
    );
    at.ref.tell({ type: "transfer", to: "account.ada", amount: 10, n: 1 });
    await cluster.until(() => !at.host.alive, 1_000);
    expect(await cluster.inboxCount()).toBe(1);
    await at.second();
    await cluster.pass(3_000);
    expect((await statementOf(at, "account.ada")).received).toEqual([1]);
    expect((await cluster.recordOf(eve))?.outbox.entries).toEqual([]);
  });

  test("F06 is killed before its claim or after: either it owns or not, and the next goes on with the epoch after", async () => {
    for (const [fate, epoch] of [
      ["deadBefore", 1],
      ["deadAfter", 2],
    ] as const) {
      await using cluster = faultyCluster();
      const at = await scene(cluster, ({ kind, where }) =>
        kind === "write" && where === "cx_test_agents" ? fate : undefined,
      );
      at.ref.tell({ type: "credit", amount: 1, n: 1 });
      await cluster.until(() => !at.host.alive, 1_000);
      expect((await cluster.recordOf(eve))?.epoch).toBe(epoch === 1 ? undefined : 1);
      await at.second();
      await cluster.pass(3_000);
      expect((await statementOf(at)).received).toEqual([1]);
      expect((await cluster.recordOf(eve))?.epoch).toBe(epoch);
    }
  });
});
