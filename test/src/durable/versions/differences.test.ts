import fc from "fast-check";
import { beforeAll, expect, test, vi } from "vitest";
import { type AnyStateNode, createMachine, setup } from "xstate";
import { checkSnapshot, differencesOf, outlineOf } from "../../../../src/durable/versions/index.ts";
import { statesOf } from "../../../../src/xstate/machine-parts.ts";
import {
  counting,
  type OrderConfig,
  orderMachine,
  persistedAfter,
  randomRun,
  type StateConfig,
} from "./machines.ts";

beforeAll(() => {
  // XState's remarks on what random machines do.
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

/** What is said of a change of the order machine, breaking first. */
function told(change: (config: OrderConfig) => void): {
  readonly breaking: string[];
  readonly compatible: string[];
} {
  const differences = differencesOf(outlineOf(orderMachine()), outlineOf(orderMachine(change)));
  const of = (effect: string) => differences.filter((each) => each.effect === effect).map(({ says }) => says);
  return { breaking: of("breaking"), compatible: of("compatible") };
}

test("an equal machine has no differences", () => {
  expect(told(() => {})).toEqual({ breaking: [], compatible: [] });
});

test("what nobody in a stored state depends on is compatible", () => {
  expect(
    told((config) => {
      config.initial = "paying";
      Object.assign(config.states, { archived: { initial: "a", states: { a: {} } } });
      config.states.draft.on = { send: "paying" };
      config.states.paying.after = {};
    }),
  ).toEqual({
    breaking: [],
    compatible: [
      "the machine begins with `paying`, not `draft`",
      "state `draft` handles no `submit` any more",
      "state `draft` handles `send` now",
      "state `paying` does nothing after `patience` any more",
      "state `archived` is new",
    ],
  });
});

test.each<[what: string, change: (config: OrderConfig) => void, says: string]>([
  [
    "a state that is gone",
    ({ states }) => delete states.handling.states?.letter?.states?.written,
    "state `handling.letter.written` is gone",
  ],
  [
    "a state of another kind",
    ({ states }) => Object.assign(states.helped, { initial: "a", states: { a: {} } }),
    "state `helped` was atomic and is compound",
  ],
  [
    "a region beside those somebody is in",
    ({ states }) => Object.assign(states.handling.states as object, { bill: {} }),
    "region `handling.bill` is new; nobody who is beside it has entered it",
  ],
  [
    "an invocation that is gone",
    ({ states }) => delete states.paying.invoke,
    "state `paying` does not invoke `payment` any more; it may be running",
  ],
  [
    "an invocation of another src",
    ({ states }) =>
      Object.assign(states.paying, { invoke: { id: "payment", src: "charge", onDone: "handling" } }),
    "state `paying` invokes `charge` as `payment`, not `pay`",
  ],
  [
    "an invocation in a state somebody is in",
    ({ states }) => Object.assign(states.draft, { invoke: { id: "check", src: "pay" } }),
    "state `draft` invokes `check` now; for who is in it, it does not run",
  ],
  [
    "a time limit in a state somebody is in",
    ({ states }) => Object.assign(states.draft, { after: { longer: "helped" } }),
    "state `draft` does something after `longer` now; who is in it has no such timer",
  ],
  [
    "a way out of a state somebody is in",
    ({ states }) => Object.assign(states.helped, { always: { guard: () => false, target: "draft" } }),
    "state `helped` may be left by itself now; who is in it stays until its next event",
  ],
  [
    "a history that remembers less",
    ({ states }) =>
      Object.assign(states.draft.states as object, { last: { type: "history", history: "shallow" } }),
    "state `draft.last` remembered deep and remembers shallow",
  ],
  [
    "an id of a state",
    ({ states }) => Object.assign(states.helped, { id: "aid" }),
    "state `helped` had no id of its own and has the id `aid`",
  ],
  [
    "an id of the machine",
    (config) => Object.assign(config, { id: "sale" }),
    "the machine's id was `order` and is `sale`",
  ],
])("%s is breaking", (_what, change, says) => {
  expect(told(change).breaking).toEqual([says]);
});

test("what differs in a child machine is told of the child; one that is gone or of another kind is breaking", () => {
  const parent = (actors: Record<string, unknown>) =>
    outlineOf(setup({ actors: actors as never }).createMachine({ id: "p" }));
  const kid = (states: object) => createMachine({ id: "kid", initial: "a", states: { a: {}, ...states } });
  const before = parent({ kid: kid({ b: {} }), other: counting });
  expect(differencesOf(before, parent({ kid: kid({ c: {} }), other: counting, more: counting }))).toEqual([
    { effect: "breaking", says: "actor `kid`: state `b` is gone" },
    { effect: "compatible", says: "actor `kid`: state `c` is new" },
    { effect: "compatible", says: "actor `more` is new" },
  ]);
  expect(differencesOf(before, parent({ kid: counting }))).toEqual([
    { effect: "breaking", says: "actor `kid`: it was a machine and is a reducer" },
    { effect: "breaking", says: "actor `other` is gone" },
  ]);
  expect(differencesOf({ kind: "reducer" }, before)).toEqual([
    { effect: "breaking", says: "it was a plain reducer and is a machine" },
  ]);
});

test("a new state in a random machine is breaking exactly where it is a region, and what is stored fits where it is not", () => {
  let [regions, states] = [0, 0];
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (seed, where) => {
      const { machine, stored } = randomRun(seed) ?? { stored: [] };
      if (machine === undefined) return;
      const parents = statesOf(machine).filter(({ type }) => type === "compound" || type === "parallel");
      const { path, type } = parents[where % parents.length] as AnyStateNode;
      const config = withState(machine.config as StateConfig, path);
      const grown = createMachine(config as never).provide(machine.implementations as never);
      const [difference, ...others] = differencesOf(outlineOf(machine), outlineOf(grown));
      expect(others).toEqual([]);
      expect(difference?.effect).toBe(type === "parallel" ? "breaking" : "compatible");
      if (type === "parallel") regions++;
      else states++;
      for (const snapshot of type === "parallel" ? [] : stored) {
        expect(checkSnapshot(grown, snapshot)).toEqual(checkSnapshot(machine, snapshot));
      }
    }),
    { numRuns: 200 },
  );
  expect(Math.min(regions, states)).toBeGreaterThan(10);
});

/** The same with one more state at the end of the path. */
function withState(config: StateConfig, [name, ...rest]: readonly string[]): StateConfig {
  const { states = {} } = config;
  if (name === undefined) return { ...config, states: { ...states, extra: {} } };
  return { ...config, states: { ...states, [name]: withState(states[name] as StateConfig, rest) } };
}

test("a state that is new changes nothing for who is elsewhere", () => {
  const grown = orderMachine(({ states }) => Object.assign(states, { archived: {} }));
  for (const events of [[], ["add"], ["submit"], ["paid"], ["help"]]) {
    expect(checkSnapshot(grown, persistedAfter(orderMachine(), ...events))).toEqual([]);
  }
});
