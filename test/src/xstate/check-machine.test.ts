import { describe, expect, test } from "vitest";
import {
  and,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  not,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { asking, fromCall } from "../../../machines/index.ts";
import { checkMachine } from "../../../src/xstate/host.ts";

const logic = fromPromise(async () => {});

describe("a machine", () => {
  test("that provides all it names is free of faults", () => {
    const machine = setup({
      actions: { act: () => {}, later: raise({ type: "x" }, { delay: "soon" as never }) },
      guards: { ok: () => true, both: and(["ok", not("ok")]) },
      actors: { call: logic },
      delays: { soon: 10 },
    }).createMachine({
      initial: "a",
      entry: ["act", { type: "act" }, "later", spawnChild("call")],
      states: {
        a: {
          invoke: { src: "call" },
          after: { soon: "b", 100: "b" },
          always: { guard: "both", target: "b" },
        },
        b: { invoke: [{ src: logic }, { src: createMachine({}) }] },
      },
    });
    expect(checkMachine(machine)).toEqual([]);
    expect(checkMachine(machine, { accepts: ["x"], emits: [] })).toEqual([]);
  });

  test.each([
    ["an entry action", { entry: "lost" }, 'action "lost" of state "m" is not provided'],
    [
      "an exit action with params",
      { exit: { type: "lost", params: {} } },
      'action "lost" of state "m" is not provided',
    ],
    [
      "an action of a transition",
      { on: { x: { actions: "lost" } } },
      'action "lost" of state "m" is not provided',
    ],
    [
      "an initial action, deep inside",
      { initial: "a", states: { a: { initial: { target: "b", actions: "lost" }, states: { b: {} } } } },
      'action "lost" of state "m.a" is not provided',
    ],
    ["a guard", { on: { x: { guard: "lost" } } }, 'guard "lost" of state "m" is not provided'],
    [
      "a guard of always",
      { always: { guard: { type: "lost" } } },
      'guard "lost" of state "m" is not provided',
    ],
    [
      "a guard within guards",
      { on: { x: { guard: and([not("lost")]) } } },
      'guard "lost" of state "m" is not provided',
    ],
    ["an invoked actor", { invoke: { src: "lost" } }, 'actor "lost" of state "m" is not provided'],
    [
      "an actor of onDone's machine",
      { invoke: { src: "call", onDone: { actions: "lost" } } },
      'action "lost" of state "m" is not provided',
    ],
    ["a spawned actor", { entry: spawnChild("lost" as never) }, 'actor "lost" of state "m" is not provided'],
    ["a delay of after", { after: { lost: {} } }, 'delay "lost" of state "m" is not provided'],
    [
      "a delay of raise",
      { entry: raise({ type: "x" }, { delay: "lost" as never }) },
      'delay "lost" of state "m" is not provided',
    ],
    [
      "an action of a child machine",
      { invoke: { src: createMachine({ id: "kid", entry: "lost" }) } },
      'action "lost" of state "kid" is not provided (child machine kid)',
    ],
  ])("that misses %s is told so", (_what, config, fault) => {
    const machine = createMachine({ id: "m", ...config } as never).provide({
      actors: { call: logic },
    } as never);
    expect(checkMachine(machine)).toEqual([fault]);
  });

  test("whose parts go in circles is checked all the same", () => {
    const machine = createMachine({ on: { x: { guard: "a" as never } } }).provide({
      guards: { a: "b", b: "a" } as never,
    });
    expect(checkMachine(machine)).toEqual([]);
    const own: Record<string, unknown> = {};
    const recursive = createMachine({ id: "r", entry: spawnChild("self" as never) }).provide({
      actors: own,
    } as never);
    Object.assign(recursive.implementations.actors, { self: recursive });
    expect(checkMachine(recursive)).toEqual([]);
  });
});

describe("a machine and a protocol", () => {
  const accepts = ["open", "job.start"];
  const faults = (config: object, emits?: string[]): string[] =>
    checkMachine(createMachine({ id: "m", ...config } as never), { accepts, ...(emits && { emits }) });

  test("fit where every event it handles can reach it", () => {
    const machine = {
      on: {
        open: {},
        "job.start": {},
        "job.*": {},
        raised: {},
        told: {},
        "xstate.done.actor.*": {},
        forward: {},
        own: {},
      },
      entry: [
        raise({ type: "raised" }),
        sendTo(({ self }) => self, { type: "own" }),
        spawnChild(createMachine({ entry: sendParent({ type: "told" }) })),
      ],
      invoke: { src: createMachine({ entry: sendParent({ type: "forward" }) }), onDone: {}, onError: {} },
      after: { 100: {} },
    };
    expect(faults(machine)).toEqual([]);
  });

  test.each([
    [
      "an unknown event",
      { on: { opne: {} } },
      'state "m" handles "opne", which the protocol does not accept',
    ],
    [
      "an unknown family of events",
      { on: { "task.*": {} } },
      'state "m" handles "task.*", which the protocol does not accept',
    ],
    [
      "an unknown event deep inside",
      { initial: "a", states: { a: { on: { close: "a" } } } },
      'state "m.a" handles "close", which the protocol does not accept',
    ],
    [
      "the wildcard",
      { on: { "*": {} } },
      'state "m" handles "*", which also takes its children\'s errors and results; name the events',
    ],
    [
      "an event that only a call could send",
      { on: { close: {} }, invoke: { src: logic } },
      'state "m" handles "close", which the protocol does not accept',
    ],
    [
      "an event an ordinary message goes out under",
      { on: { close: {} }, entry: sendTo({ $to: "x" } as never, { type: "close" } as never) },
      'state "m" handles "close", which the protocol does not accept',
    ],
  ])("do not fit because of %s", (_what, config, fault) => {
    expect(faults(config)).toEqual([fault]);
  });

  test.each([
    ["a computed raise", { entry: raise(() => ({ type: "close" })) }],
    ["an enqueued raise", { entry: enqueueActions(({ enqueue }) => enqueue.raise({ type: "close" })) }],
    ["a callback", { invoke: { src: fromCallback(() => {}) } }],
    ["an observable of events", { invoke: { src: fromEventObservable(() => ({}) as never) } }],
    [
      "a child's computed message",
      { invoke: { src: createMachine({ entry: sendParent(() => ({ type: "close" })) }) } },
    ],
  ])("get the benefit of the doubt because of %s", (_what, config) => {
    expect(faults({ on: { close: {} }, ...config })).toEqual([]);
  });

  test.each([
    ["a call", fromCall(() => 1)],
    ["a question to another actor", asking({ name: "bank" } as never, "balance" as never)],
    ["an observable", fromObservable(() => ({}) as never)],
    ["a reducer", fromTransition((state) => state, {})],
  ])("get none because of %s", (_what, src) => {
    expect(faults({ on: { close: {} }, invoke: { src } })).toHaveLength(1);
  });

  test("do not fit where it emits what the protocol does not, in its children too", () => {
    const kid = createMachine({ id: "kid", entry: emit({ type: "chirped" }) });
    const config = { entry: [emit({ type: "opened" }), emit(() => ({ type: "any" }))], invoke: { src: kid } };
    expect(faults(config, ["opened", "chirped"])).toEqual([]);
    expect(faults(config, ["opened"])).toEqual([
      'state "kid" emits "chirped", which the protocol does not have',
    ]);
    expect(faults(config)).toEqual([]);
  });

  test("are checked without running anything of the machine", () => {
    const ran: string[] = [];
    const machine = createMachine({
      context: () => {
        ran.push("context");
        return {};
      },
      entry: assign(() => {
        ran.push("assign");
        return {};
      }),
      invoke: { src: fromPromise(async () => void ran.push("call")) },
    });
    checkMachine(machine, { accepts });
    expect(ran).toEqual([]);
  });
});
