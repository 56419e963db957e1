import { describe, expect, test } from "vitest";
import { alertQueue, qualityMonitor } from "../../actors/index.ts";
import { type AlertInput, alerts, monitor } from "../../protocols/index.ts";
import { type DurableCluster, type DurableNode, durableCluster } from "../src/durable/durable-cluster.ts";
import { rejection } from "../support/systems.ts";

const everyMs = 5_000;
const retryMs = 1_000;

/** Two nodes that may host a monitor whose minutes are seconds; when it checked, and what each check comes to. */
async function monitored(cluster: DurableCluster, check: (n: number) => readonly AlertInput[]) {
  const checks: { readonly node: string; readonly atMs: number }[] = [];
  const watcher = await cluster.join("watcher", {});
  const actorsOf = (node: string) => ({
    alerts: alertQueue({ windowMs: 20_000 }),
    monitor: qualityMonitor({
      ...{ everyMs, retryMs },
      check: ({ input }) => {
        expect(input.pipeline).toBe("orders");
        checks.push({ node, atMs: cluster.env.monotonicMs() });
        return check(checks.length);
      },
    }),
  });
  const nodes: DurableNode[] = [];
  for (const node of ["one", "two"]) nodes.push(await cluster.join(node, actorsOf(node)));
  // Both have to hold shards before it begins, so that it does not move.
  await cluster.pass(5_000);
  const ref = watcher.system.ref("monitor.orders", monitor);
  const queue = watcher.system.ref("alerts.orders", alerts);
  await cluster.settled(ref.deliver({ type: "watch" }));
  await cluster.until(() => checks.length > 0);
  const fromMs = checks[0]?.atMs ?? 0;
  /** Seconds since the first check, and what commits take. */
  const ticks = () => checks.map(({ atMs }) => Math.round((atMs - fromMs) / 1_000));
  const status = () => cluster.settled(ref.ask({ type: "status" }, { withinMs: 20_000 }));
  const open = async () => (await cluster.settled(queue.ask({ type: "open" }))).alerts;
  return { ref, queue, nodes, checks, ticks, status, open };
}

const nulls: AlertInput = { key: "nulls", summary: "nulls in id", severity: "critical" };

describe("a monitor of data quality", () => {
  test("row 23: checks at 0, 5 and 10; an error at 10 and the next is at 11; on one node of a cluster", async () => {
    await using cluster = durableCluster();
    const at = await monitored(cluster, (n) => {
      if (n === 3) throw new Error("no such table");
      return [];
    });
    await cluster.pass(16_500);
    expect(at.ticks()).toEqual([0, 5, 10, 11, 16]);
    expect(new Set(at.checks.map(({ node }) => node)).size).toBe(1);
    expect(await at.status()).toMatchObject({
      state: "watching",
      checks: 5,
      failures: 1,
      error: "no such table",
    });
  });

  test("goes on elsewhere when its node dies, and is told to rest", async () => {
    await using cluster = durableCluster();
    const at = await monitored(cluster, () => []);
    await cluster.pass(1_000);
    at.nodes[at.checks[0]?.node === "one" ? 0 : 1]?.kill();
    await cluster.pass(7_000);
    expect(at.ticks()).toEqual([0, 5]);
    expect(at.checks[1]?.node).not.toBe(at.checks[0]?.node);
    await cluster.settled(at.ref.deliver({ type: "rest" }));
    expect((await at.status()).state).toBe("resting");
    await cluster.pass(20_000);
    expect(at.checks).toHaveLength(2);
  });

  test("tells what it finds as alerts, once, and clears what it finds no more", async () => {
    await using cluster = durableCluster();
    const at = await monitored(cluster, (n) => (n <= 2 ? [nulls] : []));
    await cluster.pass(6_000);
    expect(await at.open()).toMatchObject([{ key: "nulls", severity: "critical", count: 2, deliveries: 1 }]);
    const acknowledge = (by: string) =>
      cluster.settled(at.queue.ask({ type: "acknowledge", key: "nulls", by }));
    expect(await acknowledge("ann")).toEqual({ outcome: "acknowledged", by: "ann" });
    expect(await acknowledge("ben")).toEqual({ outcome: "known", by: "ann" });
    await cluster.pass(5_000);
    expect(await at.open()).toEqual([]);
    expect(await acknowledge("ben")).toEqual({ outcome: "unknown", by: "" });
  });

  test("takes a check that finds what is no finding for one that failed", async () => {
    await using cluster = durableCluster();
    const at = await monitored(cluster, () => [{ key: "" } as AlertInput]);
    await cluster.pass(2_500);
    expect(at.ticks()).toEqual([0, 1, 2]);
    expect((await at.status()).failures).toBeGreaterThan(0);
  });

  test("refuses times that are none", async () => {
    const made = Promise.resolve().then(() => qualityMonitor({ check: () => [], everyMs: 0 }));
    expect(await rejection(made)).toMatchObject({ code: "OPTION_INVALID" });
  });
});
