import { describe, expect, test, vi } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { asking, fromCall, refuse, reply, tell } from "../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  lifecycle,
  type MessageOf,
  nodeLifecycle,
  question,
  type ReplyTo,
} from "../../protocols/index.ts";
import { createMemoryHub, createSystem, defineActor } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { rejection, twoNodes } from "../support/systems.ts";

const asker = defineProtocol({
  name: "asker",
  accepts: {
    copy: question(z.object({ from: z.string() }), z.object({ count: z.number() })),
    give: z.object({ to: z.string(), by: z.number() }),
    hold: question(z.object({}), z.object({ word: z.string() })),
    release: z.object({ word: z.string() }),
    deny: question(z.object({}), z.object({})),
    slow: question(z.object({}), z.object({})),
    twist: question(z.object({}), z.object({ must: z.string() })),
    finish: z.object({}),
  },
});

const slowCalls: { aborted: unknown; started: number } = { aborted: undefined, started: 0 };

const askerMachine = setup({
  types: {
    context: {} as { held?: ReplyTo<{ word: string }>; slow?: ReplyTo },
    events: {} as MessageOf<typeof asker>,
  },
  actors: {
    read: asking(counter, "read"),
    wait: fromCall<void>(({ signal }) => {
      slowCalls.started++;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          slowCalls.aborted = signal.reason;
          reject(signal.reason);
        }),
      );
    }),
  },
}).createMachine({
  id: "asker",
  context: {},
  initial: "idle",
  states: {
    idle: {
      on: {
        copy: "copying",
        give: {
          actions: tell(
            counter,
            ({ event }) => event.to as ActorAddress,
            ({ event }) => ({ type: "add", by: event.by }),
          ),
        },
        hold: {
          actions: assign(({ event }) => (event.replyTo === undefined ? {} : { held: event.replyTo })),
        },
        release: {
          actions: reply(({ event }) => ({ word: event.word }), { to: ({ context }) => context.held }),
        },
        deny: { actions: refuse("not on Sundays") },
        slow: { target: "waiting" },
        twist: { actions: reply({ must: 7 } as never) },
        finish: "finished",
      },
    },
    copying: {
      entry: assign(({ event }) => ({ slow: (event as { replyTo?: ReplyTo }).replyTo }) as never),
      invoke: {
        src: "read",
        input: ({ event }) => ({
          to: (event as { from: string }).from as ActorAddress,
          with: {},
          withinMs: 1_000,
        }),
        onDone: {
          target: "idle",
          actions: reply(({ event }) => event.output as never, { to: ({ context }) => context.slow }),
        },
        onError: {
          target: "idle",
          actions: refuse(({ event }) => (event.error as { code: string }).code, {
            to: ({ context }) => context.slow,
          }),
        },
      },
    },
    waiting: { invoke: { src: "wait", onError: "idle", onDone: "idle" } },
    finished: { type: "final" },
  },
});
const askerActor = defineActor({ protocol: asker, machine: askerMachine });

describe("telling and asking", () => {
  test("messages arrive in call order, across nodes, and the reply is typed", async () => {
    await using nodes = await twoNodes();
    await nodes.a.spawn("shop.counter", counterActor, { input: { from: 10 } });
    const ref = nodes.b.ref("shop.counter", counter);
    for (let by = 1; by <= 100; by++) ref.tell({ type: "add", by });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 5_060 });
  });

  test("deliver resolves with the message's id once the broker has it", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    expect(await ref.deliver({ type: "add", by: 1 })).toMatch(/^[A-Za-z0-9]+-/);
  });

  test("a payload that does not fit is refused at the sender, quoting what came", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    expect(() => ref.tell({ type: "add", by: "7" as never })).toThrow(/MESSAGE|by.*"7"/);
    expect(() => ref.tell({ type: "nope" } as never)).toThrow(/add, lock, unlock/);
  });

  test("a machine replies later, from a kept replyTo", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const held = ref.ask({ type: "hold" });
    ref.tell({ type: "release", word: "now" });
    expect(await held).toEqual({ word: "now" });
  });

  test("a machine tells and asks other actors, and is refused with their code", async () => {
    await using nodes = await twoNodes();
    await nodes.b.spawn("bank", counterActor);
    const ref = await nodes.a.spawn("asker", askerActor);
    ref.tell({ type: "give", to: "bank", by: 5 });
    await expect.poll(() => ref.ask({ type: "copy", from: "bank" })).toEqual({ count: 5 });
    expect(await rejection(ref.ask({ type: "copy", from: "nobody" }))).toMatchObject({
      code: "REFUSED",
      message: "UNREACHABLE",
    });
  });

  test("refusals, wrong replies, and addresses where nobody is are told apart by code", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker.one", askerActor);
    expect(await rejection(ref.ask({ type: "deny" }))).toMatchObject({
      code: "REFUSED",
      message: "not on Sundays",
    });
    expect(await rejection(nodes.b.ref("asker.two", asker).ask({ type: "deny" }))).toMatchObject({
      code: "ADDRESS_UNKNOWN",
    });
    expect(await rejection(nodes.b.ref("elsewhere", asker).ask({ type: "deny" }))).toMatchObject({
      code: "UNREACHABLE",
    });
    expect(await rejection(nodes.b.ref("asker.one", counter).ask({ type: "read" }))).toMatchObject({
      code: "PROTOCOL_UNKNOWN",
    });
    expect(await rejection(ref.ask({ type: "twist" }))).toMatchObject({ code: "REPLY_INVALID" });
  });

  test("an ask nobody answers ends with ASK_TIMEOUT, and says that the outcome is unknown", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    expect(await rejection(ref.ask({ type: "hold" }, { withinMs: 50 }))).toMatchObject({
      code: "ASK_TIMEOUT",
      message: expect.stringContaining("unknown"),
    });
  });

  test("asks with one key share one answer, within the window", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const both = [
      ref.ask({ type: "hold" }, { key: "k" }),
      nodes.b.ref("asker", asker).ask({ type: "hold" }, { key: "k" }),
    ];
    ref.tell({ type: "release", word: "first" });
    expect(await Promise.all(both)).toEqual([{ word: "first" }, { word: "first" }]);
    expect(await ref.ask({ type: "hold" }, { key: "k" })).toEqual({ word: "first" });
  });

  test("cancelling an ask aborts the signal of the call it caused, on the other node", async () => {
    await using nodes = await twoNodes();
    await nodes.a.spawn("asker", askerActor);
    const started = slowCalls.started;
    const stop = new AbortController();
    const asked = rejection(nodes.b.ref("asker", asker).ask({ type: "slow" }, { signal: stop.signal }));
    await expect.poll(() => slowCalls.started).toBe(started + 1);
    stop.abort("changed my mind");
    expect(await asked).toMatchObject({ code: "CANCELLED" });
    await expect.poll(() => (slowCalls.aborted as { code?: string } | undefined)?.code).toBe("CANCELLED");
  });
});

describe("what a machine cannot take", () => {
  test("in its present state is refused, not lost: an ask with a code, a tell as a dead letter", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "unlock" });
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(1);
    const [letter] = await nodes.b.deadLetters.list();
    expect(letter).toMatchObject({ code: "MESSAGE_UNEXPECTED", to: "one", type: "unlock" });
  });

  test("but postpones waits until the state changes, and then comes first", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "lock" });
    ref.tell({ type: "add", by: 1 });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
    ref.tell({ type: "unlock" });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 1 });
  });

  test("a dead letter is sent again by replay, and is gone from the list", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "unlock" });
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(1);
    ref.tell({ type: "lock" });
    const [letter] = await nodes.a.deadLetters.list();
    await nodes.b.deadLetters.replay(letter?.sequence ?? 0);
    ref.tell({ type: "add", by: 1 });
    await expect.poll(() => ref.ask({ type: "read" })).toEqual({ count: 1 });
    expect(await nodes.a.deadLetters.count()).toBe(0);
  });

  test("what a machine sends names the message that caused it, and the first of the whole chain", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const cause = ref.tell({ type: "give", to: "nobody.there", by: 1 });
    await expect.poll(() => nodes.b.deadLetters.count()).toBe(1);
    const [letter] = await nodes.b.deadLetters.list();
    expect(letter?.chain).toEqual({ id: expect.any(String), causationId: cause, correlationId: cause });
  });

  test("a message told to nobody becomes a dead letter of its sender", async () => {
    await using nodes = await twoNodes();
    nodes.b.ref("nobody.here", counter).tell({ type: "add", by: 3 });
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(1);
    expect((await nodes.a.deadLetters.list())[0]).toMatchObject({ code: "UNREACHABLE", node: "b" });
  });
});

describe("how an actor ends", () => {
  test("a throw ends at the cell: one typed down with the error, the process and its neighbours live on", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("crew.one", counterActor);
    const other = await nodes.a.spawn("crew.two", counterActor);
    const { down } = nodes.b.ref("crew.one", counter).watch();
    await vi.waitFor(async () => expect(await ref.ask({ type: "read" })).toBeDefined());
    ref.tell({ type: "fail", text: "boom" });
    expect(await down).toMatchObject({
      kind: "failed",
      error: { code: "ACTOR_FAILED", message: expect.stringContaining("boom") },
    });
    expect(await other.ask({ type: "read" })).toEqual({ count: 0 });
    expect(await rejection(ref.ask({ type: "read" }))).toMatchObject({ code: "ADDRESS_UNKNOWN" });
  });

  test("a question that is open when its actor fails is answered with NO_REPLY", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const held = rejection(ref.ask({ type: "hold" }));
    await expect.poll(() => nodes.a.counts.handled).toBe(1);
    expect(await ref.stop("enough")).toEqual({ kind: "stopped", reason: "enough" });
    expect(await held).toMatchObject({ code: "NO_REPLY" });
  });

  test("a machine in its final state is done", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const { down } = ref.watch();
    ref.tell({ type: "finish" });
    expect(await down).toMatchObject({ kind: "done" });
  });

  test("stop overtakes waiting work, which becomes dead letters", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "lock" });
    for (let i = 0; i < 10; i++) ref.tell({ type: "add", by: 1 });
    await ref.ask({ type: "read" });
    await ref.stop();
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(10);
  });

  test("watching where nobody lives, or a node that left, ends as lost", async () => {
    await using nodes = await twoNodes();
    expect(await nodes.a.ref("nobody", counter).watch().down).toMatchObject({ kind: "lost" });
    const ref = await nodes.b.spawn("one", counterActor);
    const { down } = nodes.a.ref("one", counter).watch();
    await ref.ask({ type: "read" });
    await nodes.b.drain();
    expect((await down).kind).toBe("stopped");
  });
});

describe("names", () => {
  test("one live actor an address, system-wide; a stopped one frees it", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("crew.one", counterActor);
    expect(await rejection(nodes.a.spawn("crew.one", counterActor))).toMatchObject({ code: "ADDRESS_TAKEN" });
    expect(await rejection(nodes.b.spawn("crew.two", counterActor))).toMatchObject({ code: "ADDRESS_TAKEN" });
    await ref.stop();
    await expect
      .poll(() =>
        nodes.b.spawn("crew.two", counterActor).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  test("a node name in use is refused", async () => {
    const hub = createMemoryHub();
    await using first = await createSystem({ name: "t", node: "same", transport: hub.connect() });
    const second = createSystem({ name: "t", node: "same", transport: hub.connect() });
    expect(await rejection(second)).toMatchObject({ code: "ADDRESS_TAKEN" });
    expect(first.nodes).toHaveLength(1);
  });
});

describe("events", () => {
  test("what a machine emits reaches listeners and iterators on other nodes, checked", async () => {
    await using nodes = await twoNodes();
    const ref = nodes.b.ref("one", counter);
    const seen: number[] = [];
    using _listening = ref.on("added", (event) => void seen.push(event.count));
    const events = ref.on("added");
    await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "add", by: 1 });
    ref.tell({ type: "add", by: 1 });
    const iterated: number[] = [];
    for await (const event of events) if (iterated.push(event.count) === 2) break;
    expect(iterated).toEqual([1, 2]);
    expect(seen).toEqual([1, 2]);
  });

  test("a listener that throws disturbs nobody and is reported", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    using _listening = ref.on("added", () => {
      throw new Error("listener");
    });
    ref.tell({ type: "add", by: 1 });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 1 });
    await expect
      .poll(() => nodes.reports.some((report) => String(report.error).includes("listener")))
      .toBe(true);
  });
});

test("drain lets waiting work end, reports, and later calls are refused", async () => {
  const system = await createSystem({ name: "t", transport: "memory" });
  const ref = await system.spawn("one", counterActor);
  for (let i = 0; i < 500; i++) ref.tell({ type: "add", by: 1 });
  const report = await system.drain();
  expect(report.unfinished).toEqual([]);
  expect(report.counts.handled).toBe(500);
  expect(() => ref.tell({ type: "add", by: 1 })).toThrow(/closed/);
  expect(await rejection(system.spawn("two", counterActor))).toMatchObject({ code: "SYSTEM_CLOSED" });
});

describe("facts", () => {
  test("of an actor's life and of nodes are typed events like any other", async () => {
    await using nodes = await twoNodes({ changes: true });
    const facts = nodes.b.ref("one", lifecycle);
    const seen: unknown[] = [];
    const note = (event: unknown): void => void seen.push(event);
    for (const type of ["started", "changed", "refused", "failed", "stopped"] as const) facts.on(type, note);
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "lock" });
    ref.tell({ type: "lock" });
    ref.tell({ type: "fail", text: "boom" });
    await expect
      .poll(() => seen)
      .toMatchObject([
        { type: "started", address: "one", protocol: "counter@1.2", node: "a" },
        { type: "changed", value: "locked", from: "open" },
        { type: "refused", code: "MESSAGE_UNEXPECTED" },
        { type: "refused", code: "ACTOR_FAILED" },
        { type: "failed", error: { code: "ACTOR_FAILED" } },
      ]);
    const downs: unknown[] = [];
    nodes.b.ref("node-b", nodeLifecycle).on("nodeDown", (event) => void downs.push(event));
    await nodes.a.drain();
    await expect.poll(() => downs).toEqual([{ type: "nodeDown", node: "a", reason: "left" }]);
  });
});

describe("deadlines", () => {
  test("a message whose deadline passes while it waits never runs: its asker and the dead letters know", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    ref.tell({ type: "lock" });
    ref.tell({ type: "add", by: 1 }, { withinMs: 20 });
    await ref.ask({ type: "read" });
    await vi.waitFor(() => expect(performance.now() - nodes.startedMs).toBeGreaterThan(40));
    ref.tell({ type: "unlock" });
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(1);
    expect((await nodes.a.deadLetters.list())[0]).toMatchObject({ code: "DEADLINE_EXCEEDED", type: "add" });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("effects of a turn that outlasted its deadline are withheld, and said to be", async () => {
    await using nodes = await twoNodes();
    const slow = defineProtocol({ name: "slow", accepts: { spend: z.object({ to: z.string() }) } });
    const definition = defineActor({
      protocol: slow,
      initial: () => 0,
      receive: (turns, message, turn) => {
        turn.tell(counter, message.to as ActorAddress, { type: "add", by: 1 });
        const untilMs = performance.now() + 30;
        while (performance.now() < untilMs);
        return turns + 1;
      },
    });
    const bank = await nodes.a.spawn("bank", counterActor);
    const ref = await nodes.a.spawn("slow", definition);
    ref.tell({ type: "spend", to: "bank" }, { withinMs: 20 });
    await expect.poll(() => nodes.reports.some((report) => report.message.includes("withheld"))).toBe(true);
    expect(await bank.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("a machine's own ask waits no longer than the question it works for", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("asker", askerActor);
    const silent = await nodes.a.spawn("silent", silentCounter);
    const asked = rejection(ref.ask({ type: "copy", from: "silent" }, { withinMs: 60 }));
    expect((await asked).code).toMatch(/ASK_TIMEOUT|REFUSED/);
    await silent.stop();
    // The machine is free again long before its own second is over.
    await expect
      .poll(() => ref.ask({ type: "deny" }).catch((error) => error.code), { timeout: 700 })
      .toBe("REFUSED");
  });
});

const silentCounter = defineActor({ protocol: counter, initial: () => 0, receive: (state) => state });
