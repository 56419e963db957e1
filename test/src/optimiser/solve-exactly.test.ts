import { afterEach, describe, expect, test, vi } from "vitest";
import { balancing } from "../../../machines/index.ts";
import { solveExactly } from "../../../src/optimiser/solve-exactly.ts";
import { seededRandom } from "../../support/simulated-env.ts";
import { rejection } from "../../support/systems.ts";

function problemOf(seed: number, workers: number, tasks: number): balancing.AssignmentProblem {
  const random = seededRandom(seed);
  const table = (least: number, most: number) =>
    Array.from({ length: workers }, () =>
      Array.from({ length: tasks }, () => least + Math.floor(random() * (most - least + 1))),
    );
  const need = table(5, 25);
  const capacity = need.map((row) => Math.floor((0.9 * row.reduce((sum, one) => sum + one, 0)) / workers));
  return { cost: table(10, 50), need, capacity };
}

describe("the exact solver", () => {
  afterEach(() => {
    vi.doUnmock("highs");
    vi.resetModules();
  });

  test("rows 21 and 88: proves the optimum, which our own heuristic comes within half a percent of and never below", async () => {
    for (const seed of [1, 2]) {
      const problem = problemOf(seed, 4, 20);
      const exact = await solveExactly(problem, { withinMs: 300_000 });
      const own = balancing.solveAssignment(problem, { roundsMax: 200 });
      expect(exact.status).toBe("optimal");
      expect(own.feasible).toBe(true);
      expect(own.bound).toBeLessThanOrEqual((exact.cost as number) + 1e-6);
      expect(own.cost).toBeGreaterThanOrEqual(exact.cost as number);
      expect(own.cost).toBeLessThanOrEqual((exact.cost as number) * 1.005);
    }
  });

  test("takes negative costs, and keeps a task from where it cannot go", async () => {
    const no = Number.POSITIVE_INFINITY;
    const problem = {
      cost: [
        [no, -3],
        [5, no],
      ],
      need: [
        [1, 1],
        [1, 1],
      ],
      capacity: [1, 1],
    };
    expect(await solveExactly(problem)).toEqual({ status: "optimal", worker: [1, 0], cost: 2 });
  });

  test("says that there is no feasible assignment", async () => {
    const problem = { cost: [[1, 1]], need: [[2, 2]], capacity: [3] };
    expect(await solveExactly(problem)).toMatchObject({ status: "infeasible", worker: undefined });
  });

  test("says what to install where the package is not there, and what times it takes", async () => {
    vi.resetModules();
    vi.doMock("highs", () => {
      throw new Error("Cannot find package 'highs'");
    });
    const fresh = await import("../../../src/optimiser/solve-exactly.ts");
    const problem = { cost: [[1]], need: [[1]], capacity: [1] };
    expect(await rejection(fresh.solveExactly(problem))).toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("npm install highs"),
    });
    expect(await rejection(solveExactly(problem, { withinMs: 0 }))).toMatchObject({ code: "OPTION_INVALID" });
  });
});
