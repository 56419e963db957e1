import { describe, expect, test } from "vitest";
import { assign, createMachine, emit, fromPromise, setup } from "xstate";
import { z } from "zod";
import { refuse, reply, tell } from "../../../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  encodeEnvelopeJson,
  eventSubject,
  type MessageId,
  type MessageOf,
  question,
  type ReplyTo,
  work,
} from "../../../../protocols/index.ts";
import { createMemoryHub, createSystem } from "../../../../src/index.ts";
import { killedBy, mutantsOf, type Path, pathsOf } from "../../../../src/testing/model/index.ts";
import { testServer } from "../../../support/nats-server.ts";

const booking = defineProtocol({
  name: "booking",
  accepts: {
    book: question(z.object({ seats: z.number().int().min(1) }), z.object({ ok: z.boolean() })),
    forget: z.object({}),
  },
  emits: { booked: z.object({ seats: z.number() }) },
});

/** Books seats, one order at a time, and gives up on a booking that takes too long. */
const bookingMachine = setup({
  types: {
    context: {} as { left: number; seats: number; asker: ReplyTo<{ ok: boolean }> | undefined },
    events: {} as MessageOf<typeof booking>,
    emitted: {} as { type: "booked"; seats: number },
  },
  actors: { reserve: fromPromise(async () => true) },
  actions: { ring: () => {} },
  guards: { tooMany: ({ context, event }) => event.type === "book" && event.seats > context.left },
}).createMachine({
  id: "booking",
  context: { left: 5, seats: 0, asker: undefined },
  initial: "open",
  states: {
    open: {
      on: {
        book: [
          { guard: "tooMany", actions: refuse("too many") },
          {
            target: "reserving",
            actions: assign({ seats: ({ event }) => event.seats, asker: ({ event }) => event.replyTo }),
          },
        ],
        forget: { actions: ["ring", tell(work, "desk" as ActorAddress, { type: "work", task: "tidy" })] },
      },
    },
    reserving: {
      meta: { postpone: ["forget"] },
      invoke: {
        src: "reserve",
        onDone: {
          target: "open",
          actions: [
            assign({ left: ({ context }) => context.left - context.seats }),
            emit(({ context }) => ({ type: "booked", seats: context.seats })),
            reply({ ok: true } as never, { to: ({ context }) => context.asker }),
          ],
        },
        onError: {
          target: "open",
          actions: reply({ ok: false } as never, { to: ({ context }) => context.asker }),
        },
      },
      after: {
        1000: { target: "open", actions: refuse("too slow", { to: ({ context }) => context.asker }) },
      },
    },
  },
});
const payloads = { book: [{ seats: 2 }, { seats: 6 }] };
const options = { protocol: booking, payloads };
const paths = pathsOf(bookingMachine, options);

describe("the paths of a machine", () => {
  test("are few, and their names say what happens", () => {
    expect(paths.map(({ name }) => name)).toEqual([
      "booking: takes book {seats: 2}, reserve is done, takes book {seats: 6}, takes forget, takes book {seats: 2}, reserve fails, takes book {seats: 2}, after 1000 ms, and is open",
    ]);
  });

  test("take every state and transition, and every guard both ways", () => {
    const parts = new Set(paths.flatMap((path) => [...path.parts]));
    expect([...parts].sort()).toEqual([
      "booking.open: book (1)",
      "booking.open: book (1) guard false",
      "booking.open: book (1) guard true",
      "booking.open: book (2)",
      "booking.open: forget",
      "booking.reserving: xstate.after.1000.booking.reserving",
      "booking.reserving: xstate.done.actor.0.booking.reserving",
      "booking.reserving: xstate.error.actor.0.booking.reserving",
      "state booking.open",
      "state booking.reserving",
    ]);
  });

  test("are as long as they may be", () => {
    const short = pathsOf(bookingMachine, { ...options, stepsMax: 3 });
    expect(short.map(({ steps }) => steps.length)).toEqual([3, 3, 2]);
    expect(new Set(short.flatMap((path) => [...path.parts])).size).toBe(10);
    expect(pathsOf(bookingMachine, { ...options, stepsMax: 3, pathsMax: 1 })).toHaveLength(1);
  });

  test("go through each event of each moment if they are to cover the model", () => {
    const all = pathsOf(bookingMachine, { ...options, cover: "model" });
    const steps = (some: readonly Path[]): number => some.reduce((sum, path) => sum + path.steps.length, 0);
    expect(steps(all)).toBeGreaterThan(2 * steps(paths));
  });

  test("have different names, also where they look alike", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: { on: { go: [{ guard: ({ event }) => event.deep.n > 1, target: "b" }, { target: "b" }] } },
        b: {},
      },
    });
    const alike = { payloads: { go: [{ deep: { n: 1 } }, { deep: { n: 2 } }] }, stepsMax: 1 };
    expect(pathsOf(machine, alike).map(({ name }) => name)).toEqual([
      "(machine): takes go {deep: {…}}, and is b",
      "(machine): takes go {deep: {…}}, and is b (2)",
    ]);
  });

  test("begin with what shows most", () => {
    const refusedFirst = { protocol: booking, payloads: { book: [{ seats: 6 }, { seats: 2 }] } };
    const [path] = pathsOf(bookingMachine, refusedFirst);
    expect(path?.steps[0]?.name).toBe("book {seats: 2}");
  });

  test("take what they are to take also where moments count as one that are not", async () => {
    // Two ways into b that a coarse key does not tell apart; only after the first the guard holds.
    const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
      id: "m",
      context: { n: 0 },
      initial: "a",
      states: {
        a: {
          on: {
            x: { target: "b", actions: assign({ n: 1 }) },
            y: { guard: () => true, target: "b", actions: assign({ n: 0 }) },
          },
        },
        b: { on: { go: { guard: ({ context }) => context.n > 0, target: "c" } } },
        c: {},
      },
    });
    const coarse = pathsOf(machine, { stateKey: ({ value }) => value });
    expect(new Set(coarse.flatMap((path) => [...path.parts]))).toContain("state m.c");
    for (const path of coarse) await path.run();
  });

  test("of a machine that does nothing is its start", async () => {
    const [path, ...more] = pathsOf(createMachine({ id: "stone" }));
    expect([path?.name, more]).toEqual(["stone: starts, and goes on", []]);
    await path?.run();
  });
});

describe("a path", () => {
  test("is gone without a runtime, in memory, and over NATS", async () => {
    await using server = await testServer();
    await using system = await createSystem({ name: "paths", servers: server.url });
    for (const path of paths) {
      await path.run();
      await path.run({ on: "memory" });
      await path.run({ on: system });
    }
  });

  test.each(["without", "in"])("finds each mutant of its machine %s a runtime", async (where) => {
    const survived: string[] = [];
    for (const { name, machine } of mutantsOf(bookingMachine)) {
      const how = where === "in" ? ({ on: "memory", machine } as const) : { machine };
      const results = await Promise.allSettled(paths.map((path) => path.run(how)));
      if (results.every(({ status }) => status === "fulfilled")) survived.push(name);
    }
    expect(survived).toEqual([]);
  });

  test("says at which step what was different", async () => {
    const [mutant] = mutantsOf(bookingMachine).filter(
      ({ name }) => name === "booking.reserving: reserve onDone without its actions",
    );
    const failing = paths[0]?.run({ machine: mutant?.machine as never });
    await expect(failing).rejects.toThrow(
      /^At step 2 \(reserve is done\): expected to be said .*"type":"booked".*, got (?!.*booked)/,
    );
  });

  test("checks what it is given to check, at every moment", async () => {
    const check = ({ snapshot }: { snapshot: { context: unknown } }): void => {
      const { left } = snapshot.context as { left: number };
      if (left < 5) throw new Error(`only ${left} left`);
    };
    const checked = pathsOf(bookingMachine, { ...options, check });
    await expect(checked[0]?.run()).rejects.toThrow("only 3 left");
    await expect(checked[0]?.run({ on: "memory" })).rejects.toThrow("only 3 left");
  });

  test("finds a machine that does not repeat itself", async () => {
    let times = 0;
    const machine = createMachine({
      context: { n: 0 },
      on: { go: { actions: assign({ n: () => times++ }) } },
    });
    const [path] = pathsOf(machine, { stateKey: () => "" });
    await expect(path?.run()).rejects.toThrow(
      /^At step 1 \(go\): expected context \{"n":\d\}, got \{"n":\d\}$/,
    );
  });

  test("compares what a machine ends with", async () => {
    const ending = (output: string) =>
      createMachine({ initial: "a", states: { a: { on: { end: "b" } }, b: { type: "final" } }, output });
    const [path] = pathsOf(ending("well"));
    await path?.run();
    await expect(path?.run({ machine: ending("badly") })).rejects.toThrow(
      'expected output "well", got "badly"',
    );
  });

  test("needs a protocol to run on a system", async () => {
    const [path] = pathsOf(createMachine({ on: { go: {} } }));
    await expect(path?.run({ on: "memory" })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  test("in a system finds what only a system does: a reply that does not survive the way", async () => {
    const protocol = defineProtocol({
      name: "p",
      accepts: { ask: question(z.object({}), z.object({ n: z.unknown() })) },
    });
    const machine = createMachine({ on: { ask: { actions: reply({ n: undefined } as never) as never } } });
    const [path] = pathsOf(machine, { protocol });
    await path?.run();
    await expect(path?.run({ on: "memory" })).rejects.toThrow(
      /expected the reply to arrive, got .*n: Invalid input/,
    );
  });

  test("in a system finds what cannot travel", async () => {
    const protocol = defineProtocol({
      name: "p",
      accepts: { go: z.object({}) },
      emits: { went: z.object({ at: z.unknown() }) },
    });
    const machine = createMachine({ on: { go: { actions: emit({ type: "went", at: new Date(0) }) } } });
    const [path] = pathsOf(machine, { protocol });
    await expect(path?.run({ on: "memory" })).rejects.toThrow("Expected plain data, got a Date");
  });

  test.each([
    [2, "Expected no more booked at the end of the path"],
    [9, "expected booked to arrive as it was emitted"],
  ])("in a system finds an event that another one emits in its name: %i seats", async (seats, message) => {
    const hub = createMemoryHub();
    await using system = await createSystem({ name: "paths", transport: hub.connect() });
    const from = "desk" as ActorAddress;
    const stranger = hub.connect();
    const event = {
      id: "e1" as MessageId,
      from,
      to: "" as const,
      type: "booked",
      protocol: booking.tag,
      sentAtMs: 0,
    };
    const bytes = encodeEnvelopeJson({ kind: "event", ...event, body: { seats } });
    let said = false;
    const settle = (): void => {
      if (!said) stranger.publish(eventSubject("paths", from, "booked"), bytes);
      said = true;
    };
    await expect(paths[0]?.run({ on: system, address: from, settle })).rejects.toThrow(message);
    await stranger.close();
  });
});

describe("mutants", () => {
  test("have each one fault, and names that say which", () => {
    const mutants = mutantsOf(bookingMachine);
    expect(mutants.map(({ name }) => name)).toEqual([
      "booking.open: book (1) without its guard",
      "booking.open: book (1) after the next",
      "booking.open: book (1) without its actions",
      "booking.open: book (1) is missing",
      "booking.open: book (2) leads to open",
      "booking.open: book (2) without its actions",
      "booking.open: book (2) is missing",
      "booking.open: forget without its actions",
      "booking.open: forget is missing",
      "booking.reserving: after 1000 leads to reserving",
      "booking.reserving: after 1000 without its actions",
      "booking.reserving: after 1000 is missing",
      "booking.reserving: reserve onDone leads to reserving",
      "booking.reserving: reserve onDone without its actions",
      "booking.reserving: reserve onDone is missing",
      "booking.reserving: reserve onError leads to reserving",
      "booking.reserving: reserve onError without its actions",
      "booking.reserving: reserve onError is missing",
    ]);
  });

  test("that no path tells from the machine are named, with the share of the others", async () => {
    const half = pathsOf(bookingMachine, { ...options, stepsMax: 2, pathsMax: 1 });
    const { share, survived } = await killedBy(half);
    expect(share).toBeCloseTo(7 / 18);
    expect(survived.map(({ name }) => name)).toContain("booking.open: forget is missing");
  });
});
