import { describe, expect, test } from "vitest";
import { escalationDesk, escalationLadder } from "../../actors/index.ts";
import {
  type ActorAddress,
  delegation,
  desk,
  escalation,
  type MessageOf,
  work,
} from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";
import { type DurableCluster, durableCluster } from "../src/durable/durable-cluster.ts";
import { rejection } from "../support/systems.ts";

type Settled = Extract<MessageOf<typeof delegation>, { type: "escalationSettled" }>;

const actors = { escalation: escalationLadder, escalationDesk };
const raise = {
  ...({ type: "raise", subject: "t-1", reason: "over its limits", cause: "limits" } as const),
  path: ["etl_lead", "data_architect"],
  waitMs: 10_000,
};

async function raised(cluster: DurableCluster) {
  const { system } = await cluster.join("watcher", {});
  const told: Settled[] = [];
  const listener = defineActor({
    protocol: delegation,
    initial: () => null,
    receive: (state: null, message) => {
      if (message.type === "escalationSettled") told.push(message);
      return state;
    },
  });
  await cluster.settled(system.spawn("delegation.t-1", listener));
  const host = await cluster.join("one", actors);
  const ladder = system.ref("escalation.e-1", escalation);
  const reportTo = "delegation.t-1" as ActorAddress;
  await cluster.settled(ladder.deliver({ ...raise, reportTo }));
  const status = () => cluster.settled(ladder.ask({ type: "status" }, { withinMs: 20_000 }));
  await status();
  const decide = (level: number, decision: "resolve" | "passOn" | "fail") =>
    cluster.settled(ladder.ask({ type: "decide", level, by: "ann", decision }));
  const waitingFor = async (name: string) => {
    const { asks } = await cluster.settled(
      system.ref(`escalationDesk.${name}`, desk).ask({ type: "waiting" }),
    );
    return asks.map(({ from, level, reason }) => ({ from, level, reason }));
  };
  return { system, host, ladder, told, status, decide, waitingFor };
}

describe("a ladder as a durable agent", () => {
  test("row 20: asks each level at its desk in turn, takes back what it asked, and fails when the operator's time is over", async () => {
    await using cluster = durableCluster();
    const { told, status, waitingFor } = await raised(cluster);
    await cluster.pass(500);
    expect(await waitingFor("etl_lead")).toEqual([
      { from: "escalation.e-1", level: 1, reason: "over its limits" },
    ]);
    await cluster.pass(10_000);
    expect(await waitingFor("etl_lead")).toEqual([]);
    expect(await waitingFor("data_architect")).toMatchObject([{ level: 2 }]);
    await cluster.pass(10_000);
    expect(await status()).toMatchObject({ state: "asking", level: 3, asked: "operator" });
    await cluster.pass(10_000);
    expect(await status()).toMatchObject({ state: "failed", level: 3 });
    expect(await waitingFor("operator")).toEqual([]);
    expect(told).toMatchObject([{ id: "e-1", subject: "t-1", state: "failed", by: "deadline" }]);
  });

  test("S5: only the level that is asked decides, and once", async () => {
    await using cluster = durableCluster();
    const { told, status, decide } = await raised(cluster);
    expect(await rejection(decide(2, "resolve"))).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining("level 1 (etl_lead)"),
    });
    expect(await decide(1, "passOn")).toEqual({ state: "asking" });
    expect(await rejection(decide(1, "resolve"))).toMatchObject({ code: "REFUSED" });
    expect(await decide(2, "resolve")).toEqual({ state: "resolved" });
    expect(await rejection(decide(2, "fail"))).toMatchObject({ code: "REFUSED" });
    expect(await status()).toMatchObject({ state: "resolved", level: 2 });
    await cluster.pass(60_000);
    expect(told).toMatchObject([{ state: "resolved", by: "ann" }]);
  });

  test("C9: an actor decides as itself, never in the name of somebody else", async () => {
    await using cluster = durableCluster();
    const { system, ladder, status } = await raised(cluster);
    const agent = defineActor({
      protocol: work,
      initial: () => null,
      receive: (state: null, { task }, turn) => {
        const by = String(task);
        turn.tell(escalation, ladder.address, { type: "decide", level: 1, by, decision: "resolve" });
        return state;
      },
    });
    const ref = await cluster.settled(system.spawn("agent.one", agent));
    await cluster.settled(ref.deliver({ type: "work", task: "etl_lead" }));
    await cluster.pass(500);
    expect(await status()).toMatchObject({ state: "asking" });
    await cluster.settled(ref.deliver({ type: "work", task: "agent.one" }));
    await cluster.pass(500);
    expect(await status()).toMatchObject({ state: "resolved" });
  });

  test("F73: what is raised again, or handed back, begins nothing anew", async () => {
    await using cluster = durableCluster();
    const { ladder, status, decide } = await raised(cluster);
    await decide(1, "passOn");
    await cluster.settled(ladder.deliver({ ...raise, path: ["etl_lead"] }));
    expect(await status()).toMatchObject({ state: "asking", level: 2, asked: "data_architect" });
  });

  test("S5: goes on over the death of its node, each level once", async () => {
    await using cluster = durableCluster();
    const { host, status, waitingFor } = await raised(cluster);
    await cluster.pass(500);
    host.kill();
    await cluster.join("two", actors);
    await cluster.pass(12_000);
    expect(await status()).toMatchObject({ state: "asking", level: 2, asked: "data_architect" });
    expect(await waitingFor("etl_lead")).toEqual([]);
    expect(await waitingFor("data_architect")).toMatchObject([{ from: "escalation.e-1", level: 2 }]);
  });
});
