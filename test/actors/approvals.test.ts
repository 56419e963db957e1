import { describe, expect, test } from "vitest";
import { approvalGate, decideApproval } from "../../actors/index.ts";
import {
  type ActorAddress,
  approval,
  delegation,
  type MessageOf,
  type OutgoingOf,
  work,
} from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";
import { type DurableCluster, durableCluster } from "../src/durable/durable-cluster.ts";
import { rejection } from "../support/systems.ts";

type Told = Extract<MessageOf<typeof delegation>, { type: "approvalDecided" }>;

/** Somebody who is told of decisions: keeps them. */
const told: Told[] = [];
const listener = defineActor({
  protocol: delegation,
  initial: () => null,
  receive: (state: null, message) => {
    if (message.type === "approvalDecided") told.push(message);
    return state;
  },
});

const request = {
  type: "open",
  summary: "drop the table",
  hash: "abc",
  deciders: ["ann", "ben"],
  withinMs: 60_000,
} as const satisfies OutgoingOf<typeof approval>;

async function opened(cluster: DurableCluster, more: Partial<OutgoingOf<typeof approval>> = {}) {
  told.length = 0;
  const { system } = await cluster.join("one", { approval: approvalGate });
  await cluster.settled(system.spawn("delegation.t-1", listener));
  const gate = system.ref("approval.t-1", approval);
  const reportTo = "delegation.t-1" as ActorAddress;
  await cluster.settled(gate.deliver({ ...request, reportTo, ...more } as OutgoingOf<typeof approval>));
  const decide = (approve: boolean, by: string, hash?: string) =>
    cluster.settled(decideApproval(system, "t-1", { approve, by, ...(hash === undefined ? {} : { hash }) }));
  const status = () => cluster.settled(gate.ask({ type: "status" }));
  return { system, gate, decide, status };
}

describe("an approval gate", () => {
  test("row 19: two deciders: the first wins, the second is told what holds; whoever waits for it is told once", async () => {
    await using cluster = durableCluster();
    const { decide, status } = await opened(cluster);
    expect(await decide(false, "ben")).toEqual({
      outcome: "decided",
      state: "refused",
      by: "ben",
      reason: "",
    });
    expect(await decide(true, "ann")).toEqual({
      outcome: "conflict",
      state: "refused",
      by: "ben",
      reason: "",
    });
    expect(await status()).toMatchObject({ state: "refused", by: "ben" });
    await cluster.pass(120_000);
    expect(told).toMatchObject([{ id: "t-1", hash: "abc", approved: false, by: "ben" }]);
  });

  test("C9 F96: refuses a decision on anything but what it was opened for, and of who is no decider, and waits on", async () => {
    await using cluster = durableCluster();
    const { gate, decide, status } = await opened(cluster);
    // Whoever swaps what is approved for something else opens nothing.
    await cluster.settled(gate.deliver({ ...request, hash: "xyz", deciders: [] }));
    expect(await rejection(decide(true, "ann", "xyz"))).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining('on "abc"'),
    });
    expect(await rejection(decide(true, "eve"))).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining("one of ann, ben"),
    });
    expect(await status()).toMatchObject({ state: "open", hash: "abc" });
    expect(await decide(true, "ann", "abc")).toMatchObject({ outcome: "decided", state: "approved" });
  });

  test("C9: an actor decides as itself, never in the name of somebody else", async () => {
    await using cluster = durableCluster();
    const { system, gate, status } = await opened(cluster, { deciders: ["ann", "agent.one"] });
    const decide = (by: string) => ({ type: "decide", approve: true, by, hash: "abc", reason: "" }) as const;
    const agent = defineActor({
      protocol: work,
      initial: () => null,
      receive: (state: null, { task }, turn) => {
        turn.tell(approval, gate.address, decide(String(task)));
        return state;
      },
    });
    const ref = await cluster.settled(system.spawn("agent.one", agent));
    await cluster.settled(ref.deliver({ type: "work", task: "ann" }));
    await cluster.pass(500);
    expect(await status()).toMatchObject({ state: "open" });
    await cluster.settled(ref.deliver({ type: "work", task: "agent.one" }));
    await cluster.pass(500);
    expect(await status()).toMatchObject({ state: "approved", by: "agent.one" });
  });

  test("that nobody has opened has nothing to decide", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { approval: approvalGate });
    const decided = cluster.settled(
      decideApproval(system, "t-9", { approve: true, by: "ann" }, { withinMs: 0 }),
    );
    expect(await rejection(decided)).toMatchObject({ code: "REFUSED" });
  });

  test("that is opened a moment later is waited for", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { approval: approvalGate });
    const decided = decideApproval(system, "t-10", { approve: true, by: "ann" }, { withinMs: 60_000 });
    const gate = system.ref("approval.t-10", approval);
    expect(await cluster.settled(gate.ask({ type: "status" }))).toMatchObject({ state: "unopened" });
    gate.tell({ type: "open", summary: "late", hash: "h", withinMs: 600_000 });
    expect(await cluster.settled(decided)).toMatchObject({ outcome: "decided", state: "approved" });
  });

  test.each(["approve", "refuse"] as const)(
    "says at its deadline what the request says: %s",
    async (otherwise) => {
      await using cluster = durableCluster();
      const { decide, status } = await opened(cluster, { otherwise, withinMs: 10_000 });
      const { untilMs } = await status();
      await cluster.pass(untilMs - cluster.env.nowMs() - 100);
      expect(await status()).toMatchObject({ state: "open" });
      await cluster.pass(200);
      const state = otherwise === "approve" ? "approved" : "refused";
      expect(await status()).toMatchObject({ state, by: "deadline" });
      expect(await decide(true, "ann")).toMatchObject({ outcome: "conflict", state, by: "deadline" });
      expect(told).toMatchObject([{ approved: otherwise === "approve", by: "deadline" }]);
    },
  );

  test("keeps its deadline over the death of its node", async () => {
    await using cluster = durableCluster();
    told.length = 0;
    const watcher = await cluster.join("watcher", {});
    await cluster.settled(watcher.system.spawn("delegation.t-1", listener));
    const host = await cluster.join("one", { approval: approvalGate });
    const gate = watcher.system.ref("approval.t-1", approval);
    const reportTo = "delegation.t-1" as ActorAddress;
    await cluster.settled(gate.deliver({ ...request, withinMs: 20_000, reportTo }));
    await cluster.settled(gate.ask({ type: "status" }));
    host.kill();
    await cluster.pass(5_000);
    await cluster.join("two", { approval: approvalGate });
    await cluster.pass(14_000);
    expect(told).toEqual([]);
    await cluster.until(() => told.length > 0, 3_000);
    expect(told).toMatchObject([{ approved: false, by: "deadline" }]);
  });
});
