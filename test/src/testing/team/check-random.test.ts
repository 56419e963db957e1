import { expect, test } from "vitest";
import { check, type Step, type Violation } from "../../../../src/testing/team/index.ts";

interface Graph {
  readonly edges: readonly (readonly [from: number, to: number, action: string])[];
  readonly goal: ReadonlySet<number>;
  readonly size: number;
}

const fair = (action: string): boolean => action !== "x";

function randomGraph(seed: number): Graph {
  let state = seed * 2_654_435_761 + 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const size = 2 + below(5);
  const edges = Array.from({ length: below(size * 3) }, () => {
    return [below(size), below(size), ["a", "b", "x"][below(3)] as string] as const;
  });
  const goal = new Set(Array.from({ length: below(3) }, () => below(size)));
  return { size, edges, goal };
}

function reachableFrom(graph: Graph, from: number): Set<number> {
  const reached = new Set([from]);
  for (const at of reached) for (const [source, to] of graph.edges) if (source === at) reached.add(to);
  return reached;
}

/** By the definition: some set of states without the goal, in which a run can go round all and be fair. */
function mayAvoid(graph: Graph): boolean {
  const reached = [...reachableFrom(graph, 0)];
  for (let bits = 1; bits < 1 << graph.size; bits++) {
    const set = [...Array(graph.size).keys()].filter((state) => bits & (1 << state));
    if (!set.every((state) => reached.includes(state) && !graph.goal.has(state))) continue;
    const inside = graph.edges.filter(([from, to]) => set.includes(from) && set.includes(to));
    const within = { ...graph, edges: inside };
    if (!set.every((a) => set.every((b) => reachableFrom(within, a).has(b)))) continue;
    const isMet = ["a", "b"].every(
      (action) =>
        inside.some(([, , taken]) => taken === action) ||
        set.some((state) => !graph.edges.some(([from, , possible]) => from === state && possible === action)),
    );
    // One state without a loop: the run stays there, which an action that is possible forbids; `isMet` says so.
    if (isMet) return true;
  }
  return false;
}

function expectRun(graph: Graph, { steps, loopsFrom = 0 }: Violation<number>): void {
  let at = 0;
  for (const { action, state } of steps) {
    expect(graph.edges).toContainEqual([at, state, action]);
    at = state;
  }
  const states = [0, ...steps.map(({ state }) => state)];
  expect(at).toBe(states[loopsFrom]);
  const loop = states.slice(loopsFrom);
  expect(loop.some((state) => graph.goal.has(state))).toBe(false);
  const possible = (state: number, action: string): boolean =>
    graph.edges.some(([from, , name]) => from === state && name === action);
  for (const action of ["a", "b"]) {
    const isTaken = loop.some((from, i) =>
      graph.edges.some(([f, to, name]) => f === from && to === loop[i + 1] && name === action),
    );
    expect(isTaken || loop.some((state) => !possible(state, action))).toBe(true);
  }
}

test("on 600 random graphs it agrees with what the words mean", () => {
  const verdicts = { trap: 0, safe: 0, never: 0 };
  for (let seed = 1; seed <= 600; seed++) {
    const graph = randomGraph(seed);
    const next = (at: number): Step<number>[] =>
      graph.edges.filter(([from]) => from === at).map(([, to, action]) => ({ action, to }));
    const model = { init: [0], next, mayEnd: () => true, fair };
    const isGoal = (state: number): boolean => graph.goal.has(state);
    const reached = [...reachableFrom(graph, 0)];

    const trap = check({ ...model, reachable: { goal: isGoal } });
    const isTrapped = reached.some((state) => ![...reachableFrom(graph, state)].some(isGoal));
    expect([seed, trap.verdict]).toEqual([seed, isTrapped ? "violated" : "holds"]);
    const safe = check({ ...model, safe: { avoided: (state) => !isGoal(state) } });
    expect([seed, safe.verdict]).toEqual([seed, reached.some(isGoal) ? "violated" : "holds"]);
    const never = check({ ...model, eventually: { goal: isGoal } });
    expect([seed, never.verdict]).toEqual([seed, mayAvoid(graph) ? "violated" : "holds"]);
    if (never.violation !== undefined) expectRun(graph, never.violation);

    verdicts.trap += Number(isTrapped);
    verdicts.safe += Number(safe.verdict === "violated");
    verdicts.never += Number(never.verdict === "violated" && never.violation?.loopsFrom !== undefined);
  }
  // Neither answer is rare.
  for (const count of Object.values(verdicts)) expect(count).toBeGreaterThan(100);
  for (const count of Object.values(verdicts)) expect(count).toBeLessThan(580);
});
