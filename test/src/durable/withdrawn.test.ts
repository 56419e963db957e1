import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question, type ReplyTo } from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { rejection } from "../../support/systems.ts";
import { durableCluster } from "./durable-cluster.ts";

const oven = defineProtocol({
  name: "oven",
  accepts: {
    bake: question(z.object({ what: z.string() }), z.object({ baked: z.string() })),
    read: question(z.object({}), z.object({ begun: z.array(z.string()), failed: z.number() })),
  },
});

interface Baking {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly done: () => void;
}

/** Bakes one thing at a time; what is asked for meanwhile is held back. */
function ovenActor(bakings: Baking[]) {
  const machine = setup({
    types: {
      context: {} as { begun: string[]; failed: number; asker: ReplyTo<{ baked: string }> | undefined },
      events: {} as MessageOf<typeof oven>,
    },
    actors: {
      bake: fromCall<string, string>(
        ({ input: what, signal }: Call<string>) =>
          new Promise((resolve, reject) => {
            bakings.push({ what, signal, done: () => resolve(what) });
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
      ),
    },
  }).createMachine({
    id: "oven",
    context: { begun: [], failed: 0, asker: undefined },
    initial: "cold",
    on: { read: { actions: reply(({ context: { begun, failed } }) => ({ begun, failed })) } },
    states: {
      cold: {
        on: {
          bake: {
            target: "hot",
            actions: assign(({ context, event }) => ({
              begun: [...context.begun, event.what],
              asker: event.replyTo as ReplyTo<{ baked: string }> | undefined,
            })),
          },
        },
      },
      hot: {
        meta: { postpone: ["bake"] },
        invoke: {
          src: "bake",
          input: ({ context }) => context.begun.at(-1) ?? "",
          onDone: {
            target: "cold",
            actions: reply(({ event }) => ({ baked: event.output }), { to: ({ context }) => context.asker }),
          },
          onError: { target: "cold", actions: assign({ failed: ({ context }) => context.failed + 1 }) },
        },
      },
    },
  });
  return defineActor({ protocol: oven, machine, durability: "durable" });
}

async function kitchen(cluster: ReturnType<typeof durableCluster>) {
  const bakings: Baking[] = [];
  const actors = { oven: ovenActor(bakings) };
  const watcher = await cluster.join("watcher", {});
  const host = await cluster.join("first", actors);
  const ref = watcher.system.ref("oven.one", oven);
  const bake = (what: string, more: { key?: string; signal?: AbortSignal } = {}) =>
    ref.ask({ type: "bake", what }, { withinMs: 30_000, ...more });
  const read = () => cluster.settled(ref.ask({ type: "read" }, { withinMs: 20_000 }));
  return { bakings, actors, host, bake, read };
}

describe("E07 a question to a durable agent that is withdrawn", () => {
  test("has the signal of the call it caused aborted, and its asker told", async () => {
    await using cluster = durableCluster();
    const { bakings, bake, read } = await kitchen(cluster);
    const withdrawing = new AbortController();
    const refused = rejection(bake("bread", { signal: withdrawing.signal }));
    await cluster.until(() => bakings.length === 1);
    withdrawing.abort();
    expect((await refused).code).toBe("CANCELLED");
    await cluster.until(() => bakings[0]?.signal.aborted === true);
    expect(await read()).toEqual({ begun: ["bread"], failed: 1 });
  });

  test("has the call aborted by the owner that took the agent over, where its own was killed", async () => {
    await using cluster = durableCluster();
    const { bakings, actors, host, bake, read } = await kitchen(cluster);
    const withdrawing = new AbortController();
    const refused = rejection(bake("bread", { signal: withdrawing.signal }));
    await cluster.until(() => bakings.length === 1);
    host.kill();
    withdrawing.abort();
    await refused;
    await cluster.join("second", actors);
    await cluster.until(() => bakings[1]?.signal.aborted === true);
    expect(await read()).toEqual({ begun: ["bread"], failed: 1 });
  });

  test("never runs where it was held back, and others do", async () => {
    await using cluster = durableCluster();
    const { bakings, bake, read } = await kitchen(cluster);
    const bread = bake("bread");
    const withdrawing = new AbortController();
    const refused = rejection(bake("cake", { signal: withdrawing.signal }));
    const pie = bake("pie");
    await cluster.until(() => bakings.length === 1);
    await cluster.pass(50);
    withdrawing.abort();
    await refused;
    await cluster.pass(50);
    bakings[0]?.done();
    expect(await cluster.settled(bread)).toEqual({ baked: "bread" });
    await cluster.until(() => bakings.length === 2);
    bakings[1]?.done();
    expect(await cluster.settled(pie)).toEqual({ baked: "pie" });
    expect(await read()).toEqual({ begun: ["bread", "pie"], failed: 0 });
  });

  test("goes on for others who asked with its key", async () => {
    await using cluster = durableCluster();
    const { bakings, bake, read } = await kitchen(cluster);
    const withdrawing = new AbortController();
    const refused = rejection(bake("bread", { key: "k", signal: withdrawing.signal }));
    await cluster.until(() => bakings.length === 1);
    const other = bake("bread", { key: "k" });
    await cluster.pass(50);
    withdrawing.abort();
    await refused;
    await cluster.pass(50);
    expect(bakings[0]?.signal.aborted).toBe(false);
    bakings[0]?.done();
    expect(await cluster.settled(other)).toEqual({ baked: "bread" });
    expect(await read()).toEqual({ begun: ["bread"], failed: 0 });
  });
});
