import { expect, test } from "vitest";
import { setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf } from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { durableCluster } from "./durable-cluster.ts";

test("a call that is given up before it is made is never made, and its agent leaves memory like any that rests", async () => {
  const job = defineProtocol({ name: "job", accepts: { start: z.object({}), cancel: z.object({}) } });
  const made: string[] = [];
  const machine = setup({
    types: { events: {} as MessageOf<typeof job> },
    actors: {
      work: fromCall<never>(({ key }: Call<undefined>) => {
        made.push(key);
        return new Promise(() => {});
      }),
    },
  }).createMachine({
    id: "job",
    initial: "idle",
    states: {
      idle: { on: { start: "working" } },
      working: { invoke: { src: "work" }, on: { cancel: "idle" } },
    },
  });
  const actor = defineActor({ protocol: job, machine, durability: { passivateAfterMs: 500 } });
  await using cluster = durableCluster();
  const { system } = await cluster.join("first", { job: actor });
  const ref = system.ref("job.one", job);
  // Both are of one commit.
  ref.tell({ type: "start" });
  ref.tell({ type: "cancel" });
  await cluster.until(() => system.agents.length === 1);
  await cluster.pass(5_000);
  expect(system.agents).toEqual([]);
  expect(made).toEqual([]);
});
