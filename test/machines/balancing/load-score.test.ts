import { describe, expect, test } from "vitest";
import { learned, loadScore, predicted, type ServiceHistory } from "../../../machines/balancing/index.ts";

const idle = { capacity: 4, tasks: 0, cpu: 0, memory: 0, slowness: 1, success: 1, fit: 1 };

describe("the load score", () => {
  test("row 86: is 100 for an idle, fast and fit worker, and the weighted sum of its terms for any other", () => {
    expect(loadScore(idle).score).toBeCloseTo(100);
    const { score, terms } = loadScore({ ...idle, tasks: 2, cpu: 0.4, slowness: 2 });
    expect(score).toBeCloseTo(100 * (0.3 * 0.5 + 0.25 * 0.5 + 0.15 + 0.15 * 0.6 + 0.1 + 0.05));
    expect(terms.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1);
  });

  test("row 86: falls with every figure that gets worse", () => {
    const worse = [
      { tasks: 1 },
      { cpu: 0.1 },
      { memory: 0.1 },
      { slowness: 1.1 },
      { success: 0.9 },
      { fit: 0.9 },
    ];
    for (const figure of worse) expect(loadScore({ ...idle, ...figure }).score).toBeLessThan(99.9);
  });

  test("row 86: falls when a worker is throttled, by what its own tasks take, and rises when it is not any more", () => {
    let history: ServiceHistory = {};
    const scores: number[] = [];
    for (const [tasks, tookMs] of [
      [20, 100],
      [5, 400],
      [20, 100],
    ] as const) {
      for (let n = 0; n < tasks; n++) {
        history = learned(history, { worker: "peer", taskType: "t", tookMs: 100 });
        history = learned(history, { worker: "w", taskType: "t", tookMs });
      }
      const of = (worker: string): number => predicted(history, { worker, taskType: "t" }).meanMs;
      scores.push(loadScore({ capacity: 4, tasks: 1, slowness: of("w") / of("peer") }).score);
    }
    const [before, throttled, again] = scores as [number, number, number];
    expect(throttled).toBeLessThan(before - 20);
    expect(again).toBeGreaterThan(before - 2);
  });

  test("leaves out what was not measured, and stays between 0 and 100", () => {
    expect(loadScore({ capacity: 2, tasks: 0 })).toMatchObject({ score: 100, terms: [{ name: "places" }] });
    expect(loadScore({ capacity: 2, tasks: 9, cpu: 1.4 }).score).toBe(0);
    expect(loadScore({ ...idle, capacity: 0 }).score).toBe(0);
  });
});
