import { describe, expect, test } from "vitest";
import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { defineProtocol, type MessageOf } from "../../../../protocols/index.ts";
import { pathsOf, type Said } from "../../../../src/testing/model/index.ts";
import {
  assertInvariants,
  checkInvariants,
  conformancePaths,
  conforms,
  holding,
} from "../../../../src/testing/oracle/index.ts";

const buffer = defineProtocol({
  name: "buffer",
  accepts: { put: z.object({ item: z.number().int() }), take: z.object({}), close: z.object({}) },
  emits: { taken: z.object({ item: z.number() }) },
});

/** A buffer of two places, which is emptied before it closes. */
function bufferMachine({ places = 2, isFull = 2 } = {}) {
  return setup({
    types: {
      context: {} as { items: readonly number[] },
      events: {} as MessageOf<typeof buffer>,
      emitted: {} as { type: "taken"; item: number },
    },
    guards: {
      hasRoom: ({ context }) => context.items.length < places,
      isFilled: ({ context }) => context.items.length >= isFull,
      isEmpty: ({ context }) => context.items.length === 0,
    },
    actions: {
      put: assign({ items: ({ context, event }) => [...context.items, (event as { item: number }).item] }),
      take: assign({ items: ({ context }) => context.items.slice(1) }),
      say: emit(({ context }) => ({ type: "taken", item: context.items[0] as number })),
    },
  }).createMachine({
    id: "buffer",
    context: { items: [] },
    initial: "empty",
    states: {
      empty: {
        meta: { invariants: { "is empty": isEmpty } },
        on: { put: { target: "some", actions: "put" }, close: "closed" },
      },
      some: {
        always: [
          { guard: "isFilled", target: "full" },
          { guard: "isEmpty", target: "empty" },
        ],
        on: {
          put: { guard: "hasRoom", target: "some", actions: "put" },
          take: { target: "some", actions: ["say", "take"] },
        },
      },
      full: { on: { take: { target: "some", actions: ["say", "take"] } } },
      closed: { type: "final" },
    },
  });
}
const isEmpty = ({ context }: { context: { items: readonly number[] } }): boolean =>
  context.items.length === 0;
const options = { protocol: buffer, payloads: { put: [{ item: 1 }, { item: 2 }] } };
const invariants = {
  "*": {
    "holds at most two": ({ context }: { context: { items: readonly number[] } }) =>
      context.items.length <= 2,
  },
  full: { "is full": ({ context }: { context: { items: readonly number[] } }) => context.items.length === 2 },
};

describe("invariants", () => {
  test("that hold are found to hold in every moment", () => {
    const result = assertInvariants(bufferMachine(), { ...options, invariants });
    expect([result.verdict, result.states]).toEqual(["holds", 8]);
  });

  test("of one state, or of all, that do not hold are told with the shortest story", () => {
    const early = checkInvariants(bufferMachine({ isFull: 1 }), { ...options, invariants });
    expect(early.story).toBe(
      [
        "“is full” of full does not hold:",
        "  it starts → empty",
        "  1. put {item: 1} → full",
        '  with {"items":[1]}',
      ].join("\n"),
    );
    const wide = checkInvariants(bufferMachine({ places: 3, isFull: 3 }), { ...options, invariants });
    expect([wide.verdict, wide.breach]).toEqual([
      "violated",
      { name: "holds at most two", state: "*", reason: undefined },
    ]);
    expect(wide.path?.steps).toHaveLength(3);
  });

  test("of a state's own meta count, and what they throw is the reason", () => {
    const forgetful = bufferMachine().provide({
      actions: { take: () => {} },
      guards: { isEmpty: () => true },
    });
    const { story } = checkInvariants(forgetful, options);
    expect(story).toMatch(/^“is empty” of empty does not hold:\n/);
    const strict = {
      some: {
        "has the first": () => {
          throw new Error("not today");
        },
      },
    };
    expect(checkInvariants(bufferMachine(), { ...options, invariants: strict }).breach?.reason).toBe(
      "not today",
    );
  });

  test("are left open where a limit ends the search", () => {
    expect(checkInvariants(bufferMachine(), { ...options, statesMax: 3 }).verdict).toBe("undecided");
    expect(() => assertInvariants(bufferMachine(), { ...options, statesMax: 3 })).toThrow("statesMax = 3");
  });

  test("can be looked at on every path, in a runtime too", async () => {
    const check = holding(bufferMachine(), invariants);
    const [path] = pathsOf(bufferMachine(), { ...options, check });
    await path?.run({ on: "memory" });
    const never = { "*": { "is never full": ({ value }: { value: unknown }) => value !== "full" } };
    const [other] = pathsOf(bufferMachine(), { ...options, check: holding(bufferMachine(), never) });
    await expect(other?.run({ on: "memory" })).rejects.toThrow("buffer: “is never full” does not hold");
  });

  test("of states that do not exist are refused", () => {
    expect(() => checkInvariants(bufferMachine(), { invariants: { half: {} } })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });

  test("a breach is a path that can be run again", async () => {
    const { path } = checkInvariants(bufferMachine({ isFull: 1 }), { ...options, invariants });
    await path?.run();
    await expect(path?.run({ machine: bufferMachine() })).rejects.toThrow(
      'expected state "full", got "some"',
    );
  });
});

/** What people write. */
class Ring {
  protected items: number[] = [];
  protected closed = false;
  put(item: number): void {
    if (this.items.length < 2 && !this.closed) this.items.push(item);
  }
  take(): number | undefined {
    return this.items.shift();
  }
  close(): void {
    if (this.items.length === 0) this.closed = true;
  }
  get state(): string {
    if (this.closed) return "closed";
    return ["empty", "some", "full"][this.items.length] ?? "overfull";
  }
}

const rings: Readonly<Record<string, () => Ring>> = {
  "takes the newest first": () =>
    new (class extends Ring {
      override take() {
        return this.items.pop();
      }
    })(),
  "has three places": () =>
    new (class extends Ring {
      override put(item: number) {
        if (this.items.length < 3) this.items.push(item);
      }
    })(),
  "closes while there is something in it": () =>
    new (class extends Ring {
      override close() {
        this.closed = true;
      }
    })(),
  "loses what is put after something was taken": () =>
    new (class extends Ring {
      #taken = false;
      override take() {
        this.#taken = true;
        return super.take();
      }
      override put(item: number) {
        if (!this.#taken) super.put(item);
      }
    })(),
  "forgets which one it was": () =>
    new (class extends Ring {
      override put(_item: number) {
        super.put(1);
      }
    })(),
};

function heldTo(start: () => Ring) {
  return {
    ...options,
    refused: true,
    start,
    perform: {
      put: (ring: Ring, { item }: { item: number }) => ring.put(item),
      take: (ring: Ring) => ring.take(),
      close: (ring: Ring) => ring.close(),
    },
    observe: (ring: Ring) => ring.state,
    answer: (said: readonly Said[]) => said.find((each) => each.kind === "emit")?.event.item,
  };
}

describe("an implementation", () => {
  test("that does what its model does conforms to it", async () => {
    const result = await conforms(
      bufferMachine(),
      heldTo(() => new Ring()),
    );
    expect(result).toMatchObject({ missing: [{ id: "buffer.some: put guard false" }] });
    expect(result.steps).toBeGreaterThan(20);
  });

  test.each(Object.entries(rings))("that %s is found out", async (_, start) => {
    await expect(conforms(bufferMachine(), heldTo(start))).rejects.toThrow(
      /^Expected to (see|get) .*, after this of buffer:\n {2}it starts → empty\n {2}1\. /,
    );
  });

  test("is told with what led to the difference", async () => {
    const failing = conforms(bufferMachine(), {
      ...heldTo(rings["takes the newest first"] as never),
      stepsMax: 3,
    });
    await expect(failing).rejects.toMatchObject({
      message: [
        "Expected to get 1, got 2, after this of buffer:",
        "  it starts → empty",
        "  1. put {item: 1} → some",
        "  2. put {item: 2} → full",
        "  3. take → some (emits taken)",
        '  with {"items":[2]}',
      ].join("\n"),
      expected: 1,
      actual: 2,
    });
  });

  test("is driven by what it can perform, and told what that leaves out", async () => {
    const { perform, ...rest } = heldTo(() => new Ring());
    const { missing } = await conforms(bufferMachine(), { ...rest, perform: { put: perform.put } });
    expect(missing.map(({ id }) => id)).toContain("buffer.full: take");
    expect(missing.map(({ id }) => id)).not.toContain("state buffer.full");
  });

  test("makes a test of each path, a fresh system for each, and stops it", async () => {
    const [started, stopped]: [Ring[], Ring[]] = [[], []];
    const start = (): Ring => {
      started.push(new Ring());
      return started.at(-1) as Ring;
    };
    const paths = conformancePaths(bufferMachine(), {
      ...heldTo(start),
      stop: (ring: Ring) => stopped.push(ring),
    });
    for (const path of paths) await path.run();
    expect(new Set(paths.map(({ name }) => name)).size).toBe(paths.length);
    expect(started.length).toBe(paths.length);
    expect(stopped).toEqual(started);
  });

  test("with timers and calls is told what happens by name", async () => {
    const machine = setup({}).createMachine({
      id: "lamp",
      initial: "off",
      states: { off: { on: { press: "on" } }, on: { after: { 30000: "off" } } },
    });
    const lamp = { start: () => ({ on: false }), observe: ({ on }: { on: boolean }) => (on ? "on" : "off") };
    const press = (it: { on: boolean }): void => {
      it.on = true;
    };
    const wait = (it: { on: boolean }): void => {
      it.on = false;
    };
    await conforms(machine, { ...lamp, perform: { press, "after 30000": wait } });
    const broken = conforms(machine, { ...lamp, perform: { press, "after 30000": () => {} } });
    await expect(broken).rejects.toThrow('Expected to see "off", got "on"');
  });
});
