import { describe, expect, test } from "vitest";
import { simulatedRun } from "../../../machines/balancing/index.ts";

const task = (id: string, worker: string, ms: number, after: string[] = []) => ({ id, worker, ms, after });

describe("a plan that is run through", () => {
  test("rows 21 and 85: busy and idle time together are places times makespan", () => {
    const run = simulatedRun(
      [task("a", "x", 30), task("b", "x", 20), task("c", "x", 10), task("d", "y", 15)],
      {
        x: 2,
        y: 1,
      },
    );
    // x: a and b side by side, c when b is done.
    expect(run).toMatchObject({
      makespanMs: 30,
      endMs: { x: 30, y: 15 },
      latencyMs: (30 + 20 + 30 + 15) / 4,
    });
    expect(run.utilisation.x).toBeCloseTo(60 / 60);
    expect(run.utilisation.y).toBeCloseTo(15 / 30);
    expect(run.efficiency).toBeCloseTo(1);
  });

  test("row 88: begins nothing before what it waits for is done, and lets others pass it meanwhile", () => {
    const run = simulatedRun(
      [task("late", "x", 5, ["first", "elsewhere"]), task("b", "x", 4), task("first", "y", 10)],
      {
        x: 1,
        y: 1,
      },
    );
    expect(run).toMatchObject({ makespanMs: 15, endMs: { x: 15, y: 10 } });
    expect(run.efficiency).toBeCloseTo(1);
  });

  test("refuses what can never be done, naming it", () => {
    const circle = [task("a", "x", 1, ["b"]), task("b", "x", 1, ["a"])];
    expect(() => simulatedRun(circle, { x: 1 })).toThrow(/a, b never can/);
    expect(() => simulatedRun([task("a", "nobody", 1)], { x: 1 })).toThrow(/a never can/);
    expect(simulatedRun([], {})).toMatchObject({ makespanMs: 0, efficiency: 1 });
  });
});
