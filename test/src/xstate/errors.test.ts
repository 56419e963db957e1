import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type AnyActorLogic,
  type AnyActorRef,
  assign,
  createActor,
  createMachine,
  emit,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  toPromise,
} from "xstate";
import { Hosted } from "../../../src/xstate/host.ts";
import { RecordingCell, run } from "../../support/recording-cell.ts";

/** What reached the process: nothing may. */
const escaped: string[] = [];
const note = (error: unknown): void => void escaped.push(String(error));

beforeAll(() => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});
afterAll(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});
afterEach(() => void escaped.splice(0));

/** XState rethrows on a timer of no delay, Node reports a rejection after the microtasks. */
async function dust(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const boom = (what: string) => (): never => {
  throw new Error(what);
};
const two = (x: object, more: object = {}) =>
  createMachine({ initial: "a", context: { n: 0 }, states: { a: { on: { x } }, b: {} }, ...more } as never);
const invoking = (src: AnyActorLogic, more: object = {}, states: object = {}) =>
  createMachine({
    initial: "a",
    states: { a: { invoke: { id: "k", src, ...more } }, b: {}, ...states },
  } as never);
const rejecting = fromPromise(async () => boom("rejected")());
const throwingKid = two({ actions: assign(boom("child")) });
const withKid = (more: object) =>
  createMachine({
    initial: "a",
    entry: spawnChild(throwingKid, { id: "k" }),
    states: {
      a: {
        on: { go: { actions: sendTo("k", { type: "x" }) }, ...("on" in more ? (more.on as object) : {}) },
      },
      b: {},
    },
  } as never);
const source = (subscribe: (observer: { error(error: unknown): void }) => void) => () =>
  ({
    subscribe: (observer: { error(error: unknown): void }) => {
      subscribe(observer);
      return { unsubscribe: () => {} };
    },
  }) as never;

interface Outcome {
  /** The message of the root's fault, if it fails. */
  readonly fault?: string;
  /** What ended in the wall while effects were released. */
  readonly walled?: string;
  readonly value?: unknown;
}
type Case = [name: string, logic: AnyActorLogic, outcome: Outcome, ...events: string[]];

const cases: Case[] = [
  // In the machine itself: the root's fault.
  ["a guard", two({ guard: boom("guard"), target: "b" }), { fault: "guard", value: "a" }, "x"],
  ["an assign", two({ actions: assign(boom("assign")), target: "b" }), { fault: "assign", value: "a" }, "x"],
  ["the value of a log", two({ actions: log(boom("log")) }), { fault: "log", value: "a" }, "x"],
  [
    "the event of a sendTo",
    two({ actions: sendTo({} as never, boom("event")) }),
    { fault: "event", value: "a" },
    "x",
  ],
  [
    "the target of a sendTo",
    two({ actions: sendTo(boom("target"), { type: "y" } as never) }),
    { fault: "target", value: "a" },
    "x",
  ],
  [
    "a sendTo to a missing child",
    two({ actions: sendTo("ghost", { type: "y" }) }),
    { fault: "ghost", value: "a" },
    "x",
  ],
  ["a missing named guard", two({ guard: "nowhere", target: "b" }), { fault: "nowhere", value: "a" }, "x"],
  [
    "the params of an action",
    two({ actions: { type: "n", params: boom("params") } }),
    { fault: "params", value: "a" },
    "x",
  ],
  ["the event of an emit", two({ actions: emit(boom("emitted")) }), { fault: "emitted", value: "a" }, "x"],
  [
    "a delay",
    two({ actions: raise({ type: "y" }, { delay: boom("delay") }) }),
    { fault: "delay", value: "a" },
    "x",
  ],
  ["a raise to an unknown event is no error", two({ actions: raise({ type: "nope" }) }), { value: "a" }, "x"],
  ["the initial context", createMachine({ context: boom("context") }), { fault: "context" }],
  [
    "an initial assign",
    createMachine({ initial: "a", states: { a: { entry: assign(boom("first")) } } }),
    { fault: "first" },
  ],
  [
    "the output",
    createMachine({ initial: "a", states: { a: { type: "final" } }, output: boom("output") }),
    { fault: "output" },
  ],
  ["a reducer", fromTransition(boom("reducer"), {}), { fault: "reducer" }, "x"],
  [
    "a reducer's initial state",
    fromTransition((state) => state, boom("initial") as never),
    { fault: "initial" },
  ],

  // Effects: they end in the wall, and the machine goes on.
  ["a custom action", two({ actions: boom("action"), target: "b" }), { walled: "action", value: "b" }, "x"],
  [
    "a missing named action",
    two({ actions: "nowhere", target: "b" }),
    { walled: "nowhere", value: "b" },
    "x",
  ],
  [
    "an entry action of the first state",
    createMachine({ initial: "a", states: { a: { entry: boom("entry") } } }),
    { walled: "entry", value: "a" },
  ],
  [
    "a handler of emitted events",
    two(
      { actions: [({ self }: { self: AnyActorRef }) => self.on("e", boom("handler"))] },
      {
        on: { y: { actions: emit({ type: "e" }) } },
      },
    ),
    { walled: "handler", value: "a" },
    "x",
    "y",
  ],
  [
    "an observer",
    two(
      { actions: [({ self }: { self: AnyActorRef }) => self.subscribe(boom("observer"))] },
      { on: { y: ".b" } },
    ),
    { walled: "observer", value: "b" },
    "x",
    "y",
  ],
  [
    "an inspector",
    two(
      { actions: [({ self }: { self: AnyActorRef }) => self.system.inspect(boom("inspector"))] },
      { on: { y: ".b" } },
    ),
    { walled: "inspector", value: "b" },
    "x",
    "y",
  ],
  [
    "the disposer of a callback",
    createMachine({
      initial: "a",
      states: { a: { invoke: { src: fromCallback(() => boom("disposer")) }, on: { x: "b" } }, b: {} },
    }),
    { walled: "disposer", value: "b" },
    "x",
  ],

  // In children: their parent's to handle, else the root's fault.
  ["a rejected call nobody handles", invoking(rejecting), { fault: "rejected", value: "a" }],
  ["a rejected call with onError", invoking(rejecting, { onError: "b" }), { value: "b" }],
  [
    "a call that throws before its promise",
    invoking(fromPromise(boom("sync")), { onError: "b" }),
    { value: "b" },
  ],
  ["the same, unhandled", invoking(fromPromise(boom("sync"))), { fault: "sync" }],
  [
    "a callback that throws at its start",
    invoking(fromCallback(boom("callback")), { onError: "b" }),
    { value: "b" },
  ],
  [
    "a callback that throws at an event",
    createMachine({
      initial: "a",
      states: {
        a: {
          invoke: { id: "k", src: fromCallback(({ receive }) => receive(boom("receiver"))), onError: "b" },
          on: { x: { actions: sendTo("k", { type: "x" }) } },
        },
        b: {},
      },
    }),
    { value: "b" },
    "x",
  ],
  [
    "an observable that fails",
    invoking(fromObservable(source((o) => o.error(new Error("stream")))), { onError: "b" }),
    { value: "b" },
  ],
  [
    "an observable that cannot start",
    invoking(fromEventObservable(boom("cold")), { onError: "b" }),
    { value: "b" },
  ],
  ["a machine invoked", invoking(throwingKid, {}, {}), { value: "a" }],
  ["a child machine nobody handles", withKid({}), { fault: "child" }, "go"],
  [
    "a child machine, its error handled",
    withKid({ on: { "xstate.error.actor.k": "b" } }),
    { value: "b" },
    "go",
  ],
  [
    "a child machine, all errors handled",
    withKid({ on: { "xstate.error.actor.*": "b" } }),
    { value: "b" },
    "go",
  ],
  ["a child machine under a wildcard", withKid({ on: { "*": "b" } }), { value: "b" }, "go"],
  [
    "a child's initial context",
    invoking(createMachine({ context: boom("kid context") })),
    { fault: "kid context" },
  ],
  ["a grandchild nobody handles", invoking(invoking(rejecting)), { fault: "rejected" }],
];

describe("what is thrown by", () => {
  test.each(cases)("%s ends in the cell", async (_name, logic, outcome, ...events) => {
    const { cell, hosted, send } = run(logic);
    send(...events);
    await dust();
    expect(escaped).toEqual([]);
    expect(cell.faults.map((error) => (error as Error).message)).toEqual(
      outcome.fault === undefined ? [] : [expect.stringContaining(outcome.fault)],
    );
    const walled = cell.effectFaults.map(({ error }) => (error as Error).message);
    if (outcome.walled === undefined) expect(walled).toEqual([]);
    else expect(walled[0]).toContain(outcome.walled);
    expect(hosted.snapshot.status).toBe(outcome.fault === undefined ? "active" : "error");
    if (outcome.value !== undefined) expect(hosted.snapshot).toMatchObject({ value: outcome.value });
  });

  test("observers of children, their handlers of errors and completion, and the missing of such", async () => {
    const machine = setup({ types: { context: {} as { kept?: AnyActorRef } } }).createMachine({
      context: {},
      entry: spawnChild(throwingKid, { id: "bad" as never }),
      on: {
        keep: {
          actions: assign(({ self }) => ({ kept: self.getSnapshot().children.bad as AnyActorRef })),
        },
        watch: {
          actions: ({ context }) => {
            context.kept?.subscribe({ error: boom("error observer") });
            context.kept?.subscribe(boom("next observer"));
          },
        },
        fail: { actions: sendTo("bad", { type: "x" }) },
        // It has failed already: XState would rethrow the error for want of a handler.
        late: { actions: ({ context }) => void context.kept?.subscribe(() => {}) },
        "xstate.error.actor.bad": {},
      },
    });
    const { cell, send } = run(machine);
    send("keep", "watch", "fail", "late");
    await dust();
    expect(escaped).toEqual([]);
    expect(cell.faults).toEqual([]);
    expect(cell.effectFaults.map(({ what }) => what)).toEqual(["observer of bad"]);
  });

  test("an effect does not stop the effects after it", () => {
    const { cell, send } = run(
      two({
        actions: [
          boom("first"),
          sendTo({ $to: "x" } as never, { type: "out" } as never),
          emit({ type: "said" }),
        ],
      }),
    );
    cell.takeStory();
    send("x");
    expect(cell.takeStory()).toEqual(["effect failed: action (anonymous)", "send out", "emit said", "turn"]);
  });

  test("the cell itself while it sends is an effect's failure", () => {
    const { cell, send } = run(
      two({ actions: sendTo({ $to: "x" } as never, { type: "out" } as never), target: "b" }),
    );
    cell.onSend = boom("invalid payload");
    send("x");
    expect(cell.effectFaults).toMatchObject([{ what: "send out", error: { message: "invalid payload" } }]);
  });

  test("a timer's turn ends in the cell", async () => {
    const { cell } = run(createMachine({ after: { 100: { actions: assign(boom("late")) } } }));
    cell.env.advance(100);
    await dust();
    expect(escaped).toEqual([]);
    expect(cell.faults).toMatchObject([{ message: "late" }]);
  });

  test("disposers at the stop ends in the cell, and all are run", async () => {
    const disposed: string[] = [];
    const bad = fromCallback(() => boom("disposer"));
    const good = fromCallback(() => () => void disposed.push("good"));
    const { cell, hosted } = run(
      createMachine({ invoke: [{ src: bad }, { src: good }, { src: invoking(bad) }] }),
    );
    hosted.stop();
    await dust();
    expect(escaped).toEqual([]);
    expect(disposed).toEqual(["good"]);
    expect(cell.effectFaults).toHaveLength(2);
    expect(cell.faults).toEqual([]);
  });

  test("a call of its own after its machine failed or was stopped goes nowhere", async () => {
    let reject: (error: unknown) => void = () => {};
    const call = fromPromise(() => new Promise((_, no) => (reject = no)));
    const failed = run(createMachine({ invoke: { src: call }, on: { x: { actions: assign(boom("x")) } } }));
    failed.send("x");
    reject(new Error("late"));
    const stopped = run(createMachine({ invoke: { src: call } }));
    stopped.hosted.stop();
    reject(new Error("late"));
    await dust();
    expect(escaped).toEqual([]);
    expect(failed.cell.faults).toMatchObject([{ message: "x" }]);
    expect(stopped.cell.faults).toEqual([]);
  });

  test("a promise of an actor that fails is its user's to handle, and does not fail the cell", async () => {
    const seen: string[] = [];
    const machine = createMachine({
      entry: spawnChild(rejecting, { id: "k" }),
      on: {
        wait: {
          actions: ({ self }) =>
            void toPromise(self.getSnapshot().children.k as never).catch((error: Error) =>
              seen.push(error.message),
            ),
        },
        "xstate.error.actor.k": {},
      },
    });
    const { cell, send } = run(machine);
    send("wait");
    await dust();
    expect([escaped, seen, cell.faults]).toEqual([[], ["rejected"], []]);
  });
});

describe("a machine that fails", () => {
  test("leaves no child running: neither its own nor a failed child's", async () => {
    const running = new Set<string>();
    const callback = (name: string) =>
      fromCallback(() => {
        running.add(name);
        return () => void running.delete(name);
      });
    const root = run(
      createMachine({ invoke: { src: callback("root's") }, on: { x: { actions: assign(boom("x")) } } }),
    );
    expect(running.size).toBe(1);
    root.send("x");
    expect(running.size).toBe(0);

    const ticking = createMachine({ after: { 1000: {} } });
    const withTimers = run(
      createMachine({ invoke: { src: ticking }, on: { x: { actions: assign(boom("x")) } } }),
    );
    expect(withTimers.cell.env.pendingTimers).toBe(1);
    withTimers.send("x");
    expect(withTimers.cell.env.pendingTimers).toBe(0);

    const kid = createMachine({
      invoke: { src: callback("kid's") },
      after: { 1000: {} },
      on: { x: { actions: assign(boom("x")) } },
    });
    const parent = run(
      createMachine({
        invoke: { id: "k", src: kid, onError: {} },
        on: { go: { actions: sendTo("k", { type: "x" }) } },
      }),
    );
    expect(running.size).toBe(1);
    parent.send("go");
    expect(running.size).toBe(0);
    expect(parent.cell.env.pendingTimers).toBe(0);
    expect(parent.cell.faults).toEqual([]);
  });

  test("stops a call that the same turn had already let go", () => {
    const disposed: string[] = [];
    const machine = createMachine({
      initial: "a",
      states: {
        a: { invoke: { src: fromCallback(() => () => void disposed.push("a")) }, on: { x: "b" } },
        b: { entry: raise({ type: "y" }), on: { y: { actions: assign(boom("y")) } } },
      },
    });
    const { send, cell } = run(machine);
    send("x");
    expect(cell.faults).toHaveLength(1);
    expect(disposed).toEqual(["a"]);
  });

  test.each([
    [
      "a failed one",
      { status: "error", error: new Error("old"), value: "a", context: {}, children: {}, historyValue: {} },
      "old",
    ],
    [
      "one of another definition",
      { status: "active", value: "gone", context: {}, children: {}, historyValue: {} },
      "gone",
    ],
    ["no snapshot at all", { nonsense: true }, ""],
  ])("is reported when its restored snapshot is %s", async (_name, snapshot, message) => {
    const { cell, hosted } = run(two({}), { snapshot });
    await dust();
    expect(escaped).toEqual([]);
    expect(cell.faults).toMatchObject([{ message: expect.stringContaining(message) }]);
    expect(hosted.receive({ type: "x" })).toBe("ended");
  });

  test("is reported when a reducer's restored snapshot is a failed one", () => {
    const snapshot = { status: "error", error: new Error("old"), context: 1 };
    expect(
      run(
        fromTransition((state) => state, 1),
        { snapshot },
      ).cell.faults,
    ).toMatchObject([{ message: "old" }]);
  });

  test("does not throw from its constructor", () => {
    const hosted = new Hosted(createMachine({ context: boom("context") }), new RecordingCell(), undefined);
    expect(hosted.snapshot.status).toBe("error");
  });
});

describe("going in circles", () => {
  const looped = { code: "MACHINE_LOOPED" };

  test.each([
    [
      "through always",
      createMachine({
        initial: "a",
        states: { a: { on: { x: "b" } }, b: { always: "c" }, c: { always: "b" } },
      }),
    ],
    [
      "through raise",
      createMachine({
        on: { x: { actions: raise({ type: "y" }) }, y: { actions: raise({ type: "x" }) } },
      }),
    ],
    [
      "between a parent and a child",
      createMachine({
        invoke: { id: "k", src: createMachine({ on: { ping: { actions: sendParent({ type: "x" }) } } }) },
        on: { x: { actions: sendTo("k", { type: "ping" }) } },
      }),
    ],
    [
      "between a machine and a callback",
      createMachine({
        invoke: {
          id: "k",
          src: fromCallback(({ receive, sendBack }) => receive(() => sendBack({ type: "x" }))),
        },
        on: { x: { actions: sendTo("k", { type: "ping" }) } },
      }),
    ],
    [
      "in a child",
      invoking(createMachine({ initial: "a", states: { a: { always: "b" }, b: { always: "a" } } })),
    ],
  ])("%s is a fault, not a process that hangs", (_name, machine) => {
    const { cell, send, hosted } = run(machine);
    send("x");
    expect(cell.faults).toMatchObject([looped]);
    expect(hosted.snapshot.status).toBe("error");
    expect(hosted.receive({ type: "x" })).toBe("ended");
  });

  test("keeps to a machine's own maxIterations", () => {
    const counting = (maxIterations: number | undefined) => {
      let steps = 0;
      const machine = createMachine({
        ...(maxIterations === undefined ? {} : { options: { maxIterations } }),
        initial: "a",
        states: {
          a: { on: { x: "b" } },
          b: { always: { guard: () => ++steps < 1_500, target: "c" } },
          c: { always: { guard: () => ++steps < 1_500, target: "b" } },
        },
      });
      const { cell, send } = run(machine);
      send("x");
      expect(machine.options.maxIterations).toBe(maxIterations ?? Number.POSITIVE_INFINITY);
      return cell.faults;
    };
    expect(counting(undefined)).toMatchObject([looped]);
    expect(counting(10)).toMatchObject([looped]);
    expect(counting(5_000)).toEqual([]);
  });

  test("does not mean many: 5,000 events a callback sends back at once are taken", () => {
    const callback = fromCallback(({ sendBack }) => {
      for (let i = 0; i < 5_000; i++) sendBack({ type: "n" });
    });
    const { now } = run(
      createMachine({
        context: { n: 0 },
        invoke: { src: callback },
        on: { n: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      }),
    );
    expect(now().context.n).toBe(5_000);
  });

  test("leaves the same machine alone outside of a cell", () => {
    let steps = 0;
    const machine = createMachine({
      initial: "a",
      states: {
        a: { on: { x: "b" } },
        b: { always: { guard: () => ++steps < 3_000, target: "c" } },
        c: { always: { guard: () => ++steps < 3_000, target: "b" } },
      },
    });
    run(machine);
    const actor = createActor(machine).start();
    actor.send({ type: "x" });
    expect(actor.getSnapshot().status).toBe("active");
    expect(steps).toBe(3_000);
  });
});

test("stopping a child that is gone already is no error", () => {
  const { cell, send } = run(two({ actions: stopChild("ghost"), target: "b" }));
  send("x");
  expect(cell.faults).toEqual([]);
});
