import { describe, expect, test, vi } from "vitest";
import {
  type AnyActorRef,
  assign,
  createMachine,
  emit,
  fromCallback,
  fromPromise,
  log,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { Hosted } from "../../../src/xstate/host.ts";
import { RecordingCell, run } from "../../support/recording-cell.ts";

const peer = { $to: "bank" } as never;

describe("a turn", () => {
  test("runs the tree to rest first, then releases effects in the order they arose", () => {
    const order: string[] = [];
    const kid = createMachine({
      context: { n: 0 },
      on: { p: { actions: [assign({ n: ({ context }) => context.n + 1 }), sendParent({ type: "kidDid" })] } },
    });
    const call = fromPromise(async () => void order.push("call"));
    const listener = fromCallback(({ receive, sendBack }) => {
      receive((event) => {
        order.push(`callback got ${event.type}`);
        sendBack({ type: "back" });
      });
    });
    const machine = setup({
      actors: { kid, call, listener },
      actions: { side: () => void order.push("action") },
    }).createMachine({
      initial: "a",
      context: { kidDid: 0, back: 0 },
      entry: [spawnChild("kid", { id: "k" }), spawnChild("listener", { id: "cb" })],
      on: {
        kidDid: {
          actions: [
            assign({ kidDid: ({ context }) => context.kidDid + 1 }),
            () => void order.push("action after the kid's message"),
          ],
        },
        back: { actions: assign({ back: ({ context }) => context.back + 1 }) },
      },
      states: {
        a: {
          on: {
            go: {
              target: "b",
              actions: [
                "side",
                sendTo("k", { type: "p" }),
                sendTo("cb", { type: "hey" }),
                sendTo(peer, { type: "pay" } as never),
                emit({ type: "note" }),
                log("hello"),
              ],
            },
          },
        },
        b: { invoke: { src: "call" } },
      },
    });
    const { cell, send, now } = run(machine);
    cell.takeStory();
    cell.onSend = () => order.push("send");
    send("go");
    expect(order).toEqual(["action", "callback got hey", "send", "call", "action after the kid's message"]);
    expect(cell.takeStory()).toEqual(["log hello", "send pay", "emit note", "turn", "begin test", "turn"]);
    expect(now().context).toEqual({ kidDid: 1, back: 1 });
  });

  test("that faults releases nothing and keeps the old state and context", () => {
    const ran = vi.fn();
    const call = vi.fn();
    const { cell, send, now, hosted } = run(
      createMachine({
        initial: "a",
        context: { n: 0 },
        states: {
          a: {
            on: {
              go: {
                target: "b",
                actions: [
                  ran,
                  sendTo(peer, { type: "pay" } as never),
                  emit({ type: "note" }),
                  assign({ n: 9 }),
                  spawnChild(fromPromise(async () => call())),
                  assign(() => {
                    throw new Error("late");
                  }),
                ],
              },
            },
          },
          b: {},
        },
      }),
    );
    cell.takeStory();
    send("go");
    expect(cell.takeStory()).toEqual(["failed", "turn"]);
    expect(ran).not.toHaveBeenCalled();
    expect(call).not.toHaveBeenCalled();
    expect(now()).toMatchObject({ status: "error", value: "a", context: { n: 0 } });
    expect(hosted.receive({ type: "go" })).toBe("ended");
  });

  test("of a callback's sendBack while effects are released comes after them, with their cause", () => {
    const callback = fromCallback(({ sendBack }) => {
      for (let i = 0; i < 3; i++) sendBack({ type: "back" });
    });
    const { cell, send, now } = run(
      createMachine({
        context: { n: 0 },
        on: {
          go: { actions: [spawnChild(callback), sendTo(peer, { type: "last" } as never)] },
          back: { actions: assign({ n: ({ context }) => context.n + 1 }) },
        },
      }),
    );
    cell.takeStory();
    cell.present = "question 1";
    send("go");
    expect(cell.takeStory()).toEqual([
      "send last",
      "turn",
      ...[1, 2, 3].flatMap(() => ["begin question 1", "turn"]),
    ]);
    expect(now().context.n).toBe(3);
  });

  test("of an event an action sends to its own actor comes after the effects, with their cause", () => {
    const { cell, send } = run(
      createMachine({
        on: {
          go: {
            actions: [({ self }) => self.send({ type: "more" }), sendTo(peer, { type: "last" } as never)],
          },
          more: {},
        },
      }),
    );
    cell.takeStory();
    cell.present = "question 2";
    send("go");
    expect(cell.takeStory()).toEqual(["send last", "turn", "begin question 2", "turn"]);
  });

  test("in the midst of which a message arrives is a mistake of ours, and says so", () => {
    const machine = createMachine({ on: { go: { actions: sendTo(peer, { type: "out" } as never) } } });
    const { cell, hosted, send } = run(machine);
    cell.onSend = () => void hosted.receive({ type: "go" });
    send("go");
    expect(cell.effectFaults).toMatchObject([{ what: "send out", error: { code: "INVARIANT_BROKEN" } }]);
  });

  test("may be followed by another from within its end", () => {
    const { cell, hosted, now } = run(
      createMachine({
        context: { n: 0 },
        on: { go: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      }),
    );
    let left = 3;
    cell.onEnd = () => {
      if (left-- > 0) hosted.receive({ type: "go" });
    };
    hosted.receive({ type: "go" });
    expect(now().context.n).toBe(4);
  });

  test("reports the root's snapshot before and after", () => {
    const { cell, send } = run(createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: {} } }));
    send("go");
    const { before, after } = cell.turns.at(-1) ?? {};
    expect([before, after]).toMatchObject([{ value: "a" }, { value: "b" }]);
  });

  test("of a message nobody in the tree waits for is reported as lost", () => {
    const kid = createMachine({ initial: "a", states: { a: { on: { end: "f" } }, f: { type: "final" } } });
    const { cell, send } = run(
      setup({ types: { context: {} as { kid: AnyActorRef } }, actors: { kid } }).createMachine({
        context: ({ spawn }) => ({ kid: spawn("kid", { id: "k" }) as AnyActorRef }),
        on: {
          tell: {
            actions: sendTo(
              ({ context }) => context.kid,
              ({ event }) => ({ type: String(event.what) }),
            ),
          },
          up: { actions: sendParent({ type: "orphan" }) },
        },
      }),
    );
    send({ type: "tell", what: "end" }, { type: "tell", what: "late" }, "up");
    expect(cell.losses).toEqual(["late to k", "orphan to parent"]);
    expect(cell.faults).toEqual([]);
  });
});

describe("stop", () => {
  test("disposes of all children, cancels timers, and nothing comes after", async () => {
    const disposed: string[] = [];
    let late: (event: { type: string }) => void = () => {};
    const callback = (name: string) =>
      fromCallback(({ sendBack }) => {
        late = sendBack;
        return () => void disposed.push(name);
      });
    const kid = createMachine({ invoke: { src: callback("of the kid") }, after: { 1000: {} } });
    const { cell, hosted } = run(
      createMachine({
        invoke: [{ src: kid }, { src: callback("of the root") }, { src: fromPromise(async () => 1) }],
        after: { 500: { actions: sendTo(peer, { type: "late" } as never) } },
      }),
    );
    hosted.stop();
    hosted.stop();
    expect(disposed.sort()).toEqual(["of the kid", "of the root"]);
    expect(cell.env.pendingTimers).toBe(0);
    cell.takeStory();
    late({ type: "late" });
    await Promise.resolve();
    await Promise.resolve();
    cell.env.advance(10_000);
    expect(cell.takeStory()).toEqual([]);
    expect(hosted.receive({ type: "x" })).toBe("ended");
  });

  test("works on a machine that was never started, and from within an effect", () => {
    new Hosted(createMachine({}), new RecordingCell(), undefined).stop();
    const { cell, hosted, send } = run(
      createMachine({
        on: {
          go: { actions: [sendTo(peer, { type: "one" } as never), sendTo(peer, { type: "two" } as never)] },
        },
      }),
    );
    cell.takeStory();
    cell.onSend = () => hosted.stop();
    send("go");
    expect(cell.takeStory()).toEqual(["send one", "send two", "turn"]);
  });
});
