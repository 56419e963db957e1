import { expect, test } from "vitest";
import { check, type Step } from "../../../../src/testing/team/index.ts";

type Jugs = { readonly five: number; readonly three: number };

function pour({ five, three }: Jugs): Step<Jugs>[] {
  const toThree = Math.min(five, 3 - three);
  const toFive = Math.min(three, 5 - five);
  return [
    { action: "fill 5", to: { five: 5, three } },
    { action: "fill 3", to: { five, three: 3 } },
    { action: "empty 5", to: { five: 0, three } },
    { action: "empty 3", to: { five, three: 0 } },
    { action: "5 into 3", to: { five: five - toThree, three: three + toThree } },
    { action: "3 into 5", to: { five: five + toFive, three: three - toFive } },
  ];
}

test("the counterexample is a shortest one, and each of its steps is one of the model's", () => {
  const start = { five: 0, three: 0 };
  const result = check({ init: [start], next: pour, safe: { "never four": ({ five }) => five !== 4 } });
  expect(result).toMatchObject({ verdict: "violated", violation: { kind: "unsafe", name: "never four" } });
  // The known solution of the two-jug riddle takes six steps.
  expect(result.violation?.steps.map(({ action }) => action)).toEqual([
    "fill 5",
    "5 into 3",
    "empty 3",
    "5 into 3",
    "fill 5",
    "5 into 3",
  ]);
  let state: Jugs = start;
  for (const step of result.violation?.steps ?? []) {
    expect(pour(state)).toContainEqual({ action: step.action, to: step.state });
    state = step.state;
  }
});

test("all states and all edges are looked at, once", () => {
  const result = check({ init: [{ five: 0, three: 0 }], next: pour });
  // 4 × 6 contents, of which those with neither jug full nor empty cannot be reached.
  expect(result).toMatchObject({ verdict: "holds", states: 16, edges: 96 });
  expect(result.truncated).toBeUndefined();
});

interface Table {
  readonly left: readonly boolean[];
  readonly right: readonly boolean[];
}

/** Philosophers who take the left fork first; the last one, if `careful`, the right one. */
function dine(seats: number, careful: boolean): (table: Table) => Step<Table>[] {
  return (table) =>
    table.left.flatMap((hasLeft, i) => {
      const neighbour = (i + 1) % seats;
      const hasRight = table.right[i] as boolean;
      const leftFree = !table.right[(i + seats - 1) % seats];
      const rightFree = !table.left[neighbour];
      const step = (action: string, left: boolean, right: boolean): Step<Table> => ({
        action: `${action} ${i}`,
        to: { left: table.left.with(i, left), right: table.right.with(i, right) },
      });
      if (hasLeft && hasRight) return [step("eat", false, false)];
      const rightFirst = careful && i === seats - 1;
      if (!hasLeft && leftFree && !hasRight === !rightFirst) return [step("left", true, hasRight)];
      if (!hasRight && rightFree && hasLeft === !rightFirst) return [step("right", hasLeft, true)];
      return [];
    });
}

test("a deadlock is found, with the shortest way into it; a team without one passes", () => {
  const init = [{ left: [false, false, false, false], right: [false, false, false, false] }];
  const stuck = check({ init, next: dine(4, false) });
  expect(stuck.violation).toMatchObject({ kind: "deadlock" });
  expect(stuck.violation?.steps).toHaveLength(4);
  expect(stuck.violation?.steps.at(-1)?.state.left).toEqual([true, true, true, true]);
  expect(check({ init, next: dine(4, true) })).toMatchObject({ verdict: "holds" });
});

test("a run may come to its end where it may end, and nowhere else", () => {
  const next = (n: number): Step<number>[] => (n < 3 ? [{ action: "count", to: n + 1 }] : []);
  expect(check({ init: [0], next, mayEnd: (n) => n === 3 }).verdict).toBe("holds");
  expect(check({ init: [0], next, mayEnd: (n) => n === 2 }).violation?.kind).toBe("deadlock");
});

const doors: Record<string, string[]> = {
  hall: ["garden", "cellar"],
  garden: ["hall", "street"],
  street: ["garden"],
  cellar: ["vault"],
  vault: ["cellar"],
};
const walk = (room: string): Step<string>[] => (doors[room] ?? []).map((to) => ({ action: `to ${to}`, to }));

test("a trap is found: the first state from which the goal is out of reach", () => {
  const result = check({ init: ["hall"], next: walk, reachable: { outside: (room) => room === "street" } });
  expect(result.violation).toMatchObject({ kind: "trap", name: "outside" });
  expect(result.violation?.steps.map(({ state }) => state)).toEqual(["cellar"]);
  const away = check({ init: ["cellar"], next: walk, reachable: { vault: (room) => room === "vault" } });
  expect(away.verdict).toBe("holds");
});

test("a goal that only an unfair run avoids is come to; without that fairness it is not", () => {
  const next = (room: string): Step<string>[] =>
    room === "in"
      ? [
          { action: "wait", to: "in" },
          { action: "leave", to: "out" },
        ]
      : [{ action: "rest", to: room }];
  const eventually = { out: (room: string) => room === "out" };
  expect(check({ init: ["in"], next, eventually }).verdict).toBe("holds");
  const unfair = check({ init: ["in"], next, eventually, fair: (action) => action === "wait" });
  expect(unfair.violation).toMatchObject({ kind: "never", name: "out", loopsFrom: 0 });
  expect(unfair.violation?.steps.map(({ action }) => action)).toEqual(["wait"]);
});

test("an action that becomes impossible again and again may be missed for ever", () => {
  // Weak fairness: "enter" is possible in one of the two states only.
  const next = (light: string): Step<string>[] =>
    light === "green"
      ? [
          { action: "turn", to: "red" },
          { action: "enter", to: "inside" },
        ]
      : light === "red"
        ? [{ action: "turn", to: "green" }]
        : [{ action: "stay", to: "inside" }];
  const result = check({ init: ["red"], next, eventually: { inside: (light) => light === "inside" } });
  expect(result.violation).toMatchObject({ kind: "never", loopsFrom: 0 });
  expect(result.violation?.steps.map(({ state }) => state)).toEqual(["green", "red"]);
});

test("a goal may be due once, or after something only", () => {
  const next = (n: number): Step<number>[] => [{ action: "next", to: n === 3 ? 2 : n + 1 }];
  const one = (n: number): boolean => n === 1;
  expect(check({ init: [0], next, eventually: { one } }).violation?.kind).toBe("never");
  expect(check({ init: [0], next, eventually: { one: { goal: one, after: "start" } } }).verdict).toBe(
    "holds",
  );
  const after = (n: number): boolean => n === 0;
  expect(check({ init: [0], next, eventually: { one: { goal: one, after } } }).verdict).toBe("holds");
  const late = check({ init: [0], next, eventually: { one: { goal: one, after: (n) => n === 3 } } });
  expect(late.violation).toMatchObject({ kind: "never" });
  expect(late.violation?.steps.map(({ state }) => state).slice(0, 3)).toEqual([1, 2, 3]);
});

test("a run that nothing fair moves on may stay where it is", () => {
  const next = (n: number): Step<number>[] =>
    n < 2 ? [{ action: n === 0 ? "go" : "crash", to: n + 1 }] : [];
  const eventually = { two: (n: number) => n === 2 };
  const options = { init: [0], next, eventually, mayEnd: () => true };
  const result = check({ ...options, fair: (action) => action !== "crash" });
  expect(result.violation).toMatchObject({ kind: "never", loopsFrom: 1 });
  expect(check(options).verdict).toBe("holds");
});

test("states of one key count as one", () => {
  type Pair = readonly [number, number];
  const next = ([a, b]: Pair): Step<Pair>[] =>
    [
      { action: "a", to: [a + 1, b] as const },
      { action: "b", to: [a, b + 1] as const },
    ].filter(({ to }) => to[0] <= 9 && to[1] <= 9);
  const options = { init: [[0, 0] as const], next, mayEnd: ([a, b]: Pair) => a + b === 18 };
  expect(check(options).states).toBe(100);
  expect(check({ ...options, key: (pair) => [...pair].sort((x, y) => x - y) }).states).toBe(55);
  const folded = check({
    ...options,
    key: (pair) => [...pair].sort().join(),
    safe: { "not five and three": ([a, b]) => a * b !== 15 },
  });
  expect(folded.states).toBeLessThan(55);
  // The run is one of the model, not of the folded states.
  let pair: Pair = [0, 0];
  for (const { action, state } of folded.violation?.steps ?? []) {
    expect(next(pair)).toContainEqual({ action, to: state });
    pair = state;
  }
  expect([...pair].sort()).toEqual([3, 5]);
});

const counting = {
  init: [{ n: 0, text: "0" }],
  next: ({ n }: { n: number }) =>
    [1, 2].map((by) => ({ action: "add", to: { n: n + by, text: `${n + by}` } })),
};

test.each([
  ["statesMax", 1_000],
  ["depthMax", 20],
  ["memoryMaxMb", 4],
] as const)("a search that comes to %s ends undecided, and says so", (limit, value) => {
  const result = check({ ...counting, statesMax: 5_000_000, [limit]: value });
  expect(result.verdict).toBe("undecided");
  expect(result.truncated).toMatchObject({ by: limit });
  expect(result.truncated?.message).toContain(`${limit}, ${value}`);
  expect(result.truncated?.message).toContain(`${result.states} states`);
});

test("what was not looked at is no trap and no endless run", () => {
  const reachable = { far: ({ n }: { n: number }) => n === 1_000_000 };
  const result = check({ ...counting, depthMax: 5, reachable, eventually: reachable });
  expect(result.verdict).toBe("undecided");
});

test("data that JSON takes for equal is told apart", () => {
  const values = [
    undefined,
    null,
    Number.NaN,
    0,
    0n,
    "0",
    new Date(0),
    new Map([[1, 2]]),
    new Set([1]),
    [],
    {},
  ];
  const next = (): never[] => [];
  const init = [...values, { a: undefined }, { a: 1, b: 2 }, { b: 2, a: 1 }].map((value) => ({ value }));
  expect(check({ init, next, mayEnd: () => true }).states).toBe(init.length);
});

test("a state that is no plain data needs a key", () => {
  class Box {
    readonly #secret = 1;
    open(): number {
      return this.#secret;
    }
  }
  const next = (): never[] => [];
  const mayEnd = (): boolean => true;
  for (const odd of [() => 1, new Box(), Symbol("s")]) {
    const code = { code: "OPTION_INVALID" };
    expect(() => check({ init: [{ odd }], next, mayEnd })).toThrow(expect.objectContaining(code));
    expect(check({ init: [{ odd }], next, mayEnd, key: () => "odd" }).verdict).toBe("holds");
  }
  const round: { self?: unknown } = {};
  round.self = round;
  expect(() => check({ init: [round], next, mayEnd })).toThrow(/contain itself/);
});

test.each([
  { statesMax: 0 },
  { statesMax: 1.5 },
  { depthMax: -1 },
  { memoryMaxMb: Number.NaN },
  { init: [] },
])("the option %o is refused", (wrong) => {
  const run = (): unknown => check({ ...counting, ...wrong });
  expect(run).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});

test("a large table tells all rows apart", () => {
  // Among 400,000 states some 19 pairs share a 32-bit hash.
  const [width, height] = [1_000, 400];
  const next = ([x, y]: readonly [number, number]): Step<readonly [number, number]>[] => [
    { action: "x", to: [(x + 1) % width, y] },
    { action: "y", to: [x, (y + 1) % height] },
  ];
  const wide = ([x, y]: readonly [number, number]): number[] => [
    Math.imul(x, 0x9e3779b1),
    Math.imul(y, 0x85ebca6b),
  ];
  const { states, edges } = check({ init: [[0, 0] as const], next, key: wide });
  expect({ states, edges }).toEqual({ states: width * height, edges: 2 * width * height });
});

test("a model that does not give the same steps again is refused", () => {
  let calls = 0;
  const next = (n: number): Step<number>[] => [{ action: "next", to: n + 1 + 10 * calls++ }];
  const run = (): unknown => check({ init: [0], next, safe: { small: (n) => n < 100 } });
  expect(run).toThrow(/the same steps for the same state each time/);
});
