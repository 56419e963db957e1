import { describe, expect, test } from "vitest";
import {
  type AnyStateMachine,
  assign,
  createMachine,
  emit,
  fromCallback,
  fromPromise,
  raise,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { z } from "zod";
import { reply, stopSelf } from "../../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import { type MachineModel, machineModel } from "../../../../src/testing/model/index.ts";
import { stateText } from "../../../../src/testing/model/sentence.ts";

/** The states a model found. */
function statesOf({ graph }: MachineModel): string[] {
  return [...new Set([...graph.places].map(({ state }) => stateText(state.snapshot.value)))];
}

/** What may happen in the first moment in a state, by event type. */
function eventsIn({ graph }: MachineModel, value: string): string[] {
  const place = [...graph.places].find(({ state }) => stateText(state.snapshot.value) === value);
  return [...new Set(place?.ways.map(({ occurrence }) => occurrence.event.type))];
}

function missingOf(model: MachineModel): Record<string, string> {
  return Object.fromEntries(model.missing.map(({ id, reason }) => [id, reason]));
}

describe("what may happen to a machine", () => {
  test("is each end of a call: done, failed, and not yet", () => {
    const machine = setup({ actors: { fetch: fromPromise(async () => 1) } }).createMachine({
      initial: "asking",
      states: {
        asking: {
          invoke: { src: "fetch", onDone: "answered", onError: "refused" },
          after: { 1000: "late" },
        },
        answered: { type: "final" },
        refused: { type: "final" },
        late: {},
      },
    });
    const model = machineModel(machine);
    expect(statesOf(model)).toEqual(["asking", "answered", "refused", "late"]);
    expect(model.missing).toEqual([]);
  });

  test("is a failure nobody handles: the machine fails with it", () => {
    const machine = createMachine({ invoke: { src: fromPromise(async () => 1) } });
    const ends = [...machineModel(machine).graph.places].map(({ state }) => state.snapshot.status);
    expect(ends).toContain("error");
  });

  test("is what a callback sends, of the types it is given payloads for", () => {
    const machine = setup({ actors: { ear: fromCallback(() => {}) } }).createMachine({
      initial: "a",
      invoke: { src: "ear" },
      states: { a: { on: { heard: { target: "b", guard: ({ event }) => event.loud } } }, b: {} },
    });
    const protocol = defineProtocol({ name: "deaf", accepts: {} });
    const without = machineModel(machine, { protocol });
    expect(statesOf(without)).toEqual(["a"]);
    expect(without.notes).toEqual(["Nothing says heard, which the machine takes: give payloads for it"]);
    expect(missingOf(without)["(machine).a: heard"]).toBe("nothing says heard: give payloads for it");
    const given = machineModel(machine, { protocol, payloads: { heard: [{ loud: true }] } });
    expect(statesOf(given)).toEqual(["a", "b"]);
  });

  test("is no message that the state postpones", () => {
    const protocol = defineProtocol({ name: "p", accepts: { go: z.object({}), other: z.object({}) } });
    const machine = createMachine({
      initial: "busy",
      on: { go: {}, other: {} },
      states: { busy: { meta: { postpone: ["go"] } } },
    });
    expect(eventsIn(machineModel(machine, { protocol }), "busy")).toEqual(["other"]);
  });

  test("is the shorter of two timers set together, and then the longer", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: { after: { 100: "b", 200: "never" } },
        b: { entry: raise({ type: "late" }, { delay: 300 }), after: { 200: "c" }, on: { late: "never" } },
        c: { on: { late: "d" } },
        d: {},
        never: {},
      },
    });
    const model = machineModel(machine, { protocol: defineProtocol({ name: "p", accepts: {} }) });
    expect(statesOf(model)).toEqual(["a", "b", "c", "d"]);
    expect(missingOf(model)).toMatchObject({
      "(machine).a: xstate.after.200.(machine).a": "its timer never goes off",
      "state (machine).never": "nothing leads there",
    });
  });

  test("is an earlier, longer timer before or after a later, shorter one", () => {
    const machine = createMachine({
      initial: "a",
      entry: raise({ type: "long" }, { delay: 1_000, id: "long" }),
      on: { long: ".first" },
      states: { a: { on: { go: "b" } }, b: { after: { 10: "second" } }, first: {}, second: {} },
    });
    const accepts = { go: z.object({}) };
    const model = machineModel(machine, { protocol: defineProtocol({ name: "p", accepts }) });
    expect(statesOf(model)).toEqual(["a", "b", "first", "second"]);
    expect(eventsIn(model, "b")).toEqual(["xstate.after.10.(machine).b", "long"].reverse());
  });

  test("is no timer that was cancelled by leaving its state", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { after: { 10: "c" }, on: { go: "b" } }, b: {}, c: {} },
    });
    expect(eventsIn(machineModel(machine), "b")).toEqual([]);
  });

  test("is being asked to end, and the end of what it started, where it takes them", () => {
    const machine = createMachine({
      initial: "up",
      states: {
        up: { on: { "coxswain.shutdown": "cleaning", "coxswain.down": {} } },
        cleaning: { on: { clean: "gone" } },
        gone: { type: "final" },
      },
    });
    const model = machineModel(machine);
    expect(eventsIn(model, "up")).toEqual(["coxswain.shutdown", "coxswain.down"]);
    expect(eventsIn(model, "cleaning")).toEqual(["clean"]);
    expect(eventsIn(model, "gone")).toEqual([]);
  });

  test("is what it sends itself, in the same step; and nothing after it stopped itself", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: { on: { go: { actions: sendTo(({ self }) => self, { type: "on" }) }, on: "b" } },
        b: { entry: stopSelf("tired") as never, on: { go: "c" } },
        c: {},
      },
    });
    const protocol = defineProtocol({ name: "p", accepts: { go: z.object({}) } });
    const model = machineModel(machine, { protocol });
    expect(statesOf(model)).toEqual(["a", "b"]);
    expect(eventsIn(model, "a")).toEqual(["go"]);
  });
});

describe("two moments", () => {
  test("are told apart by what a history remembers", () => {
    const machine = createMachine({
      initial: "on",
      states: {
        on: {
          initial: "a",
          states: { a: { on: { next: "b" } }, b: { on: { next: "a" } }, last: { type: "history" } },
          on: { off: "off" },
        },
        off: { on: { on: "on.last" } },
      },
    });
    expect(machineModel(machine).states).toBe(8);
  });

  test("are told apart by which calls still run, whatever else is the same", () => {
    const machine = createMachine({ invoke: { id: "call", src: fromPromise(async () => 1), onError: {} } });
    const running = [...machineModel(machine).graph.places].map(({ state }) =>
      state.calls.map(({ id }) => id),
    );
    expect(running).toEqual([["call"], []]);
  });

  test("are the same in whatever order their calls began", () => {
    const call = (id: string) => ({ guard: not(id), actions: spawnChild("call", { id }) });
    const not =
      (id: string) =>
      ({ context }: { context: { begun: readonly string[] } }) =>
        !context.begun.includes(id);
    const machine = setup({
      types: { context: {} as { begun: readonly string[] } },
      actors: { call: fromCallback(() => {}) },
    }).createMachine({
      context: { begun: [] },
      on: Object.fromEntries(
        ["a", "b"].map((id) => {
          const { guard, actions } = call(id);
          const begin = assign(({ context }: { context: { begun: readonly string[] } }) => ({
            begun: [...context.begun, id].sort(),
          }));
          return [id, { guard, actions: [actions, begin] }];
        }),
      ) as never,
    });
    expect(machineModel(machine).states).toBe(4);
  });

  test("are the same where only the asker differs, and where a key says so", () => {
    const protocol = defineProtocol({
      name: "p",
      accepts: { ask: question(z.object({}), z.object({})), more: z.object({}) },
    });
    const machine = setup({ types: { context: {} as { asker: unknown; n: number } } }).createMachine({
      context: { asker: undefined, n: 0 },
      on: {
        ask: { actions: assign({ asker: ({ event }) => event.replyTo }) },
        more: { actions: assign({ n: ({ context }) => context.n + 1 }) },
      },
    });
    const model = machineModel(machine, {
      protocol,
      stateKey: ({ context }) => [context.asker, context.n % 3],
    });
    expect([model.states, model.truncated]).toEqual([6, undefined]);
  });
});

describe("a machine without end", () => {
  const counter = setup({ types: { context: {} as { n: number } } }).createMachine({
    context: { n: 0 },
    initial: "counting",
    states: {
      counting: {
        on: {
          more: { actions: assign({ n: ({ context }) => context.n + 1 }) },
          less: { actions: assign({ n: ({ context }) => context.n - 1 }) },
          end: "ended",
        },
      },
      ended: { on: { again: "counting" } },
    },
  });

  test("is cut at its limit, says so, and has been to every state before", () => {
    const model = machineModel(counter, { statesMax: 50 });
    expect(model.states).toBeLessThanOrEqual(50);
    expect(model.truncated).toEqual({
      by: "statesMax",
      message: "There are more than statesMax = 50 moments: not all of them were looked at",
    });
    expect(model.missing).toEqual([]);
  });

  test("is gone on with where it has been least, however much there is elsewhere", () => {
    const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
      context: { n: 0 },
      initial: "counting",
      states: {
        counting: {
          on: { more: { actions: assign({ n: ({ context }) => context.n + 1 }) }, rest: "resting" },
        },
        resting: { after: { 10: "waking" } },
        waking: { after: { 10: "rising" } },
        rising: { after: { 10: "washing" } },
        washing: { after: { 10: "up" } },
        up: {},
      },
    });
    const model = machineModel(machine, { statesMax: 20 });
    expect([model.truncated?.by, model.missing]).toEqual(["statesMax", []]);
  });

  test("keeps some room for what a guard wants", () => {
    const protocol = defineProtocol({
      name: "p",
      accepts: { more: z.object({}), jump: z.object({ to: z.number().int().min(0).max(9_999) }) },
    });
    const machine = setup({
      types: { context: {} as { n: number }, events: {} as MessageOf<typeof protocol> },
    }).createMachine({
      id: "m",
      context: { n: 0 },
      initial: "here",
      states: {
        here: {
          on: {
            more: { actions: assign({ n: ({ context }) => context.n + 1 }) },
            jump: { guard: ({ event }) => event.to === 4_711, target: "there" },
          },
        },
        there: { on: { jump: { guard: ({ event }) => event.to === 12_345, target: "nowhere" } } },
        nowhere: {},
      },
    });
    const model = machineModel(machine, { protocol, statesMax: 30 });
    expect(missingOf(model)).toEqual({
      "m.there: jump": "not found within the limits: raise them, or give a coarser stateKey",
      "m.there: jump guard true": "not found within the limits: raise them, or give a coarser stateKey",
      "state m.nowhere": "not found within the limits: raise them, or give a coarser stateKey",
    });
  });

  test("is cut at its depth", () => {
    const model = machineModel(counter, { depthMax: 4 });
    expect([model.states, model.truncated?.by]).toEqual([16, "depthMax"]);
  });

  test("that goes in circles by itself fails", () => {
    const circle = createMachine({ initial: "a", states: { a: { always: "b" }, b: { always: "a" } } });
    const [start] = machineModel(circle).graph.places;
    expect(start?.state.snapshot.status).toBe("error");
  });
});

describe("payloads", () => {
  const order = defineProtocol({
    name: "order",
    accepts: {
      pay: z.object({ amount: z.number().int(), by: z.enum(["card", "cash", "cheque"]), note: z.string() }),
    },
  });
  const guarded = (guard: (event: MessageOf<typeof order>) => boolean): AnyStateMachine => {
    // Its source is what the boundaries are read from.
    const written = Object.assign(({ event }: { event: MessageOf<typeof order> }) => guard(event), {
      toString: () => String(guard),
    });
    return setup({ types: { events: {} as MessageOf<typeof order> } }).createMachine({
      id: "order",
      initial: "open",
      states: { open: { on: { pay: { guard: written, target: "paid" } } }, paid: {} },
    });
  };

  test.each([
    ["a number at its boundary", (event) => event.amount === 4_711],
    ["one beside it", (event) => event.amount > 123_456 && event.amount < 123_458],
    ["a text", (event) => event.note === "open sesame"],
    ["one of a few", (event) => event.by === "cheque"],
  ] as [string, (event: MessageOf<typeof order>) => boolean][])(
    "are found where a guard wants %s",
    (_, guard) => {
      const model = machineModel(guarded(guard), { protocol: order });
      expect(missingOf(model)).toEqual({});
    },
  );

  test("are found where one guard stands behind another", () => {
    const machine = setup({ types: { events: {} as MessageOf<typeof order> } }).createMachine({
      initial: "outer",
      // What is behind comes first here, so that it is looked for first.
      states: {
        inner: { on: { pay: { guard: ({ event }) => event.note === "open sesame", target: "open" } } },
        outer: { on: { pay: { guard: ({ event }) => event.amount === 4_711, target: "inner" } } },
        open: {},
      },
    });
    expect(machineModel(machine, { protocol: order }).missing).toEqual([]);
  });

  test("that the protocol does not take are not tried", () => {
    const small = defineProtocol({
      name: "small",
      accepts: { pay: z.object({ amount: z.number().int().min(1) }) },
    });
    const machine = setup({ types: { events: {} as MessageOf<typeof small> } }).createMachine({
      id: "small",
      on: { pay: { guard: ({ event }) => !(event.amount >= 1), actions: () => {} } },
    });
    const model = machineModel(machine, { protocol: small });
    expect(missingOf(model)["small: pay"]).toBe("its guard did not hold whenever it was asked");
  });

  test("at a boundary that lies in the machine's data are found too", () => {
    const machine = setup({
      types: { context: {} as { max: number }, events: {} as MessageOf<typeof order> },
      guards: { tooMuch: ({ context, event }) => event.amount === context.max },
    }).createMachine({
      context: { max: 987_654 },
      initial: "open",
      states: { open: { on: { pay: { guard: "tooMuch", target: "refused" } } }, refused: {} },
    });
    expect(machineModel(machine, { protocol: order }).missing).toEqual([]);
  });

  test("that are given must fit the protocol", () => {
    const given = { protocol: order, payloads: { pay: [{ amount: "much" }] } };
    expect(() =>
      machineModel(
        guarded(() => true),
        given,
      ),
    ).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("amount") }),
    );
  });

  test("that are given are the only ones", () => {
    const payloads = { pay: [{ amount: 1, by: "card", note: "" }] };
    const model = machineModel(
      guarded(({ amount }) => amount > 1),
      { protocol: order, payloads },
    );
    expect(missingOf(model)).toMatchObject({
      "order.open: pay": "its guard did not hold whenever it was asked",
    });
  });

  test("are the same for the same seed", () => {
    const names = (seed: number): unknown =>
      [
        ...machineModel(
          guarded(() => false),
          { protocol: order, seed },
        ).graph.places,
      ].map(({ ways }) => ways.map(({ occurrence }) => occurrence.payload));
    expect(names(1)).toEqual(names(1));
    expect(names(1)).not.toEqual(names(2));
  });
});

describe("what a machine says", () => {
  const protocol = defineProtocol({
    name: "p",
    accepts: { ask: question(z.object({}), z.object({ n: z.number() })) },
    emits: { said: z.object({ n: z.number() }) },
  });

  test("is held to its protocol: what does not fit fails the actor", () => {
    const replies = createMachine({ on: { ask: { actions: reply({ n: "one" } as never) as never } } });
    const emits = createMachine({ on: { ask: { actions: emit({ type: "said", n: "one" } as never) } } });
    for (const machine of [replies, emits]) {
      const model = machineModel(machine, { protocol, payloads: { ask: [{}] } });
      const faults = [...model.graph.places].flatMap(
        ({ state }) => (state.snapshot as { error?: Error }).error ?? [],
      );
      expect(faults.map(({ message }) => message)).toEqual([
        expect.stringContaining("expected number, received string"),
      ]);
    }
  });

  test("may need another result of a call than the first that comes to mind", () => {
    const machine = setup({
      types: { context: {} as { asker: never } },
      actors: { count: fromPromise(async () => ({ n: 1 })) },
    }).createMachine({
      context: { asker: undefined as never },
      initial: "idle",
      states: {
        idle: {
          on: {
            ask: { target: "counting", actions: assign({ asker: ({ event }) => event.replyTo as never }) },
          },
        },
        counting: {
          invoke: {
            src: "count",
            onDone: {
              target: "idle",
              actions: reply(({ event }) => event.output as never, { to: ({ context }) => context.asker }),
            },
            onError: "idle",
          },
        },
      },
    });
    const model = machineModel(machine, { protocol });
    expect([model.missing, model.notes]).toEqual([[], []]);
  });

  test("on what was made up and breaks it is left out, and said", () => {
    const machine = setup({
      types: { context: {} as { n: number } },
      actors: { count: fromPromise(async () => ({ deep: { n: 1 } })) },
    }).createMachine({
      context: { n: 0 },
      initial: "counting",
      states: {
        counting: {
          invoke: {
            src: "count",
            onDone: { target: "counted", actions: assign({ n: ({ event }) => event.output.deep.n }) },
            onError: "counted",
          },
        },
        counted: {},
      },
    });
    const model = machineModel(machine);
    expect(model.notes).toEqual([
      expect.stringMatching(/^The machine fails on count is done .* give outputs for "count"$/),
    ]);
    expect(Object.values(missingOf(model))).toEqual([
      "the machine fails on all that was made up for it: see the notes",
    ]);
    expect(machineModel(machine, { outputs: { count: [{ deep: { n: 2 } }] } }).missing).toEqual([]);
  });
});

describe("what is never at work has a reason", () => {
  test.each([
    ["m.a: go (2)", "an earlier one without a guard always goes first"],
    ["m.a: never", "its guard did not hold whenever it was asked"],
    ["m.a: never guard true", "its guard did not hold whenever it was asked"],
    ["m.a: ever guard false", "its guard held whenever it was asked"],
    ["m: go", "a state within it always takes the event"],
    ["state m.island", "nothing leads there"],
    ["m.island: go", "its state is never entered"],
  ])("%s: %s", (id, reason) => {
    const machine = createMachine({
      id: "m",
      initial: "a",
      on: { go: {} },
      states: {
        a: {
          on: {
            go: ["b", { actions: () => {} }],
            never: { guard: () => false, target: "b" },
            ever: { guard: () => true, target: "b" },
          },
        },
        b: { on: { go: "a" } },
        island: { on: { go: "a" } },
      },
    });
    expect(missingOf(machineModel(machine))[id]).toBe(reason);
  });
});

test("a machine whose actions change its context in place is refused", () => {
  const machine = createMachine({
    context: { seen: [] as number[] },
    on: {
      add: {
        actions: assign(({ context }) => {
          (context.seen as number[]).push(1);
          return context;
        }),
      },
    },
  });
  expect(() => machineModel(machine)).toThrow(expect.objectContaining({ code: "MACHINE_INVALID" }));
});

test("limits are whole numbers in their range", () => {
  const machine = createMachine({});
  for (const wrong of [{ statesMax: 0 }, { depthMax: 1.5 }, { samplesMax: -1 }, { seed: Number.NaN }])
    expect(() => machineModel(machine, wrong)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});
