import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import {
  assign,
  createActor,
  createMachine,
  emit,
  fromPromise,
  log,
  type PromiseActorLogic,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { callContextOf } from "../../../src/xstate/host.ts";
import { RecordingCell, run } from "../../support/recording-cell.ts";

const peer = { $to: "bank" } as never;

describe("calls", () => {
  const calling = (src: PromiseActorLogic<unknown>) =>
    createMachine({
      initial: "idle",
      context: { result: undefined as unknown },
      states: {
        idle: { on: { go: "waiting" } },
        waiting: {
          invoke: {
            id: "call",
            src,
            onDone: { target: "done", actions: assign({ result: ({ event }) => event.output }) },
            onError: { target: "failed", actions: assign({ result: ({ event }) => event.error }) },
          },
          on: { leave: "idle" },
        },
        done: {},
        failed: {},
      },
    });

  test("give their result in a turn with the cause of the turn that started them", async () => {
    const { cell, send, now } = run(calling(fromPromise<unknown>(async () => 42)));
    cell.present = "question 7";
    send("go");
    cell.present = "something else";
    cell.takeStory();
    await expect.poll(() => now().value).toBe("done");
    expect(now().context.result).toBe(42);
    expect(cell.takeStory()).toEqual(["begin question 7", "turn"]);
  });

  test("get a signal, a cause and a key of their own through their system", async () => {
    const contexts: ReturnType<typeof callContextOf>[] = [];
    const { cell, send } = run(
      calling(fromPromise(async ({ self }) => void contexts.push(callContextOf(self)))),
    );
    cell.present = "question 1";
    send("go");
    // Another life of the same actor.
    const other = run(calling(fromPromise(async ({ self }) => void contexts.push(callContextOf(self)))), {
      cell: new RecordingCell(cell.env),
    });
    other.send("go", "leave", "go");
    const keys = contexts.map((context) => context?.key);
    expect(contexts[0]).toMatchObject({ cause: "question 1", cell });
    expect(keys[0]).toMatch(/^crew\.bow\/call#\w+\.2$/);
    expect(new Set(keys).size).toBe(keys.length);
    expect(callContextOf(createActor(createMachine({})))).toBeUndefined();
  });

  test("are aborted by their cause, and by the end of their state", async () => {
    const signals: AbortSignal[] = [];
    const call = fromPromise(({ self }) => {
      const signal = callContextOf(self)?.signal;
      if (signal) signals.push(signal);
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    });
    const { cell, hosted, send, now } = run(calling(call));
    cell.present = "question 1";
    send("go");
    expect(hosted.cancelCalls("question 2", "no")).toBe(0);
    expect(hosted.cancelCalls("question 1", "withdrawn")).toBe(1);
    expect(hosted.cancelCalls("question 1", "withdrawn")).toBe(0);
    expect(signals[0]?.reason).toBe("withdrawn");
    await expect.poll(() => now().context.result).toBe("withdrawn");

    const left = run(calling(call));
    left.send("go", "leave");
    expect(signals[1]?.aborted).toBe(true);
  });

  test("that may not start any more fail with the cell's error, and other effects are withheld", () => {
    const called = vi.fn();
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          on: {
            go: {
              target: "b",
              actions: [called, sendTo(peer, { type: "out" } as never), emit({ type: "note" }), log("said")],
            },
          },
        },
        b: { invoke: { id: "call", src: fromPromise(async () => called()), onError: "late" } },
        late: {},
      },
    });
    const { cell, send, now } = run(machine);
    cell.takeStory();
    cell.expiredNow = true;
    send("go");
    expect(called).not.toHaveBeenCalled();
    expect(now().value).toBe("late");
    expect(cell.takeStory().filter((line) => !/^(turn|begin)/.test(line))).toEqual(
      [
        "withheld action called",
        "log said",
        "withheld send out",
        "withheld emit note",
        "withheld call call",
      ].map((line) => line.replace("action called", `action ${called.name || "(anonymous)"}`)),
    );
  });

  test("whose state was left before its turn was over never start", () => {
    const called = vi.fn();
    const { send } = run(
      createMachine({
        initial: "a",
        states: {
          a: { on: { go: "b" } },
          b: {
            entry: raise({ type: "on" }),
            invoke: { src: fromPromise(async () => called()) },
            on: { on: "c" },
          },
          c: {},
        },
      }),
    );
    send("go");
    expect(called).not.toHaveBeenCalled();
  });

  test("stopped later in the turn that would have started them never start", () => {
    const called = vi.fn();
    const kid = createMachine({ on: { p: { actions: sendParent({ type: "on" }) } } });
    const { send, now } = run(
      createMachine({
        entry: spawnChild(kid, { id: "kid" }),
        initial: "a",
        states: {
          a: { on: { go: "b" } },
          b: {
            entry: sendTo("kid", { type: "p" }),
            invoke: { src: fromPromise(async () => called()) },
            on: { on: "c" },
          },
          c: {},
        },
      }),
    );
    send("go");
    expect(now().value).toBe("c");
    expect(called).not.toHaveBeenCalled();
  });

  test("of the first state are withheld like others, once", () => {
    const cell = new RecordingCell();
    cell.expiredNow = true;
    run(createMachine({ invoke: { id: "call", src: fromPromise(async () => 1), onError: {} } }), { cell });
    expect(cell.story.filter((line) => line.startsWith("withheld"))).toEqual(["withheld call call"]);
  });

  test("of a refused turn change nothing", async () => {
    let settle: (value: unknown) => void = () => {};
    const { cell, send, now } = run(calling(fromPromise(() => new Promise((resolve) => (settle = resolve)))));
    send("go");
    cell.refuses = true;
    settle(1);
    await Promise.resolve();
    await Promise.resolve();
    expect(now().value).toBe("waiting");
  });

  test("of 10,000 spawned children leave no child behind", async () => {
    const machine = setup({ actors: { call: fromPromise(async ({ input }) => input) } }).createMachine({
      context: { done: 0 },
      on: {
        go: { actions: spawnChild("call", { input: 1 }) },
        "xstate.done.actor.*": { actions: assign({ done: ({ context }) => context.done + 1 }) },
      },
    });
    const { send, now, hosted } = run(machine);
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 100; j++) send("go");
      await vi.waitFor(() => expect(now().context.done).toBe((i + 1) * 100), { interval: 1 });
    }
    expect(Object.keys(now().children)).toEqual([]);
    expect(JSON.stringify(hosted.persist()).length).toBeLessThan(200);
  });

  test("of 20,000 further spawned children leave no memory behind", { timeout: 60_000 }, async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const machine = setup({
      types: { context: {} as { done: number; last: string } },
      actors: { call: fromPromise(async () => "x".repeat(50)) },
    }).createMachine({
      context: { done: 0, last: "" },
      initial: "a",
      // Ids of their own make event types of their own: XState remembers every one, in every state.
      always: { guard: () => false, actions: () => {} },
      states: { a: { on: { go: { actions: assign(({ spawn }) => ({ last: spawn("call").id })) } } } },
      on: { "xstate.done.actor.*": { actions: assign({ done: ({ context }) => context.done + 1 }) } },
    });
    const { send, now, cell } = run(machine);
    const spawn = async (count: number): Promise<number> => {
      const wanted = now().context.done + count;
      for (let i = 0; i < count; i += 100) {
        for (let j = 0; j < 100; j++) send("go");
        const sofar = wanted - count + i + 100;
        await vi.waitFor(() => expect(now().context.done).toBe(sofar), { interval: 1 });
        cell.turns.length = 0;
        cell.story.length = 0;
      }
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = await spawn(2_000);
    const after = await spawn(20_000);
    expect((after - before) / 20_000).toBeLessThan(60);
  });

  test("that failed as spawned children are reaped too, an invoked one stays while its state does", async () => {
    const failing = fromPromise(async () => {
      throw new Error("no");
    });
    const quick = fromPromise(async () => 1);
    const { send, now } = run(
      createMachine({
        initial: "a",
        states: {
          a: {
            invoke: { id: "invoked", src: quick },
            on: {
              go: { actions: spawnChild(failing, { id: "spawned" }) },
              "xstate.error.actor.spawned": { actions: assign({}) },
            },
          },
        },
      }),
    );
    send("go");
    expect(Object.keys(now().children)).toEqual(["invoked", "spawned"]);
    await expect.poll(() => Object.keys(now().children)).toEqual(["invoked"]);
  });
});
