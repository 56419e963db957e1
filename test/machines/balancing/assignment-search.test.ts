import { expect, test } from "vitest";
import { tableOf, worthOf } from "../../../machines/balancing/assignment-problem.ts";
import { Search } from "../../../machines/balancing/assignment-search.ts";
import { preferences } from "../../../machines/balancing/capacity-prices.ts";
import { drawing } from "./draws.ts";

test("an improved assignment is not improved by moving one task or by swapping two, overload and its penalty counted", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const drawn = drawing(seed);
    const [workers, tasks] = [4, 14];
    const rows = (least: number, most: number) =>
      Array.from({ length: workers }, () =>
        Array.from({ length: tasks }, () => least + drawn.below(most - least)),
      );
    const table = tableOf({ cost: rows(10, 50), need: rows(5, 25), capacity: new Array(workers).fill(45) });
    const search = new Search(table, preferences(table, new Float64Array(workers)), 2);
    search.become(Array.from({ length: tasks }, () => drawn.below(workers)));
    search.improve(
      Int32Array.from({ length: tasks }, (_, n) => n),
      () => false,
    );
    // One penalty for all: the fines come to so much for each unit of overload.
    const penalised = (worker: ArrayLike<number>): number => {
      const { cost, overload } = worthOf(table, worker);
      return cost + 2 * overload;
    };
    const found = penalised(search.worker);
    expect(found).toBeCloseTo(worthOf(table, search.worker).cost + search.penalties());
    for (let a = 0; a < tasks; a++) {
      for (let to = 0; to < workers; to++)
        expect(penalised([...search.worker].with(a, to))).toBeGreaterThanOrEqual(found - 1e-6);
      for (let b = 0; b < a; b++) {
        const swapped = [...search.worker];
        [swapped[a], swapped[b]] = [swapped[b] as number, swapped[a] as number];
        expect(penalised(swapped)).toBeGreaterThanOrEqual(found - 1e-6);
      }
    }
  }
});
