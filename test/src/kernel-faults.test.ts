import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setup } from "xstate";
import { z } from "zod";
import { asking, refuse, reply, tell } from "../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type Envelope,
  inboxSubject,
  lifecycle,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../protocols/index.ts";
import { createMemoryHub, createSystem, defineActor } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { simulatedEnv } from "../support/simulated-env.ts";
import { rejection, twoNodes } from "../support/systems.ts";

const escaped: unknown[] = [];
const note = (error: unknown): void => void escaped.push(error);

/** Node reports a rejection after the microtasks, a throw in one at once. */
const dust = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  escaped.length = 0;
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});

afterEach(async () => {
  await dust();
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
  expect(escaped).toEqual([]);
});

// Lets every key pass, as a careless author's schema may.
const loose = z.looseObject({
  word: z.string().optional(),
  to: z.unknown().optional(),
}) as unknown as z.ZodObject<{ word: z.ZodOptional<z.ZodString>; to: z.ZodOptional<z.ZodUnknown> }>;

const odd = defineProtocol({
  name: "odd",
  accepts: { go: loose, ask: question(loose, z.unknown()) },
  emits: { went: z.unknown() },
});

/** An actor that does one thing with whatever comes. */
function doing(receive: (message: MessageOf<typeof odd>) => unknown) {
  return defineActor({
    protocol: odd,
    initial: () => 0 as unknown,
    receive: (_, message) => receive(message),
  });
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const pieces = defineProtocol({
  name: "pieces",
  accepts: { take: z.object({ parts: z.array(z.string()) }) },
});

describe("what is thrown ends at the cell, whatever it is", () => {
  const mute = Object.create(null) as object;
  const hostile = Object.defineProperty(new Error("x"), "message", {
    get: () => {
      throw new Error("no message for you");
    },
  });
  test.each([
    ["an object without a prototype", mute],
    ["an error whose message throws", hostile],
    ["a revoked proxy", revoked()],
    ["a symbol", Symbol("s")],
    ["undefined", undefined],
    ["an error whose message is no text", Object.assign(new Error("x"), { message: 7 })],
  ])("%s", async (_name, thrown) => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn(
      "one",
      doing(() => {
        throw thrown;
      }),
    );
    const other = await nodes.a.spawn("two", counterActor);
    const { down } = nodes.b.ref("one", odd).watch();
    await other.ask({ type: "read" });
    ref.tell({ type: "go" });
    expect(await down).toMatchObject({ kind: "failed", error: { code: "ACTOR_FAILED" } });
    expect(await other.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("a message almost as large as the transport takes, which nobody can take, becomes a dead letter and ends nothing", async () => {
    await using nodes = await twoNodes();
    const big = defineProtocol({ name: "big", accepts: { take: z.object({ text: z.string() }) } });
    const machine = setup({ types: { events: {} as MessageOf<typeof big> } }).createMachine({
      initial: "off",
      states: { off: {}, on: { on: { take: {} } } },
    });
    const ref = await nodes.a.spawn("big", defineActor({ protocol: big, machine }));
    ref.tell({ type: "take", text: "x".repeat(1_048_470) });
    await expect.poll(() => nodes.a.counts.dead).toBe(1);
    ref.tell({ type: "take", text: "small" });
    await expect.poll(() => nodes.a.counts.dead).toBe(2);
    await expect.poll(() => nodes.a.deadLetters.count()).toBe(2);
    const [letter] = await nodes.a.deadLetters.list();
    expect(letter).toMatchObject({ code: "MESSAGE_UNEXPECTED", type: "take" });
    expect(await rejection(nodes.a.deadLetters.replay(letter?.sequence ?? 0))).toMatchObject({
      code: "FRAME_MALFORMED",
    });
  });

  test("an action that rejects later fails its actor, not the process", async () => {
    await using nodes = await twoNodes();
    const machine = setup({ types: { events: {} as MessageOf<typeof counter> } }).createMachine({
      on: {
        add: {
          actions: async () => {
            await Promise.resolve();
            throw new Error("async action");
          },
        },
        lock: {},
        unlock: {},
        fail: {},
        read: {},
        total: {},
      },
    });
    const ref = await nodes.a.spawn("one", defineActor({ protocol: counter, machine }));
    const { down } = ref.watch();
    ref.tell({ type: "add", by: 1 });
    expect(await down).toMatchObject({
      kind: "failed",
      error: { message: expect.stringContaining("async action") },
    });
  });

  test("a reducer that returns a promise fails, and says what to use instead; its rejection is nobody's", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn(
      "one",
      doing(async () => {
        throw new Error("later");
      }),
    );
    const { down } = ref.watch();
    ref.tell({ type: "go" });
    expect(await down).toMatchObject({
      kind: "failed",
      error: { message: expect.stringContaining("promise") },
    });
    const initial = defineActor({
      protocol: odd,
      initial: async () => Promise.reject(new Error("later")),
      receive: (state) => state,
    });
    expect(await rejection(nodes.a.spawn("two", initial))).toMatchObject({ code: "ACTOR_FAILED" });
  });

  test("listeners, watchers and readers of reports that reject end nothing", async () => {
    const hub = createMemoryHub();
    // Typed as a plain listener, as JavaScript would let it pass.
    const fail = (() => Promise.reject(new Error("async listener"))) as unknown as () => void;
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: fail });
    const ref = await system.spawn("one", counterActor);
    ref.on("added", fail);
    const { down } = ref.watch(fail);
    ref.tell({ type: "add", by: 1 });
    ref.tell({ type: "fail", text: "boom" });
    expect(await down).toMatchObject({ kind: "failed" });
  });
});

describe("every promise settles", () => {
  const foreign = "foreign" as ActorAddress;

  async function answeredBy(
    answer: (envelope: Envelope) => Partial<Envelope> | string,
  ): Promise<{ code: string }> {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    raw.subscribe("cx.t.in.*.foreign", ({ payload, reply }) => {
      const asked = payload as Envelope;
      const given = answer(asked);
      const made: Envelope = { ...asked, kind: "reply", from: foreign, to: "", ...(given as object) };
      raw.publish(reply ?? "", typeof given === "string" ? new TextEncoder().encode(given) : made);
    });
    return rejection(system.ref("foreign", counter).ask({ type: "read" }, { withinMs: 2_000 }));
  }

  test("an ask that is refused without an error", async () => {
    expect(await answeredBy(() => ({ kind: "refusal", body: undefined }))).toMatchObject({ code: "REFUSED" });
  });

  test("an ask that is refused with an error of another shape", async () => {
    expect(await answeredBy(() => ({ kind: "refusal", body: { code: 7 } }))).toMatchObject({
      code: "REFUSED",
    });
  });

  test("an ask that is answered with bytes that are no message", async () => {
    expect(await answeredBy(() => "{no json")).toMatchObject({ code: "REPLY_INVALID" });
  });

  test("an ask that is answered with a message of another kind", async () => {
    expect(await answeredBy(() => ({ kind: "event", body: { count: 1 } }))).toMatchObject({
      code: "REPLY_INVALID",
    });
  });

  test("an ask whose reply's schema throws", async () => {
    const hub = createMemoryHub();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const make = (check: () => boolean) =>
      defineProtocol({
        name: "p",
        accepts: { ask: question(z.object({}), z.object({}).refine(check)) },
      });
    const served = make(() => true);
    const asked = make(() => {
      throw new Error("schema");
    });
    await system.spawn(
      "one",
      defineActor({
        protocol: served,
        initial: () => 0 as unknown,
        receive: (_, __, turn) => turn.reply({}),
      }),
    );
    expect(await rejection(system.ref("one", asked).ask({ type: "ask" }, { withinMs: 2_000 }))).toMatchObject(
      {
        code: "REPLY_INVALID",
      },
    );
  });

  test("a watch on an actor whose output is no plain data, from another node; the fact is published too", async () => {
    await using nodes = await twoNodes();
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      initial: "on",
      output: () => ({ when: new Date(), call: () => 1 }),
      states: { on: { on: { go: "off" } }, off: { type: "final" } },
    });
    const facts: unknown[] = [];
    nodes.b.ref("one", lifecycle).on("stopped", (fact) => void facts.push(fact));
    const ref = await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
    const { down } = nodes.b.ref("one", odd).watch();
    await new Promise((resolve) => setImmediate(resolve));
    ref.tell({ type: "go" });
    expect(await down).toMatchObject({ kind: "done" });
    await expect.poll(() => facts).toMatchObject([{ type: "stopped", kind: "done" }]);
  });

  test("an ask that is refused with details that are no plain data", async () => {
    await using nodes = await twoNodes();
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      on: { ask: { actions: refuse("because", { details: { when: new Date() } }) } },
    });
    const ref = await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
    expect(await rejection(ref.ask({ type: "ask" }, { withinMs: 1_000 }))).toMatchObject({
      code: "REFUSED",
      message: "because",
    });
  });

  test("an ask that is answered with data in a circle", async () => {
    await using nodes = await twoNodes();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      on: { ask: { actions: reply(circle) } },
    });
    const ref = await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
    expect((await rejection(ref.ask({ type: "ask" }, { withinMs: 1_000 }))).code).toMatch(/INVALID/);
  });

  test("a watch and a stop of a far actor when the own system closes", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    const { down } = nodes.b.ref("one", counter).watch();
    await ref.ask({ type: "read" });
    await nodes.b.drain();
    expect(await down).toMatchObject({ kind: "lost", reason: expect.stringContaining("closed") });
    expect(await nodes.b.ref("one", counter).watch().down).toMatchObject({ kind: "lost" });
    expect(await nodes.b.ref("one", counter).stop()).toMatchObject({ kind: "lost" });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("a stop with a reason that cannot travel", async () => {
    await using nodes = await twoNodes();
    await nodes.a.spawn("one", counterActor);
    expect(await rejection(nodes.b.ref("one", counter).stop("x".repeat(2_000_000)))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });

  test("asks in a circle, and of oneself", async () => {
    await using nodes = await twoNodes();
    const hop = defineProtocol({
      name: "hop",
      accepts: { hop: question(z.object({ path: z.array(z.string()) }), z.object({ end: z.string() })) },
    });
    // Busy while it asks, so that a circle can only end by the deadline.
    const machine = setup({
      types: { events: {} as MessageOf<typeof hop>, context: {} as { from?: MessageOf<typeof hop> } },
      actors: { ask: asking(hop, "hop") },
    }).createMachine({
      context: {},
      initial: "idle",
      states: {
        idle: { on: { hop: "asking" } },
        asking: {
          meta: { postpone: ["hop"] },
          entry: ({ context, event }) => void Object.assign(context, { from: event }),
          invoke: {
            src: "ask",
            input: ({ event }) => ({
              to: event.path[0] as ActorAddress,
              with: { path: event.path.slice(1) },
              withinMs: 5_000,
            }),
            onDone: "idle",
            onError: {
              target: "idle",
              actions: refuse(({ event }) => (event.error as { code: string }).code, {
                to: ({ context }) => context.from?.replyTo,
              }),
            },
          },
        },
      },
    });
    const hopper = defineActor({ protocol: hop, machine });
    const a = await nodes.a.spawn("a", hopper);
    await nodes.b.spawn("b", hopper);
    const ended = await Promise.all([
      rejection(a.ask({ type: "hop", path: ["b", "a", "b"] }, { withinMs: 100 })),
      rejection(nodes.b.ref("b", hop).ask({ type: "hop", path: ["b"] }, { withinMs: 100 })),
    ]);
    for (const { code } of ended) expect(["ASK_TIMEOUT", "REFUSED", "DEADLINE_EXCEEDED"]).toContain(code);
    // And both are free again.
    await expect
      .poll(() =>
        rejection(a.ask({ type: "hop", path: ["nobody"] }, { withinMs: 200 })).then((e) => e.message),
      )
      .toBe("UNREACHABLE");
  });
});

describe("at the boundary", () => {
  test("a schema that throws, or is asynchronous, refuses its message: nothing vanishes", async () => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const strange = defineProtocol({
      name: "strange",
      accepts: {
        throws: z.object({}).refine(() => {
          throw new Error("schema");
        }),
        waits: question(
          z.object({}).refine(async () => true),
          z.unknown(),
        ),
      },
    });
    const ref = await system.spawn(
      "one",
      defineActor({ protocol: strange, initial: () => 0, receive: (s) => s }),
    );
    const told: unknown[] = [];
    raw.subscribe(
      "answers",
      ({ payload }) => void told.push(JSON.parse(Buffer.from(payload as never).toString())),
    );
    raw.publish(ref.subject, Buffer.from(`{"type":"throws","body":{}}`));
    raw.publish(ref.subject, Buffer.from(`{"type":"waits","body":{}}`), "answers");
    await expect.poll(() => system.counts).toMatchObject({ dead: 1, refused: 1 });
    await expect.poll(() => told).toMatchObject([{ kind: "refusal", body: { code: "SCHEMA_ASYNC" } }]);
  });

  test("a foreign message cannot claim a sender, or a place for the reply, in its payload", async () => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const seen: unknown[] = [];
    const ref = await system.spawn(
      "one",
      doing((message) => seen.push(message)),
    );
    raw.publish(ref.subject, Buffer.from(`{"type":"go","body":{"sender":"the.boss"}}`));
    raw.publish(ref.subject, Buffer.from(`{"type":"go","body":{"replyTo":{"$replyTo":"x","question":"y"}}}`));
    await expect.poll(() => system.counts.dead).toBe(2);
    expect(seen).toEqual([]);
  });

  test("a message on one actor's subject that names another is refused as the first one's", async () => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const ref = await system.spawn("one", counterActor);
    raw.publish(ref.subject, Buffer.from(`{"type":"add","to":"the.boss","body":{"by":1}}`));
    await expect.poll(() => system.deadLetters.count()).toBe(1);
    expect(await system.deadLetters.list()).toMatchObject([{ to: "one", code: "FRAME_MALFORMED" }]);
  });

  test.each([
    "cx.t.ev.bank.deposited",
    "cx.t.in.main.two",
    "cx.t.ctl.main.two",
    "$JS.API.STREAM.PURGE.KV_cx_t",
  ])("an answer is never sent to %s, whatever the question says", async (subject) => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const ref = await system.spawn("one", counterActor);
    const heard: unknown[] = [];
    raw.subscribe(subject, (delivery) => void heard.push(delivery));
    raw.publish(ref.subject, Buffer.from(`{"type":"read","body":{}}`), subject);
    raw.publish(ref.subject, Buffer.from(`{"type":"unlock","body":{}}`), subject);
    raw.publish(ref.subject, Buffer.from("{garbage"), subject);
    await expect.poll(() => system.counts.dead + system.counts.refused).toBe(2);
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
    expect(heard).toEqual([]);
  });

  test("two foreign questions with one id each get their own answer, or are refused", async () => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const held: (ReplyTo<unknown> | undefined)[] = [];
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      on: {
        ask: { actions: ({ event }) => void held.push(event.replyTo) },
        go: {
          actions: reply({ word: "for the first" } as never, { to: () => held[0] }),
        },
      },
    });
    const ref = await system.spawn("one", defineActor({ protocol: odd, machine }));
    const told: [string, string, unknown][] = [];
    for (const name of ["first", "second"])
      raw.subscribe(name, ({ payload }) => {
        const { kind, body } = JSON.parse(Buffer.from(payload as never).toString());
        told.push([name, kind, kind === "reply" ? body : body.code]);
      });
    raw.publish(ref.subject, Buffer.from(`{"type":"ask","id":"1","body":{}}`), "first");
    raw.publish(ref.subject, Buffer.from(`{"type":"ask","id":"1","body":{}}`), "second");
    ref.tell({ type: "go" });
    await expect
      .poll(() => told)
      .toEqual([
        ["second", "refusal", "FRAME_MALFORMED"],
        ["first", "reply", { word: "for the first" }],
      ]);
  });

  test("a machine that tells or asks what is no address fails with a code that says so", async () => {
    await using nodes = await twoNodes();
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      on: { go: { actions: tell(counter, ({ event }) => event.to as ActorAddress, { type: "add", by: 1 }) } },
    });
    for (const to of ["über", "a.b.c.d.e.f.g.h.i", "", undefined, 7]) {
      const ref = await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
      const { down } = ref.watch();
      ref.tell(to === undefined ? { type: "go" } : { type: "go", to });
      expect(await down).toMatchObject({ kind: "failed", error: { code: "ADDRESS_INVALID" } });
    }
  });
});

describe("keyed questions", () => {
  const desk = defineProtocol({
    name: "desk",
    accepts: {
      ask: question(z.object({}), z.object({ word: z.string() })),
      answer: z.object({ word: z.string() }),
      open: z.object({}),
      close: z.object({}),
    },
  });
  const deskMachine = setup({
    types: { events: {} as MessageOf<typeof desk>, context: {} as { asker?: ReplyTo<{ word: string }> } },
  }).createMachine({
    context: {},
    initial: "opened",
    on: {
      answer: {
        actions: reply(({ event }) => ({ word: event.word }), {
          to: ({ context }) => context.asker,
        }),
      },
    },
    states: {
      opened: {
        on: {
          ask: { actions: ({ context, event }) => void Object.assign(context, { asker: event.replyTo }) },
          close: "closed",
        },
      },
      closed: { meta: { postpone: ["ask"] }, on: { open: "opened" } },
    },
  });
  const deskActor = defineActor({ protocol: desk, machine: deskMachine });

  test("the first to ask withdraws while it waits: those who joined get the answer, and all counts add up", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("desk", deskActor);
    ref.tell({ type: "close" });
    const stop = new AbortController();
    const first = rejection(ref.ask({ type: "ask" }, { key: "k", signal: stop.signal }));
    const second = nodes.b.ref("desk", desk).ask({ type: "ask" }, { key: "k" });
    await expect.poll(() => nodes.a.counts.handled).toBe(2);
    stop.abort();
    expect(await first).toMatchObject({ code: "CANCELLED" });
    ref.tell({ type: "open" });
    await expect.poll(() => nodes.a.counts.handled).toBe(3);
    ref.tell({ type: "answer", word: "yes" });
    expect(await second).toEqual({ word: "yes" });
    const sent = nodes.a.counts.sent + nodes.b.counts.sent;
    await expect.poll(() => nodes.a.counts.handled + nodes.a.counts.refused + nodes.a.counts.dead).toBe(sent);
  });

  test("the first to ask withdraws while it is worked on: those who joined get the answer", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("desk", deskActor);
    const stop = new AbortController();
    const first = rejection(ref.ask({ type: "ask" }, { key: "k", signal: stop.signal }));
    const second = nodes.b.ref("desk", desk).ask({ type: "ask" }, { key: "k" });
    await expect.poll(() => nodes.a.counts.handled).toBe(2);
    stop.abort();
    expect(await first).toMatchObject({ code: "CANCELLED" });
    ref.tell({ type: "answer", word: "yes" });
    expect(await second).toEqual({ word: "yes" });
  });

  test("the first one's deadline passes while it waits: those who joined and have time get the answer", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("desk", deskActor);
    ref.tell({ type: "close" });
    const first = rejection(ref.ask({ type: "ask" }, { key: "k", withinMs: 30 }));
    const second = nodes.b.ref("desk", desk).ask({ type: "ask" }, { key: "k" });
    expect(await first).toMatchObject({ code: "ASK_TIMEOUT" });
    ref.tell({ type: "open" });
    await expect.poll(() => nodes.a.counts.handled).toBe(3);
    ref.tell({ type: "answer", word: "yes" });
    expect(await second).toEqual({ word: "yes" });
    const sent = nodes.a.counts.sent + nodes.b.counts.sent;
    await expect.poll(() => nodes.a.counts.handled + nodes.a.counts.refused + nodes.a.counts.dead).toBe(sent);
  });
});

describe("facts", () => {
  test("of an actor that is done at once come in the order of its life", async () => {
    await using nodes = await twoNodes();
    const seen: string[] = [];
    for (const type of ["started", "stopped", "failed"] as const)
      nodes.b.ref("one", lifecycle).on(type, () => void seen.push(type));
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      initial: "off",
      states: { off: { type: "final" } },
    });
    await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
    await expect.poll(() => seen).toEqual(["started", "stopped"]);
  });

  test("changed is said only where the state's value has changed, in nested and parallel states too", async () => {
    await using nodes = await twoNodes({ changes: true });
    const seen: unknown[] = [];
    nodes.b.ref("one", lifecycle).on("changed", (fact) => void seen.push(fact));
    const machine = setup({ types: { events: {} as MessageOf<typeof odd> } }).createMachine({
      type: "parallel",
      states: {
        left: { initial: "a", states: { a: { on: { go: { actions: () => {} } } } } },
        right: { initial: "a", states: { a: {} } },
      },
    });
    const ref = await nodes.a.spawn("one", defineActor({ protocol: odd, machine }));
    for (let i = 0; i < 3; i++) ref.tell({ type: "go" });
    await expect.poll(() => nodes.a.counts.handled).toBe(3);
    const events = nodes.b.ref("one", lifecycle).on("stopped");
    await ref.stop();
    for await (const _ of events) break;
    expect(seen).toEqual([]);
  });
});

describe("event streams", () => {
  test("refuse a limit that is none", async () => {
    await using nodes = await twoNodes();
    for (const waitingMax of [Number.NaN, 0, -1, 1.5]) {
      expect(() => nodes.a.ref("one", counter).on("added", { waitingMax })).toThrow(/waitingMax/);
    }
  });

  test("end for all who iterate over them when they are closed", async () => {
    await using nodes = await twoNodes();
    const events = nodes.a.ref("one", counter).on("added");
    const ends = [1, 2, 3].map(async () => {
      for await (const _ of events);
      return "ended";
    });
    await dust();
    events.close();
    expect(await Promise.all(ends)).toEqual(["ended", "ended", "ended"]);
  });
});

describe("the control lane", () => {
  test("bounds the watchers of one actor, and lets unknown words and bodies pass without harm", async () => {
    const hub = createMemoryHub();
    const raw = hub.connect();
    await using system = await createSystem({ name: "t", transport: hub.connect(), onReport: () => {} });
    const ref = await system.spawn("one", counterActor);
    const downs: unknown[] = [];
    raw.subscribe("downs", ({ payload }) => void downs.push((payload as Envelope).body));
    const subject = inboxSubject("t", "ctl", "main", ref.address);
    const control = (type: string, body: unknown): void => {
      const said = { kind: "control", id: "x", from: "", to: "one", type, protocol: "", sentAtMs: 1, body };
      raw.publish(subject, said as Envelope, "downs");
    };
    for (const body of [undefined, null, 7, "x", [], { id: 7 }, { id: "y".repeat(10_000) }, {}])
      for (const type of ["watch", "unwatch", "cancel", "explode", ""]) control(type, body);
    raw.publish(subject, Buffer.from("garbage"), "downs");
    for (let i = 0; i < 10_001; i++) control("watch", { id: `w${i}` });
    await expect.poll(() => downs.length).toBe(1);
    expect(downs).toMatchObject([{ kind: "lost", reason: expect.stringContaining("10000") }]);
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
  });

  test("forgets the watchers of a node that is gone", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("one", counterActor);
    for (let i = 0; i < 50; i++) nodes.b.ref("one", counter).watch();
    await nodes.b.ref("one", counter).ask({ type: "read" });
    await nodes.b.drain();
    await expect.poll(() => nodes.a.nodes.length).toBe(1);
    const told = nodes.reports.length;
    await ref.stop();
    expect(nodes.reports.slice(told)).toEqual([]);
  });
});

test("a system that could not be created leaves nothing behind on a transport that was given", async () => {
  const hub = createMemoryHub();
  await using _first = await createSystem({ name: "t", node: "same", transport: hub.connect() });
  const given = hub.connect();
  const counts = { open: 0 };
  const watched = {
    ...given,
    name: given.name,
    payloadMaxBytes: given.payloadMaxBytes,
    url: given.url,
    connected: true,
    store: given.store,
    publish: given.publish.bind(given),
    flush: given.flush.bind(given),
    drain: given.drain.bind(given),
    close: given.close.bind(given),
    subscribe: (...args: Parameters<typeof given.subscribe>) => {
      const subscription = given.subscribe(...args);
      counts.open++;
      return {
        close: () => {
          counts.open--;
          subscription.close();
        },
        drain: async () => {
          counts.open--;
          await subscription.drain();
        },
      };
    },
    onEvent: (...args: Parameters<typeof given.onEvent>) => {
      const off = given.onEvent(...args);
      counts.open++;
      return () => {
        counts.open--;
        off();
      };
    },
  };
  expect(await rejection(createSystem({ name: "t", node: "same", transport: watched }))).toMatchObject({
    code: "ADDRESS_TAKEN",
  });
  expect(counts.open).toBe(0);
  const second = await createSystem({ name: "t", node: "other", transport: watched });
  await second.spawn("one", counterActor);
  await second.drain();
  await expect.poll(() => counts.open).toBe(0);
  await given.close();
});

test("what was told is not kept in memory for longer than the server takes to say that nobody listened", async () => {
  const env = simulatedEnv();
  const hub = createMemoryHub({ env });
  const opening = createSystem({ name: "t", transport: hub.connect(), env, onReport: () => {} });
  for (let i = 0; i < 10; i++) {
    env.settle();
    await dust();
  }
  const system = await opening;
  const bodies: WeakRef<object>[] = [];
  for (let i = 0; i < 50; i++) {
    const parts = [`part ${i}`];
    bodies.push(new WeakRef(parts));
    system.ref("far", pieces).tell({ type: "take", parts });
  }
  for (let i = 0; i < 30; i++) {
    env.advance(1_000);
    await dust();
  }
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  // The last one may still lie on the stack.
  expect(bodies.filter((body) => body.deref() !== undefined).length).toBeLessThan(3);
  const closing = system.drain();
  for (let i = 0; i < 10; i++) {
    env.advance(10);
    await dust();
  }
  await closing;
});
