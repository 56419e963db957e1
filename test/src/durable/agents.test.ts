import { describe, expect, test } from "vitest";
import { assign, emit, fromPromise, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply, tell } from "../../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { rejection } from "../../support/systems.ts";
import { durableCluster } from "./durable-cluster.ts";

const ledger = defineProtocol({
  name: "ledger",
  accepts: {
    add: z.object({ by: z.number() }),
    forward: z.object({ to: z.string(), by: z.number() }),
    fail: z.object({}),
    spoil: z.object({}),
    lock: z.object({}),
    unlock: z.object({}),
    end: z.object({}),
    read: question(z.object({}), z.object({ sum: z.number(), added: z.array(z.number()) })),
    take: question(z.object({ by: z.number() }), z.object({ sum: z.number() })),
    later: question(z.object({}), z.object({ sum: z.number() })),
    answerAll: z.object({}),
  },
  emits: { added: z.object({ sum: z.number() }) },
});
const ledgerMachine = setup({
  types: {
    context: {} as { added: number[]; asker?: ReplyTo<{ sum: number }> | undefined; odd?: unknown },
    events: {} as MessageOf<typeof ledger>,
    emitted: {} as { type: "added"; sum: number },
  },
}).createMachine({
  id: "ledger",
  context: { added: [] },
  initial: "open",
  on: {
    read: { actions: reply(({ context }) => ({ sum: sumOf(context.added), added: context.added })) },
    fail: {
      actions: assign(() => {
        throw new Error("broken on purpose");
      }),
    },
    spoil: { actions: assign({ odd: () => new Map([[1, 2]]) }) },
    end: ".ended",
  },
  states: {
    open: {
      on: {
        add: {
          actions: [
            assign({ added: ({ context, event }) => [...context.added, event.by] }),
            emit(({ context }) => ({ type: "added", sum: sumOf(context.added) })),
          ],
        },
        take: {
          actions: [
            assign({ added: ({ context, event }) => [...context.added, event.by] }),
            reply(({ context }) => ({ sum: sumOf(context.added) })),
          ],
        },
        forward: {
          actions: [
            assign({ added: ({ context, event }) => [...context.added, -event.by] }),
            tell(
              ledger,
              ({ event }) => event.to as ActorAddress,
              ({ event }) => ({ type: "add", by: event.by }),
            ),
          ],
        },
        later: {
          actions: assign({ asker: ({ event }) => event.replyTo as ReplyTo<{ sum: number }> | undefined }),
        },
        answerAll: {
          actions: reply(({ context }) => ({ sum: sumOf(context.added) }), {
            to: ({ context }) => context.asker,
          }),
        },
        lock: "locked",
      },
    },
    locked: { meta: { postpone: ["add"] }, on: { unlock: "open" } },
    ended: { type: "final" },
  },
});

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

const account = defineActor({ protocol: ledger, machine: ledgerMachine, durability: "durable" });
const actors = { account };

describe("a durable agent", () => {
  test("goes on from its last commit when its node is killed: nothing lost, nothing twice, in order", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("account.ada", ledger);
    for (let by = 1; by <= 20; by++) ref.tell({ type: "add", by });
    await cluster.settled(ref.deliver({ type: "add", by: 21 }));
    first.kill();
    for (let by = 22; by <= 30; by++) ref.tell({ type: "add", by });
    await cluster.join("second", actors);
    const { added } = await cluster.settled(ref.ask({ type: "read" }, { withinMs: 10_000 }));
    expect(added).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  test("keeps what its state postpones over a crash, and takes it first when the state changes", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("account.ada", ledger);
    for (const message of [{ type: "lock" }, { type: "add", by: 1 }, { type: "add", by: 2 }] as const)
      ref.tell(message);
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ sum: 0, added: [] });
    first.kill();
    await cluster.join("second", actors);
    ref.tell({ type: "unlock" });
    ref.tell({ type: "add", by: 3 });
    expect(await cluster.settled(ref.ask({ type: "read" }, { withinMs: 10_000 }))).toEqual({
      sum: 6,
      added: [1, 2, 3],
    });
  });

  test("takes what it held back before what comes later, wherever between the two its node is killed", async () => {
    const single = defineActor({ protocol: ledger, machine: ledgerMachine, durability: { batchMax: 1 } });
    for (let afterMs = 0; afterMs < 60; afterMs += 5) {
      await using cluster = durableCluster();
      const watcher = await cluster.join("watcher", {});
      const first = await cluster.join("first", { account: single });
      const ref = watcher.system.ref("account.ada", ledger);
      ref.tell({ type: "lock" });
      for (let by = 1; by <= 5; by++) ref.tell({ type: "add", by });
      await cluster.settled(ref.ask({ type: "read" }));
      ref.tell({ type: "unlock" });
      await cluster.pass(afterMs);
      first.kill();
      ref.tell({ type: "add", by: 6 });
      await cluster.join("second", { account: single });
      const { added } = await cluster.settled(ref.ask({ type: "read" }, { withinMs: 10_000 }));
      expect({ afterMs, added }).toEqual({ afterMs, added: [1, 2, 3, 4, 5, 6] });
    }
  });

  test("takes what it held back and holds back no more, with nobody writing to it", async () => {
    const single = defineActor({ protocol: ledger, machine: ledgerMachine, durability: { batchMax: 1 } });
    for (let afterMs = 0; afterMs < 40; afterMs += 5) {
      await using cluster = durableCluster();
      const watcher = await cluster.join("watcher", {});
      const sums: number[] = [];
      watcher.system.ref("account.ada", ledger).on("added", ({ sum }) => void sums.push(sum));
      const first = await cluster.join("first", { account: single });
      const ref = watcher.system.ref("account.ada", ledger);
      for (const message of [{ type: "lock" }, { type: "add", by: 7 }] as const) ref.tell(message);
      await cluster.settled(ref.ask({ type: "read" }));
      await cluster.settled(ref.deliver({ type: "unlock" }));
      await cluster.pass(afterMs);
      first.kill();
      const second = await cluster.join("second", { account: single });
      await cluster.pass(3_000);
      // The first one did it, or the second was woken to.
      expect(sums.length + second.system.agents.length).toBeGreaterThan(0);
      const { added } = await cluster.settled(second.system.ref("account.ada", ledger).ask({ type: "read" }));
      expect({ afterMs, added }).toEqual({ afterMs, added: [7] });
    }
  });

  test("sends what a turn tells exactly once to another agent, whoever is killed", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    let host = await cluster.join("n0", actors);
    const ada = watcher.system.ref("account.ada", ledger);
    const bob = watcher.system.ref("account.bob", ledger);
    for (let round = 1; round <= 6; round++) {
      for (let i = 0; i < 5; i++) ada.tell({ type: "forward", to: "account.bob", by: 1 });
      await cluster.pass(10 * round);
      host.kill();
      host = await cluster.join(`n${round}`, actors);
    }
    const sums = async (): Promise<number[]> => {
      const both = [ada, bob].map((ref) => ref.ask({ type: "read" }, { withinMs: 20_000 }));
      return (await cluster.settled(Promise.all(both))).map(({ sum }) => sum);
    };
    await cluster.settled(ada.ask({ type: "read" }, { withinMs: 20_000 }));
    await cluster.pass(1_000);
    expect(await sums()).toEqual([-30, 30]);
  });

  test("gives whoever asks again with the same key the first answer, also after a crash", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("account.ada", ledger);
    const take = { type: "take", by: 5 } as const;
    expect(await cluster.settled(ref.ask(take, { key: "once" }))).toEqual({ sum: 5 });
    expect(await cluster.settled(ref.ask(take, { key: "once" }))).toEqual({ sum: 5 });
    first.kill();
    await cluster.join("second", actors);
    expect(await cluster.settled(ref.ask(take, { key: "once", withinMs: 10_000 }))).toEqual({ sum: 5 });
    expect(await cluster.settled(ref.ask(take, { key: "other" }))).toEqual({ sum: 10 });
  });

  test("answers later, after a crash too, whom it remembered", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("account.ada", ledger);
    ref.tell({ type: "add", by: 7 });
    const later = ref.ask({ type: "later" }, { withinMs: 30_000 });
    await cluster.pass(100);
    first.kill();
    await cluster.join("second", actors);
    ref.tell({ type: "answerAll" });
    expect(await cluster.settled(later)).toEqual({ sum: 7 });
  });

  test("that fails at a message goes on from where it was; the message is a dead letter, its asker is told", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("first", actors);
    const ref = system.ref("account.ada", ledger);
    ref.tell({ type: "add", by: 1 });
    ref.tell({ type: "fail" });
    ref.tell({ type: "add", by: 2 });
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ sum: 3, added: [1, 2] });
    await cluster.pass(100);
    const letters = await cluster.settled(system.deadLetters.list());
    expect(letters.map(({ code, type, to }) => ({ code, type, to }))).toEqual([
      { code: "ACTOR_FAILED", type: "fail", to: "account.ada" },
    ]);
  });

  test("whose context is no plain data fails at the very message that made it so, of a whole batch", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("first", actors);
    const ref = system.ref("account.ada", ledger);
    for (let by = 1; by <= 3; by++) ref.tell({ type: "add", by });
    ref.tell({ type: "spoil" });
    for (let by = 4; by <= 6; by++) ref.tell({ type: "add", by });
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ sum: 21, added: [1, 2, 3, 4, 5, 6] });
    await cluster.pass(100);
    const letters = await cluster.settled(system.deadLetters.list());
    expect(letters.map(({ code, type }) => ({ code, type }))).toEqual([
      { code: "ACTOR_FAILED", type: "spoil" },
    ]);
  });

  test("leaves memory when it is idle, and comes back with what it had", async () => {
    await using cluster = durableCluster();
    const brief = defineActor({
      protocol: ledger,
      machine: ledgerMachine,
      durability: { passivateAfterMs: 200 },
    });
    const { system } = await cluster.join("first", { account: brief });
    const ref = system.ref("account.ada", ledger);
    ref.tell({ type: "add", by: 1 });
    expect((await cluster.settled(ref.ask({ type: "read" }))).sum).toBe(1);
    expect(system.agents.length).toBe(1);
    await cluster.pass(3_000);
    expect(system.agents.length).toBe(0);
    ref.tell({ type: "add", by: 1 });
    expect((await cluster.settled(ref.ask({ type: "read" }))).sum).toBe(2);
  });

  test("that rests gives way where there are too many, or they are too large; none is lost by it", async () => {
    for (const limit of [{ durableActiveMax: 5 }, { durableActiveMaxBytes: 2_500 }]) {
      await using cluster = durableCluster();
      const { system } = await cluster.join("first", actors, limit);
      const refs = Array.from({ length: 20 }, (_, i) => system.ref(`account.k${i}`, ledger));
      for (const ref of refs) {
        ref.tell({ type: "add", by: 1 });
        await cluster.settled(ref.ask({ type: "read" }));
      }
      await cluster.pass(3_000);
      await cluster.settled((refs[0] as (typeof refs)[0]).ask({ type: "read" }));
      expect(system.agents.length).toBeLessThan(10);
      const all = await cluster.settled(Promise.all(refs.map((ref) => ref.ask({ type: "read" }))));
      expect(all.map(({ sum }) => sum)).toEqual(refs.map(() => 1));
    }
  });

  test("that has ended stays ended: what is told is a dead letter, what is asked is refused", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("first", actors);
    const ref = system.ref("account.ada", ledger);
    await cluster.settled(ref.deliver({ type: "end" }));
    await cluster.pass(2_000);
    ref.tell({ type: "add", by: 1 });
    const asked = rejection(ref.ask({ type: "read" }, { withinMs: 5_000 }));
    expect((await cluster.settled(asked)).code).toBe("ACTOR_STOPPED");
    const letters = await cluster.settled(system.deadLetters.list());
    expect(letters.map(({ code, type }) => ({ code, type }))).toEqual([
      { code: "ACTOR_STOPPED", type: "add" },
    ]);
  });

  test("owned by a paused node is another's meanwhile; when that wakes up it writes nothing", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("account.ada", ledger);
    await cluster.settled(ref.deliver({ type: "add", by: 1 }));
    expect((await cluster.settled(ref.ask({ type: "read" }))).sum).toBe(1);
    first.pause();
    await cluster.join("second", actors);
    for (let by = 2; by <= 10; by++) ref.tell({ type: "add", by });
    expect((await cluster.settled(ref.ask({ type: "read" }, { withinMs: 20_000 }))).sum).toBe(55);
    first.resume();
    for (let by = 11; by <= 20; by++) ref.tell({ type: "add", by });
    const { added } = await cluster.settled(ref.ask({ type: "read" }, { withinMs: 20_000 }));
    expect(added).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});

describe("a durable agent's calls", () => {
  const job = defineProtocol({
    name: "job",
    accepts: {
      start: z.object({}),
      cancel: z.object({}),
      read: question(z.object({}), z.object({ state: z.string(), result: z.string() })),
    },
  });
  interface Attempt {
    readonly key: string;
    readonly signal: AbortSignal;
    readonly done: (text: string) => void;
  }

  function jobActor(attempts: Attempt[], effect: "atLeastOnce" | "atMostOnce") {
    const machine = setup({
      types: { context: {} as { result: string }, events: {} as MessageOf<typeof job> },
      actors: {
        work: fromCall<string, { n: number }>(
          ({ key, signal }: Call<{ n: number }>) =>
            new Promise((resolve) => void attempts.push({ key, signal, done: resolve })),
          { effect },
        ),
        never: fromPromise<string>(() => new Promise(() => {})),
      },
    }).createMachine({
      id: "job",
      context: { result: "" },
      initial: "idle",
      on: {
        read: {
          actions: reply(({ context, self }) => ({
            state: String(self.getSnapshot().value),
            result: context.result,
          })),
        },
      },
      states: {
        idle: { on: { start: "working" } },
        working: {
          on: { cancel: "idle" },
          invoke: {
            src: "work",
            input: { n: 1 },
            onDone: { target: "done", actions: assign({ result: ({ event }) => event.output }) },
            onError: {
              target: "failed",
              actions: assign({ result: ({ event }) => (event.error as { code: string }).code }),
            },
          },
        },
        done: {},
        failed: {},
      },
    });
    return defineActor({ protocol: job, machine, durability: "durable" });
  }

  test("begin again after a crash under the same key, and their result counts once", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const attempts: Attempt[] = [];
    const actors = { job: jobActor(attempts, "atLeastOnce") };
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("job.one", job);
    ref.tell({ type: "start" });
    await cluster.until(() => attempts.length === 1);
    first.kill();
    await cluster.join("second", actors);
    await cluster.until(() => attempts.length === 2);
    expect(attempts[1]?.key).toBe(attempts[0]?.key);
    expect(attempts[0]?.key).toMatch(/^job\.one#/);
    attempts[1]?.done("paid");
    await cluster.pass(100);
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({ state: "done", result: "paid" });
  });

  test("made at most once are not made again: the machine is told that nobody knows", async () => {
    await using cluster = durableCluster();
    const watcher = await cluster.join("watcher", {});
    const attempts: Attempt[] = [];
    const actors = { job: jobActor(attempts, "atMostOnce") };
    const first = await cluster.join("first", actors);
    const ref = watcher.system.ref("job.one", job);
    ref.tell({ type: "start" });
    await cluster.until(() => attempts.length === 1);
    first.kill();
    await cluster.join("second", actors);
    const read = ref.ask({ type: "read" }, { withinMs: 20_000 });
    await cluster.settled(read);
    await cluster.pass(500);
    expect(await cluster.settled(ref.ask({ type: "read" }))).toEqual({
      state: "failed",
      result: "OUTCOME_UNKNOWN",
    });
    expect(attempts.length).toBe(1);
  });

  test("are aborted when the machine leaves the state, and when another node takes the agent", async () => {
    await using cluster = durableCluster();
    const attempts: Attempt[] = [];
    const actors = { job: jobActor(attempts, "atLeastOnce") };
    const first = await cluster.join("first", actors);
    const ref = first.system.ref("job.one", job);
    ref.tell({ type: "start" });
    await cluster.until(() => attempts.length === 1);
    ref.tell({ type: "cancel" });
    await cluster.until(() => attempts[0]?.signal.aborted === true);
    ref.tell({ type: "start" });
    await cluster.until(() => attempts.length === 2);
    expect(attempts[1]?.key).not.toBe(attempts[0]?.key);
    await cluster.settled(first.system.drain({ withinMs: 500 }));
    expect(attempts[1]?.signal.aborted).toBe(true);
  });
});
