import { describe, expect, test } from "vitest";
import { chosen, faultKinds, faultPlan, faultTable, type PlannedFault } from "./fault-plan.ts";

function first(count: number, seed: number, kinds = faultKinds): PlannedFault[] {
  const plan = faultPlan({ seed, kinds, gapMs: [1_000, 3_000] });
  return Array.from({ length: count }, () => plan.next().value).filter((fault) => fault !== undefined);
}

describe("a plan of faults", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(first(50, 7)).toEqual(first(50, 7));
    expect(first(50, 7)).not.toEqual(first(50, 8));
  });

  test("has every kind once in each round, and in another order", () => {
    const kinds = first(2 * faultKinds.length, 3).map(({ kind }) => kind);
    const rounds = [kinds.slice(0, faultKinds.length), kinds.slice(faultKinds.length)];
    for (const round of rounds) expect([...round].sort()).toEqual([...faultKinds].sort());
    expect(rounds[0]).not.toEqual(rounds[1]);
  });

  test("stays within its bounds", () => {
    for (const { kind, gapMs, lastsMs, victim } of first(500, 1)) {
      const [least, most] = faultTable[kind].lastsMs;
      expect(gapMs).toBeGreaterThanOrEqual(1_000);
      expect(gapMs).toBeLessThanOrEqual(3_000);
      expect(lastsMs).toBeGreaterThanOrEqual(least);
      expect(lastsMs).toBeLessThanOrEqual(most);
      expect(chosen(["a", "b", "c"], victim)).toMatch(/[abc]/);
    }
  });

  test("of no kinds is empty, and of some has these alone", () => {
    expect(first(3, 1, [])).toEqual([]);
    expect(new Set(first(20, 1, ["kill", "pause"]).map(({ kind }) => kind))).toEqual(
      new Set(["kill", "pause"]),
    );
    expect(chosen([], 0.5)).toBeUndefined();
  });
});
