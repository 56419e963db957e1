import { describe, expect, test } from "vitest";
import { assign, fromCallback, sendTo, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply } from "../../../../machines/index.ts";
import { CoxswainError, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import { type DurabilityOptions, defineActor, forkAgent, replayHistory } from "../../../../src/index.ts";
import { type DurableCluster, durableCluster } from "../durable-cluster.ts";

const desk = defineProtocol({
  name: "desk",
  accepts: {
    ask: z.object({}),
    poke: z.object({}),
    read: question(z.object({}), z.object({ seen: z.array(z.string()).readonly() })),
  },
});
type DeskEvent = MessageOf<typeof desk> | { readonly type: "ring"; readonly n: number };

/** Asks by a call, has a clerk (a machine) whom it pokes, and a bell (a callback) that rings by itself. */
function deskActor(ask: (call: Call<undefined>) => Promise<string>, durability: DurabilityOptions = {}) {
  const clerk = setup({}).createMachine({
    id: "clerk",
    initial: "idle",
    states: { idle: { on: { poke: "busy" } }, busy: { after: { 300: "idle" } } },
  });
  const bell = fromCallback(({ sendBack }) => {
    sendBack({ type: "ring", n: 1 });
    sendBack({ type: "ring", n: 2 });
  });
  const machine = setup({
    types: { context: {} as Seen, events: {} as DeskEvent },
    actors: { ask: fromCall<string>(ask, { effect: "atMostOnce" }), clerk, bell },
  }).createMachine({
    id: "desk",
    context: { seen: [] },
    invoke: { src: "clerk", id: "clerk" },
    initial: "calm",
    on: {
      read: { actions: reply(({ context }) => context) },
      poke: { actions: sendTo("clerk", { type: "poke" }) },
      ring: { actions: assign({ seen: ({ context, event }) => [...context.seen, `ring ${event.n}`] }) },
    },
    states: {
      calm: { on: { ask: "asking" } },
      asking: {
        invoke: [
          {
            src: "ask",
            onDone: {
              target: "calm",
              actions: assign({ seen: ({ context, event }) => [...context.seen, event.output] }),
            },
            onError: {
              target: "calm",
              actions: assign({
                seen: ({ context, event }) => {
                  const { code = "", message } = event.error as Error & { code?: string };
                  return [...context.seen, `${code} ${message}`];
                },
              }),
            },
          },
          { src: "bell" },
        ],
      },
    },
  });
  return defineActor({ protocol: desk, machine, durability: { history: true, ...durability } });
}

interface Seen {
  readonly seen: readonly string[];
}

async function replayed(cluster: DurableCluster, key: string, actor: ReturnType<typeof deskActor>) {
  const { system } = await cluster.join(`reader-${key}`, {});
  const history = await cluster.settled(system.history(`desk.${key}`, actor));
  return { history, replay: await cluster.settled(replayHistory(history, actor)) };
}

describe("turns that are given again", () => {
  test("are the same with children, callbacks, calls that failed, and calls of which nobody knows", async () => {
    await using cluster = durableCluster();
    let calls = 0;
    const ask = async (): Promise<string> => {
      calls++;
      if (calls === 1) throw new RangeError("too far");
      if (calls === 2) throw new CoxswainError("REFUSED", "not today", { details: { until: "monday" } });
      return new Promise<never>(() => {});
    };
    const actor = deskActor(ask);
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", { desk: actor });
    const ref = watcher.system.ref("desk.one", desk);
    for (let round = 0; round < 3; round++) {
      ref.tell({ type: "ask" });
      ref.tell({ type: "poke" });
      await cluster.pass(500);
    }
    first.kill();
    await cluster.join("second", { desk: actor });
    await cluster.settled(ref.ask({ type: "read" }, { withinMs: 20_000 }));
    await cluster.pass(3_000);
    const { seen } = await cluster.settled(ref.ask({ type: "read" }));
    await cluster.pass(3_000);
    expect(seen.filter((text) => !text.startsWith("ring"))).toEqual([
      " too far",
      "REFUSED not today",
      expect.stringMatching(/^OUTCOME_UNKNOWN The call desk\.one#\d+\.\d may have been made/),
    ]);
    const { history, replay } = await replayed(cluster, "one", actor);
    expect(replay).toEqual({ kind: "same", turns: history.last, from: 1 });
    const poked = await cluster.settled(history.at(await turnOf(cluster, history, "poke")));
    expect(poked.children).toMatchObject([{ id: "clerk", src: "clerk", state: "busy" }, {}, {}]);
    expect(poked.timers).toMatchObject([
      { event: "xstate.after.300.clerk.busy", target: { path: "/clerk" } },
    ]);
  });

  test("leave to a fork a call that is made at most once, and was not made under its key; once", async () => {
    await using cluster = durableCluster();
    const keys: string[] = [];
    const ask = ({ key }: Call<undefined>): Promise<string> => {
      keys.push(key);
      return new Promise(() => {});
    };
    const actor = deskActor(ask);
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", { desk: actor });
    watcher.system.ref("desk.one", desk).tell({ type: "ask" });
    await cluster.until(() => keys.length === 1);
    await cluster.pass(2_000);
    const history = await cluster.settled(watcher.system.history("desk.one", actor));
    await cluster.settled(forkAgent(history, await turnOf(cluster, history, "ask"), "two"));
    await cluster.until(() => keys.length === 2);
    expect(keys[1]).toMatch(/^desk\.two#0\.\d$/);
    first.kill();
    await cluster.join("second", { desk: actor });
    const ref = watcher.system.ref("desk.two", desk);
    await cluster.settled(ref.ask({ type: "read" }, { withinMs: 20_000 }));
    await cluster.pass(1_000);
    const { seen } = await cluster.settled(ref.ask({ type: "read" }));
    expect(seen.filter((text) => text.startsWith("OUTCOME_UNKNOWN"))).toHaveLength(1);
    expect(keys).toHaveLength(2);
  });

  test("are the same where timers begin anew when the agent moves, twice without a turn between", async () => {
    await using cluster = durableCluster();
    const ask = (): Promise<string> => new Promise(() => {});
    const actor = deskActor(ask, { timers: { resume: "restart" } });
    const watcher = await cluster.join("watcher", {});
    const ref = watcher.system.ref("desk.one", desk);
    let host = await cluster.join("first", { desk: actor });
    ref.tell({ type: "poke" });
    for (const next of ["second", "third"]) {
      await cluster.until(() => host.system.agents.length === 1);
      await cluster.pass(200);
      host.kill();
      host = await cluster.join(next, { desk: actor });
    }
    await cluster.pass(3_000);
    const { history, replay } = await replayed(cluster, "one", actor);
    expect(replay).toEqual({ kind: "same", turns: history.last, from: 1 });
    const moved = await cluster.settled(history.at(await turnOf(cluster, history, "poke")));
    const fired = await cluster.settled(history.entry(await turnOf(cluster, history, "timer")));
    expect(fired.epoch).toBe(3);
    // As it was when the new owner had it: so much was left.
    expect(fired.atMs - (moved.atMs ?? 0)).toBe(300);
    expect(moved.timers[0]?.dueAtMs).toBe(fired.atMs);
  });
});

/** The latest turn for a message of a type, or for anything of a kind. */
async function turnOf(
  cluster: DurableCluster,
  history: Awaited<ReturnType<typeof replayed>>["history"],
  what: string,
): Promise<number> {
  for (let turn = history.last; turn > 0; turn--) {
    const { cause } = await cluster.settled(history.entry(turn));
    if (cause.kind === what || ("type" in cause && cause.type === what)) return turn;
  }
  throw new Error(`Expected a turn for ${what}`);
}
