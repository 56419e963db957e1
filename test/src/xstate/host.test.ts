import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import {
  type AnyActorRef,
  type AnyEventObject,
  assign,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  type PromiseActorLogic,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";
import { callContextOf, Hosted } from "../../../src/xstate/host.ts";
import { RecordingCell, run } from "../../support/recording-cell.ts";
import { seededRandom } from "../../support/simulated-env.ts";

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

describe("the verdict", () => {
  const machine = createMachine({
    initial: "a",
    context: { open: false },
    on: { "job.*": {}, everywhere: { actions: () => {} } },
    states: {
      a: {
        meta: { postpone: ["later", 7] },
        on: {
          go: "b",
          nothing: {},
          forbidden: undefined,
          "job.secret": [undefined as never],
          guarded: { guard: ({ context }) => context.open, target: "b" },
          faulty: {
            guard: () => {
              throw new Error("guard");
            },
            target: "b",
          },
        },
      },
      b: { type: "parallel", states: { x: { meta: { postpone: ["other"] } }, y: {} } },
    },
  });

  test.each([
    ["go", "taken"],
    ["nothing", "taken"],
    ["everywhere", "taken"],
    ["job.done", "taken"],
    ["forbidden", "unexpected"],
    ["job.secret", "unexpected"],
    ["guarded", "unexpected"],
    ["unknown", "unexpected"],
  ])("on %s is %s", (type, verdict) => {
    const { hosted, cell } = run(machine);
    cell.takeStory();
    expect(hosted.isTaking({ type })).toBe(verdict === "taken");
    expect(cell.takeStory()).toEqual([]);
    expect(hosted.receive({ type })).toBe(verdict);
    expect(cell.takeStory()).toEqual(verdict === "taken" ? ["turn"] : []);
  });

  test("is taken where a guard throws, because the turn then faults", () => {
    const { hosted, cell } = run(machine);
    expect(hosted.receive({ type: "faulty" })).toBe("taken");
    expect(cell.faults).toHaveLength(1);
  });

  test("evaluates a guard once on the way of planned transitions", () => {
    const guard = vi.fn(() => true);
    const { send } = run(createMachine({ on: { go: { guard, actions: assign({}) } } }));
    send("go");
    expect(guard).toHaveBeenCalledTimes(1);
  });

  test("knows what active states postpone", () => {
    const { hosted, send } = run(machine);
    expect(["later", "other", "7"].map((type) => hosted.postpones(type))).toEqual([true, false, false]);
    send("go");
    expect(["later", "other"].map((type) => hosted.postpones(type))).toEqual([false, true]);
    hosted.stop();
    expect(hosted.postpones("other")).toBe(false);
  });

  test("is never unexpected for logic that is no machine", () => {
    const logics = [
      fromTransition((state) => state, {}),
      fromCallback(() => {}),
      fromPromise(() => new Promise(() => {})),
    ];
    for (const logic of logics) {
      const { hosted } = run(logic);
      expect(hosted.receive({ type: "anything" })).toBe("taken");
      expect(hosted.postpones("anything")).toBe(false);
    }
  });
});

describe("a machine in a cell", () => {
  const kid = createMachine({
    id: "kid",
    context: { n: 0 },
    initial: "i",
    states: {
      i: {
        on: {
          P: { actions: [assign({ n: ({ context }) => context.n + 1 }), sendParent({ type: "ACK" })] },
          END: "f",
        },
      },
      f: { type: "final" },
    },
    output: ({ context }) => context.n,
  });
  const machine = setup({
    types: { context: {} as { acks: number; out: unknown; kids: AnyActorRef[] } },
    actors: { kid },
  }).createMachine({
    id: "d",
    type: "parallel",
    context: { acks: 0, out: null, kids: [] },
    on: {
      SP: {
        actions: assign({
          kids: ({ context, spawn }) => [
            ...context.kids,
            spawn("kid", { id: `k${context.kids.length}` }) as AnyActorRef,
          ],
        }),
      },
      KILL: { actions: stopChild(({ context }) => context.kids[0] as AnyActorRef) },
      ACK: { actions: assign({ acks: ({ context }) => context.acks + 1 }) },
    },
    states: {
      x: {
        initial: "p",
        states: {
          p: { on: { N: "q", ALL: "q" } },
          q: {
            initial: "q1",
            states: {
              q1: { on: { N: "q2" } },
              q2: { always: { guard: ({ context }) => context.acks > 2, target: "#d.x.p" } },
              h: { type: "history" },
            },
            on: { ALL: "p", BACK: ".h" },
          },
        },
      },
      y: {
        initial: "u",
        states: {
          u: {
            entry: raise({ type: "R" }),
            on: {
              R: {
                actions: enqueueActions(({ enqueue, context }) => {
                  if (context.kids[0]) enqueue.sendTo(context.kids[0], { type: "P" });
                }),
              },
              ALL: "v",
            },
          },
          v: {
            invoke: {
              id: "inv",
              src: "kid",
              onDone: { target: "u", actions: assign({ out: ({ event }) => event.output }) },
            },
            on: {
              P: { actions: sendTo("inv", { type: "P" }) },
              END: { actions: sendTo("inv", { type: "END" }) },
            },
          },
        },
      },
    },
  });
  const types = ["N", "ALL", "BACK", "SP", "KILL", "P", "END", "ACK", "R", "NOPE"];

  test("behaves as it does in XState alone, on 10,000 random events", () => {
    // XState warns of events to stopped actors where we report them as lost.
    using _quiet = vi.spyOn(console, "warn").mockImplementation(() => {});
    const plain = (of: unknown): unknown => JSON.parse(JSON.stringify(of));
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    const random = seededRandom(seed);
    for (let round = 0; round < 500; round++) {
      const alone = createActor(machine);
      alone.subscribe({ error: () => {} });
      alone.start();
      const { send, hosted } = run(machine);
      const events: string[] = [];
      for (let i = 0; i < 20; i++) {
        const type = types[Math.floor(random() * types.length)] ?? "N";
        events.push(type);
        alone.send({ type } as never);
        send(type);
      }
      expect(plain(hosted.persist()), `SEED=${seed}: ${events.join(" ")}`).toEqual(
        plain(alone.getPersistedSnapshot()),
      );
    }
  });

  test("goes on from what persist gave, with its children", () => {
    const first = run(machine);
    first.send("SP", "N", "ALL", "P", "ACK");
    const second = run(machine, { snapshot: JSON.parse(JSON.stringify(first.hosted.persist())) });
    expect(second.now().value).toEqual(first.now().value);
    second.send("P", "END");
    expect(second.now().context.out).toBe(2);
  });

  test("ends with its output once its last effects are released", () => {
    const { cell, send, hosted } = run(
      createMachine({
        initial: "a",
        states: {
          a: { on: { go: { target: "b", actions: sendTo(peer, { type: "bye" } as never) } } },
          b: { type: "final" },
        },
        output: 7,
      }),
    );
    cell.takeStory();
    send("go");
    expect(cell.takeStory()).toEqual(["send bye", "done", "turn"]);
    expect(cell.output).toBe(7);
    expect(hosted.receive({ type: "go" })).toBe("ended");
  });

  test("may be done before it was ever sent a message", () => {
    const { cell } = run(
      createMachine({ initial: "a", states: { a: { type: "final" } }, output: "at once" }),
    );
    expect(cell.story).toEqual(["done", "turn"]);
  });

  test("finds actors of its own tree by their system names, and no other cell's", () => {
    const found: unknown[] = [];
    const named = createMachine({ id: "named" });
    const make = () =>
      createMachine({
        entry: spawnChild(named, { id: "n", systemId: "clerk" }),
        on: {
          look: {
            actions: ({ system }) => void found.push(system.get("clerk"), Object.keys(system.getAll())),
          },
        },
      });
    const one = run(make());
    const two = run(make());
    one.send("look");
    two.send("look");
    expect(found[0]).toBe(one.now().children.n);
    expect(found[2]).toBe(two.now().children.n);
    expect(found[1]).toEqual(["clerk"]);
  });

  test("may give a system name to another child once the first has ended", () => {
    const kid = createMachine({ initial: "a", states: { a: { on: { end: "f" } }, f: { type: "final" } } });
    const { cell, send, now } = run(
      createMachine({
        on: {
          open: { actions: spawnChild(kid, { id: "k", systemId: "clerk" }) },
          end: { actions: sendTo("k", { type: "end" }) },
        },
      }),
    );
    send("open", "end", "open");
    expect(cell.faults).toEqual([]);
    expect(Object.keys(now().children)).toEqual(["k"]);
    send("open");
    expect(cell.faults).toMatchObject([{ message: expect.stringContaining("clerk") }]);
  });

  test("emits for its children too, to handlers within the tree and to the cell", () => {
    const heard: string[] = [];
    const kid = createMachine({ on: { p: { actions: emit({ type: "chirp" }) } } });
    const { cell, send } = run(
      createMachine({
        entry: spawnChild(kid, { id: "k" }),
        on: {
          listen: {
            actions: ({ self }) => self.getSnapshot().children.k?.on("chirp", ({ type }) => heard.push(type)),
          },
          poke: { actions: sendTo("k", { type: "p" }) },
        },
      }),
    );
    send("listen", "poke");
    expect(cell.emitted).toEqual([{ type: "chirp" }]);
    expect(heard).toEqual(["chirp"]);
  });

  test("is seen by an inspector of its system", () => {
    const seen: string[] = [];
    const { send } = run(
      createMachine({
        on: {
          look: { actions: ({ system }) => void system.inspect(({ type }) => seen.push(type)) },
          go: { actions: assign({}) },
        },
      }),
    );
    send("go");
    expect(seen).toEqual([]);
    send("look", "go");
    expect(seen).toEqual(expect.arrayContaining(["@xstate.microstep", "@xstate.snapshot"]));
  });
});

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
    expect(hosted.cancelCalls((cause) => cause === "question 2", "no")).toBe(0);
    expect(hosted.cancelCalls((cause) => cause === "question 1", "withdrawn")).toBe(1);
    expect(hosted.cancelCalls((cause) => cause === "question 1", "withdrawn")).toBe(0);
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

interface Watching {
  next(value: unknown): void;
  complete(): void;
}

/** An observable in the hands of the test. */
function subject() {
  let observer: Watching | undefined;
  const source = {
    subscribe: (given: Watching) => {
      observer = given;
      return { unsubscribe: () => {} };
    },
  };
  const subscribed = (): Watching => {
    if (observer === undefined) throw new Error("nobody subscribed");
    return observer;
  };
  return { source, observer: subscribed };
}

describe("logic that is no machine", () => {
  test("fromTransition emits, and its state is the context", () => {
    const { cell, send, hosted } = run(
      fromTransition(
        (state: { n: number }, event, { emit: say }) => {
          say({ type: "counted" });
          return { n: state.n + (event.type === "two" ? 2 : 1) };
        },
        { n: 0 },
      ),
    );
    send("one", "two");
    expect(hosted.snapshot).toMatchObject({ status: "active", context: { n: 3 } });
    expect(cell.emitted).toHaveLength(2);
    expect(hosted.persist()).toMatchObject({ context: { n: 3 } });
  });

  test("fromTransition takes input and a snapshot", () => {
    const logic = fromTransition(
      (state: { n: number }) => ({ n: state.n + 1 }),
      ({ input }: { input: number }) => ({ n: input }),
    );
    expect(run(logic, { input: 5 }).hosted.snapshot).toMatchObject({ context: { n: 5 } });
    const again = run(logic, { snapshot: { status: "active", context: { n: 8 } } });
    again.send("x");
    expect(again.hosted.snapshot).toMatchObject({ context: { n: 9 } });
  });

  test("fromTransition behaves as in XState when it uses its self", () => {
    const states: unknown[] = [];
    const logic = fromTransition((state: number, event: AnyEventObject, { self }) => {
      states.push(self.getSnapshot().context);
      if (event.type === "twice") self.send({ type: "again" });
      return state + 1;
    }, 0);
    const alone = createActor(logic).start();
    alone.send({ type: "twice" });
    alone.send({ type: "once" });
    const expected = states.splice(0);
    const { send, hosted } = run(logic);
    send("twice", "once");
    expect(states).toEqual(expected);
    expect(hosted.snapshot).toMatchObject({ context: 3 });
  });

  test("a promise is done with its output, a rejected one fails", async () => {
    const good = run(fromPromise(async () => 5));
    await expect.poll(() => good.cell.output).toBe(5);
    const bad = run(
      fromPromise(async () => {
        throw new Error("no");
      }),
    );
    await expect.poll(() => bad.cell.faults).toMatchObject([{ message: "no" }]);
  });

  test("a callback gets events and is disposed of; what it sends back has no parent to go to", () => {
    const seen: string[] = [];
    const { cell, send, hosted } = run(
      fromCallback(({ receive, sendBack, emit: say }) => {
        receive(({ type }) => {
          seen.push(type);
          say({ type: "heard" });
          sendBack({ type: "back" });
        });
        return () => void seen.push("disposed");
      }),
    );
    send("hello");
    hosted.stop();
    expect(seen).toEqual(["hello", "disposed"]);
    expect(cell.emitted).toEqual([{ type: "heard" }]);
    expect(cell.losses).toEqual(["back to parent"]);
  });

  test("an observable's values become its context, until it completes", () => {
    const { source, observer } = subject();
    const { cell, hosted } = run(fromObservable(() => source as never));
    observer().next(3);
    expect(hosted.snapshot).toMatchObject({ context: 3 });
    observer().complete();
    expect(cell.story.slice(-2)).toEqual(["done", "turn"]);
  });

  test("an observable of events sends them to the machine that invokes it", () => {
    const { source, observer } = subject();
    const { now } = run(
      createMachine({
        context: { n: 0 },
        invoke: { src: fromEventObservable(() => source as never) },
        on: { tick: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      }),
    );
    observer().next({ type: "tick" });
    observer().next({ type: "tick" });
    expect(now().context.n).toBe(2);
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
