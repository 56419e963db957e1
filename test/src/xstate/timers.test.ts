import { describe, expect, test } from "vitest";
import { assign, cancel, createMachine, raise, sendParent, sendTo, setup, spawnChild } from "xstate";
import { run } from "../../support/recording-cell.ts";

const peer = { $to: "bank" } as never;
const out = (type: string, delay: number, id?: string) =>
  sendTo(peer, { type } as never, { delay, ...(id === undefined ? {} : { id }) });

describe("a delayed transition", () => {
  const machine = createMachine({
    initial: "a",
    states: {
      a: { after: { 1000: "b" }, on: { leave: "c", again: { target: "a", reenter: true } } },
      b: {},
      c: {},
    },
  });

  test("takes place when the cell's time has come, in a turn of its own", () => {
    const { cell, now } = run(machine);
    cell.present = "unrelated";
    cell.takeStory();
    cell.env.advance(999);
    expect(now().value).toBe("a");
    cell.env.advance(1);
    expect(now().value).toBe("b");
    expect(cell.takeStory()).toEqual(["begin test", "turn"]);
  });

  test("is given up when its state is left, and begins anew when it is entered again", () => {
    const left = run(machine);
    left.send("leave");
    expect(left.cell.env.pendingTimers).toBe(0);

    const again = run(machine);
    again.cell.env.advance(900);
    again.send("again");
    expect(again.cell.env.pendingTimers).toBe(1);
    again.cell.env.advance(900);
    expect(again.now().value).toBe("a");
    again.cell.env.advance(100);
    expect(again.now().value).toBe("b");
  });

  test("takes named and computed delays, and one of years", () => {
    const years = 3 * 365 * 24 * 3_600_000;
    const { cell, now } = run(
      setup({
        delays: { named: 50, computed: ({ context }) => (context as { ms: number }).ms },
      }).createMachine({
        context: { ms: 20 },
        initial: "a",
        states: {
          a: { after: { named: "b" } },
          b: { after: { computed: "c" } },
          c: { after: { [years]: "d" } },
          d: {},
        },
      }),
    );
    cell.env.advance(50);
    cell.env.advance(20);
    expect(now().value).toBe("c");
    cell.env.advance(years - 1);
    expect(now().value).toBe("c");
    cell.env.advance(1);
    expect(now().value).toBe("d");
  });

  test("of a child goes with the child", () => {
    const kid = createMachine({ after: { 500: { actions: sendParent({ type: "up" }) } } });
    const { cell, send } = run(
      createMachine({
        initial: "a",
        states: { a: { invoke: { src: kid }, on: { leave: "b" } }, b: {} },
        on: { up: { actions: out("upward", 0) } },
      }),
    );
    expect(cell.env.pendingTimers).toBe(1);
    send("leave");
    expect(cell.env.pendingTimers).toBe(0);
    expect(cell.losses).toEqual([]);
  });
});

describe("a delayed event", () => {
  test("goes to plain data as an effect, with the cause of the turn that set it", () => {
    const { cell, send } = run(createMachine({ on: { go: { actions: out("pay", 100) } } }));
    cell.present = "question 3";
    send("go");
    cell.present = undefined;
    cell.takeStory();
    cell.env.advance(100);
    expect(cell.takeStory()).toEqual(["begin question 3", "send pay", "turn"]);
    expect(cell.sent).toEqual([{ target: peer, event: { type: "pay" } }]);
  });

  test("is withheld if its cause has expired meanwhile", () => {
    const { cell, send } = run(createMachine({ on: { go: { actions: out("pay", 100) } } }));
    send("go");
    cell.expiredNow = true;
    cell.env.advance(100);
    expect(cell.sent).toEqual([]);
    expect(cell.story).toContain("withheld send pay");
  });

  test("of one id replaces the one before", () => {
    const { cell, send } = run(createMachine({ on: { go: { actions: out("pay", 100, "p") } } }));
    send("go");
    cell.env.advance(60);
    send("go");
    expect(cell.env.pendingTimers).toBe(1);
    cell.env.advance(60);
    expect(cell.sent).toEqual([]);
    cell.env.advance(40);
    expect(cell.sent).toHaveLength(1);
  });

  test("without an id stands for itself", () => {
    const { cell, send } = run(createMachine({ on: { go: { actions: out("pay", 100) } } }));
    send("go", "go", "go");
    cell.env.advance(100);
    expect(cell.sent).toHaveLength(3);
  });

  test("is cancelled by its id, by its own actor only", () => {
    const kid = createMachine({ entry: out("kid's", 100, "t"), on: { stop: { actions: cancel("t") } } });
    const { cell, send } = run(
      createMachine({
        entry: [spawnChild(kid, { id: "k" }), out("root's", 100, "t")],
        on: { go: { actions: cancel("t") }, unknown: { actions: cancel("nothing") } },
      }),
    );
    send("unknown", "go");
    cell.env.advance(100);
    expect(cell.sent.map(({ event }) => event.type)).toEqual(["kid's"]);
  });

  test("to a child that is gone by then is reported as lost", () => {
    const kid = createMachine({ initial: "a", states: { a: { on: { end: "f" } }, f: { type: "final" } } });
    const { cell, send } = run(
      createMachine({
        entry: spawnChild(kid, { id: "k" }),
        on: {
          go: { actions: sendTo("k", { type: "later" }, { delay: 100 }) },
          end: { actions: sendTo("k", { type: "end" }) },
        },
      }),
    );
    send("go", "end");
    cell.env.advance(100);
    expect(cell.losses).toEqual(["later to k"]);
  });

  test("from a child that is gone by then is reported as lost, at once", () => {
    const kid = createMachine({
      initial: "a",
      states: {
        a: {
          entry: [sendParent({ type: "up" }, { delay: 100 }), raise({ type: "own" }, { delay: 100 })],
          on: { end: "f" },
        },
        f: { type: "final" },
      },
    });
    const { cell, send } = run(
      createMachine({
        context: { up: 0 },
        entry: spawnChild(kid, { id: "k" }),
        on: { end: { actions: sendTo("k", { type: "end" }) }, up: { actions: assign({ up: 1 }) } },
      }),
    );
    send("end");
    expect(cell.losses).toEqual([`up to ${cell.address}`]);
    expect(cell.env.pendingTimers).toBe(0);
  });

  test("is refused with its turn by a cell that has ended", () => {
    const { cell, send, now } = run(
      createMachine({
        context: { n: 0 },
        on: { go: { actions: raise({ type: "late" }, { delay: 10 }) }, late: { actions: assign({ n: 1 }) } },
      }),
    );
    send("go");
    cell.refuses = true;
    cell.env.advance(10);
    expect(now().context.n).toBe(0);
  });

  test("does not come once its machine is done, failed or stopped", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          entry: out("late", 100),
          on: {
            finish: "f",
            fail: {
              actions: assign(() => {
                throw new Error("bug");
              }),
            },
          },
        },
        f: { type: "final" },
      },
    });
    for (const type of ["finish", "fail", "stop"]) {
      const { cell, send, hosted } = run(machine);
      if (type === "stop") hosted.stop();
      else send(type);
      cell.env.advance(1_000);
      expect(cell.sent, type).toEqual([]);
      expect(cell.env.pendingTimers, type).toBe(0);
    }
  });
});
