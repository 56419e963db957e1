import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assign, createMachine, fromCallback, setup } from "xstate";
import {
  differencesOf,
  fingerprintOf,
  fingerprintOfOutline,
  outlineOf,
} from "../../../../src/durable/versions/index.ts";
import { randomMachine } from "../../../support/random-machine.ts";
import { seededRandom } from "../../../support/simulated-env.ts";
import { counting, kid, never, type OrderConfig, orderMachine } from "./machines.ts";

const made = (seed: number, invoking = seed % 2 === 1) =>
  randomMachine(seededRandom(seed), () => {}, { invoking });

describe("the fingerprint of a machine", () => {
  test("is the one it always was: records of earlier releases hold it", () => {
    expect(fingerprintOf(orderMachine())).toBe("a8ffc01f5f84a122");
  });

  test("is the same in another process", async () => {
    const versions = fileURLToPath(new URL("../../../../src/durable/versions/index.ts", import.meta.url));
    const machines = fileURLToPath(new URL("./machines.ts", import.meta.url));
    const script = `
      const { fingerprintOf } = await import(${JSON.stringify(versions)});
      const { orderMachine } = await import(${JSON.stringify(machines)});
      console.log(fingerprintOf(orderMachine()));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(stdout.trim()).toBe(fingerprintOf(orderMachine()));
  });

  test("does not depend on what code does, on the order of the definition, or on where transitions lead", () => {
    const plain = fingerprintOf(orderMachine());
    const same: [string, (config: OrderConfig) => void][] = [
      [
        "actions",
        ({ states }) => Object.assign(states.draft, { entry: [() => {}, assign({ x: 1 })], exit: "note" }),
      ],
      [
        "guards",
        ({ states }) =>
          Object.assign(states.draft, { on: { submit: { guard: () => true, target: "paying" } } }),
      ],
      ["targets", ({ states }) => Object.assign(states.draft, { on: { submit: "helped" } })],
      ["the first context", (config) => Object.assign(config, { context: { items: [1], more: true } })],
      [
        "tags and descriptions",
        (config) => Object.assign(config, { tags: ["x"], description: "an order", meta: { a: 1 } }),
      ],
      [
        "the order of states",
        (config) =>
          Object.assign(config, { states: Object.fromEntries(Object.entries(config.states).reverse()) }),
      ],
    ];
    for (const [what, change] of same) expect(fingerprintOf(orderMachine(change)), what).toBe(plain);
    expect(fingerprintOf(orderMachine().provide({ actions: { note: () => {} } }))).toBe(plain);
  });

  test("is another for each thing that stored snapshots depend on", () => {
    const changes: Record<string, (config: OrderConfig) => void> = {
      "its id": (config) => Object.assign(config, { id: "purchase" }),
      "a new state": ({ states }) => Object.assign(states, { archived: {} }),
      "an initial state": (config) => Object.assign(config, { initial: "paying" }),
      "a kind of state": ({ states }) =>
        Object.assign(states.draft.states as object, { filled: { type: "final" } }),
      "a kind of history": ({ states }) =>
        Object.assign(states.draft.states as object, { last: { type: "history", history: "shallow" } }),
      "an id of a state": ({ states }) => Object.assign(states.draft, { id: "order.drafting" }),
      "a new event": ({ states }) => Object.assign(states.draft, { on: { submit: "paying", x: "paying" } }),
      "another child": ({ states }) =>
        Object.assign(states.helped, { invoke: { id: "helper", src: "counting" } }),
      "an id of a child": ({ states }) =>
        Object.assign(states.helped, { invoke: { id: "help", src: "kid" } }),
      "another delay": ({ states }) => Object.assign(states.paying, { after: { longer: "draft.last" } }),
      "a way out": ({ states }) =>
        Object.assign(states.draft, { always: { guard: () => false, target: "helped" } }),
    };
    const seen = new Map([[fingerprintOf(orderMachine()), "nothing"]]);
    for (const [what, change] of Object.entries(changes)) {
      const fingerprint = fingerprintOf(orderMachine(change));
      expect(seen.get(fingerprint), what).toBeUndefined();
      seen.set(fingerprint, what);
    }
  });

  test("is another where a child machine is another, however deep", () => {
    const within = (inner: ReturnType<typeof createMachine>) =>
      createMachine({
        id: "outer",
        invoke: { src: createMachine({ id: "middle", invoke: { src: inner } }) },
      });
    const grown = createMachine({ id: "kid", initial: "small", states: { small: {}, tall: {}, old: {} } });
    expect(fingerprintOf(within(kid as never))).not.toBe(fingerprintOf(within(grown as never)));
  });

  test("ends where a machine may live under itself", () => {
    const actors: Record<string, unknown> = {};
    const nest = setup({ actors: actors as never }).createMachine({ id: "nest" });
    Object.assign(nest.implementations.actors, { self: nest });
    expect(outlineOf(nest)).toMatchObject({ actors: { self: { kind: "above", levels: 1 } } });
    expect(fingerprintOf(nest)).toMatch(/^[0-9a-f]{16}$/);
  });
});

test("logic without states has the name of its kind", () => {
  expect(fingerprintOf(undefined)).toBe("reducer");
  expect(fingerprintOf(counting)).toBe("transition");
  expect(fingerprintOf(never)).toBe("call");
  expect(fingerprintOf(fromCallback(() => {}))).toBe("call");
});

test("an outline is plain JSON, and has its machine's fingerprint when it comes back in another order", () => {
  const backwards = (value: unknown): unknown => {
    if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, backwards(inner)]),
    );
  };
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const machine = made(seed);
      if (machine === undefined) return;
      const outline = outlineOf(machine);
      const back = JSON.parse(JSON.stringify(outline));
      expect(back).toEqual(outline);
      expect(fingerprintOfOutline(backwards(back) as never)).toBe(fingerprintOf(machine));
    }),
  );
});

test("a random machine has one fingerprint, and two have the same exactly where nothing differs", () => {
  let [equal, different] = [0, 0];
  fc.assert(
    fc.property(fc.nat(400), fc.nat(400), (seed, other) => {
      const [one, again, two] = [made(seed), made(seed), made(other)];
      if (one === undefined || again === undefined || two === undefined) return;
      expect(fingerprintOf(one)).toBe(fingerprintOf(again));
      expect(differencesOf(outlineOf(one), outlineOf(again))).toEqual([]);
      const isSame = fingerprintOf(one) === fingerprintOf(two);
      expect(differencesOf(outlineOf(one), outlineOf(two)).length === 0).toBe(isSame);
      if (isSame) equal++;
      else different++;
    }),
    { numRuns: 300 },
  );
  expect(different).toBeGreaterThan(equal);
});
