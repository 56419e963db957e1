import { describe, expect, test } from "vitest";
import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { fromCall, reply, tell } from "../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../../../src/index.ts";
import { rejection } from "../../support/systems.ts";
import { bank } from "./bank.ts";
import { eve, scene, statementOf } from "./bank-scene.ts";
import { type FaultyCluster, faultyCluster } from "./faulty-cluster.ts";
import type { Fate, Step } from "./faulty-wire.ts";

const doing = defineProtocol({
  name: "doing",
  accepts: {
    act: z.object({}),
    fail: z.object({}),
    /** Answered with what is no answer. */
    odd: question(z.object({}), z.object({ n: z.number() })),
  },
  emits: { acted: z.object({}) },
});
const hearing = defineProtocol({ name: "hearing", accepts: { heard: z.object({}) } });

/** What is seen of its turns, in their order; `turn` in the midst of one. */
type Seen = { readonly node: string; readonly what: "turn" | "action" | "call" | "told" | "event" }[];

/** Does all that a turn can do outside of its record; in a turn that fails, before it fails. */
function doer(node: string, seen: Seen, alive: () => boolean): ActorDefinition {
  const note = (what: Seen[number]["what"]): void => {
    if (alive()) seen.push({ node, what });
  };
  const machine = setup({
    types: {
      context: {} as Record<string, never>,
      events: {} as MessageOf<typeof doing>,
      emitted: {} as { type: "acted" },
    },
    actors: { call: fromCall(() => note("call")) },
    actions: {
      turn: assign(() => {
        note("turn");
        return {};
      }),
      action: () => note("action"),
      tell: tell(hearing, "ear" as ActorAddress, { type: "heard" }),
      emit: emit({ type: "acted" } as const),
      answer: reply(() => ({ n: "one" }) as never),
      fail: assign(() => {
        throw new Error("broken on purpose");
      }),
    },
  }).createMachine({
    id: "doer",
    context: {},
    initial: "idle",
    states: {
      idle: {
        on: {
          act: { target: "acting", actions: ["turn", "action", "tell", "emit"] },
          fail: { target: "acting", actions: ["turn", "action", "tell", "emit", "fail"] },
          odd: { target: "acting", actions: ["turn", "action", "tell", "emit", "answer"] },
        },
      },
      acting: { invoke: { src: "call", onDone: "idle" } },
    },
  });
  return defineActor({ protocol: doing, machine, durability: "durable" }) as ActorDefinition;
}

async function stage(cluster: FaultyCluster, fateOf: (step: Step) => Fate | undefined) {
  const seen: Seen = [];
  const { system } = await cluster.join("watcher", {});
  const ear = setup({ types: { events: {} as MessageOf<typeof hearing> } }).createMachine({
    on: { heard: { actions: () => void seen.push({ node: "watcher", what: "told" }) } },
  });
  await cluster.settled(system.spawn("ear", defineActor({ protocol: hearing, machine: ear })));
  const hosting = (name: string) => (alive: () => boolean) => ({ doer: doer(name, seen, alive) });
  const host = await cluster.joinFaulty("first", fateOf, hosting("first"));
  const ref = system.ref("doer.one", doing);
  ref.on("acted", () => void seen.push({ node: "watcher", what: "event" }));
  return {
    seen,
    system,
    host,
    ref,
    second: () =>
      cluster.join(
        "second",
        hosting("second")(() => true),
      ),
  };
}

function isCommit({ kind, where }: Step): boolean {
  return kind === "write" && where === "cx_test_agents";
}

describe("what a turn wants", () => {
  test("F02 is not done before its commit: killed just before that, nothing of it was", async () => {
    await using cluster = faultyCluster();
    // The claim, then the turn.
    let commits = 0;
    const at = await stage(cluster, (step) => (isCommit(step) && ++commits === 2 ? "deadBefore" : undefined));
    at.ref.tell({ type: "act" });
    await cluster.until(() => !at.host.alive, 2_000);
    await cluster.pass(200);
    expect(at.seen).toEqual([{ node: "first", what: "turn" }]);
    await at.second();
    await cluster.pass(3_000);
    const done = at.seen.slice(1).map(({ node, what }) => `${node} ${what}`);
    expect(done.sort()).toEqual([
      "second action",
      "second call",
      "second turn",
      "watcher event",
      "watcher told",
    ]);
  });

  test("F16 is not done where the turn fails in the end, though it had begun with it", async () => {
    await using cluster = faultyCluster();
    const at = await stage(cluster, () => undefined);
    at.ref.tell({ type: "fail" });
    const odd = rejection(at.ref.ask({ type: "odd" }, { withinMs: 5_000 }));
    expect((await cluster.settled(odd)).code).toBe("ACTOR_FAILED");
    await cluster.pass(2_000);
    expect(at.seen).toEqual([
      { node: "first", what: "turn" },
      { node: "first", what: "turn" },
    ]);
    expect((await cluster.settled(at.system.deadLetters.list())).map(({ type }) => type)).toEqual(["fail"]);
  });

  test("F43 is nothing once four fifths of its lease are over: no turn is begun, though its inbox goes on bringing messages", async () => {
    await using cluster = faultyCluster();
    let cut = false;
    const at = await stage(cluster, () => (cut ? "lostRequest" : undefined));
    at.ref.tell({ type: "act" });
    await cluster.pass(2_000);
    expect(at.seen.length).toBe(5);
    cut = true;
    // Its lease is 600 ms, and nobody else is there to take over.
    await cluster.pass(700);
    at.ref.tell({ type: "act" });
    await cluster.pass(2_000);
    expect(at.seen.length).toBe(5);
    cut = false;
    await cluster.pass(5_000);
    expect(at.seen.length).toBe(10);
  });

  test("F04 F50 stays in its record until the receiver's inbox has it, whatever it commits meanwhile", async () => {
    await using cluster = faultyCluster();
    const isSent = ({ kind, what }: Step): boolean => kind === "append" && what.endsWith("account.ada");
    const at = await scene(cluster, (step) => (isSent(step) ? "lostRequest" : undefined));
    at.ref.tell({ type: "transfer", to: "account.ada", amount: 10, n: 1 });
    for (let n = 1; n <= 5; n++) {
      await cluster.pass(500);
      at.ref.tell({ type: "credit", amount: 0, n });
    }
    await cluster.pass(500);
    expect((await cluster.recordOf(eve))?.outbox.entries.length).toBe(1);
    at.host.kill();
    await at.second();
    await cluster.pass(3_000);
    expect((await statementOf(at, "account.ada")).received).toEqual([1]);
  });

  test("F04 is answered by the next owner, where its own was killed after the commit and before the answer left", async () => {
    await using cluster = faultyCluster();
    const isAnswer = ({ kind, what }: Step): boolean => kind === "publish" && what.startsWith("cx.test.re.");
    const at = await scene(cluster, (step) => (isAnswer(step) ? "deadBefore" : undefined));
    const asked = at.ref.ask({ type: "take", amount: 10 }, { withinMs: 30_000 });
    await cluster.until(() => !at.host.alive, 2_000);
    await at.second();
    expect(await cluster.settled(asked)).toEqual({ balance: 90 });
    const read = at.watcher.ref(eve, bank).ask({ type: "read" }, { withinMs: 30_000 });
    expect((await cluster.settled(read)).balance).toBe(90);
  });
});
