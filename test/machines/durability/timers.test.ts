import { describe, expect, test } from "vitest";
import { due, firing, nextDueMs, set, unset } from "../../../machines/durability/timers.ts";

const alarm = (id: string, dueAtMs: number) => ({ id, dueAtMs, message: `${id} rings` });
const both = set(set([], alarm("late", 200), 1), alarm("soon", 100), 2);

describe("R12, D6: timers in the record", () => {
  test("are due in the order of their times, and not before", () => {
    expect(due(both, 99)).toEqual([]);
    expect(due(both, 100).map(({ id }) => id)).toEqual(["soon"]);
    expect(due(both, 500).map(({ id }) => id)).toEqual(["soon", "late"]);
  });

  test("tell when to look again", () => {
    expect(nextDueMs(both)).toBe(100);
    expect(nextDueMs([])).toBeUndefined();
  });

  test("a firing finds the timer of its generation alone", () => {
    expect(firing(both, { id: "soon", generation: 2 }, 100)).toMatchObject({ message: "soon rings" });
    const again = set(both, alarm("soon", 100), 3);
    expect(firing(again, { id: "soon", generation: 2 }, 100)).toBeUndefined();
    expect(firing(again, { id: "soon", generation: 3 }, 100)).toBeDefined();
    expect(again).toHaveLength(2);
  });

  test("a firing finds nothing of a cancelled timer, nor before the time when the wall clock went back", () => {
    expect(firing(unset(both, "soon"), { id: "soon", generation: 2 }, 100)).toBeUndefined();
    expect(firing(both, { id: "soon", generation: 2 }, 99)).toBeUndefined();
  });

  test("cancelling what is not set changes nothing", () => {
    expect(unset(both, "other")).toBe(both);
  });
});
