import { describe, expect, test, vi } from "vitest";
import {
  type AnyActorRef,
  assign,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromPromise,
  fromTransition,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";
import { run } from "../../support/recording-cell.ts";
import { seededRandom } from "../../support/simulated-env.ts";

const peer = { $to: "bank" } as never;

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
