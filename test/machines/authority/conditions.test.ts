import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf, parseCondition } from "../../../machines/authority/index.ts";
import type { Fact, Facts } from "../../../protocols/index.ts";

function holds(condition: Fact, fact: Fact): boolean | string {
  const parsed = parseCondition(condition);
  if (!parsed.ok) return parsed.problem;
  return failureOf("it", parsed.predicate, { it: fact }) === undefined;
}

function failure(condition: Fact, facts: Facts): string | undefined {
  const parsed = parseCondition(condition);
  if (!parsed.ok) throw new Error(parsed.problem);
  return failureOf("it", parsed.predicate, facts);
}

describe("a condition", () => {
  test.each([
    // The texts of rows 4 to 8, and of the units named as traps.
    [">= 0.8", 0.8, 0.79],
    ["enterprise", "enterprise", "division"],
    [true, true, false],
    ["<= 24_hours", 86_400_000, 86_401_000],
    [">= 0.85", 0.85, 0.849],
    ["<= 0.8", 0.8, 0.81],
    [">= 0.7", 0.7, 0.69],
    ["5_minutes", 300_000, 300_001],
    ["0.1_percent", 0.001, 0.1],
    ["57 %", 0.57, 0.5700000000000001],
    ["2_hours", 7_200_000, 2],
    // What else there is.
    ["> 3", 3.1, 3],
    ["< 3", 2.9, 3],
    ["!= 3", 4, 3],
    ["= 3", 3, 4],
    ["== 3", 3, 4],
    [3, 3, 4],
    [false, false, true],
    ["!= true", false, true],
    ["!= enterprise", "division", "enterprise"],
    ["'3d model'", "3d model", "3d"],
    ['"true"', "true", "false"],
    ["<= 10_GB", "9_GB", "11_GB"],
    ["<= 1 GiB", 1_073_741_824, 1_073_741_825],
    ["<=24h", "1_day", "25_hours"],
    [">= 80 %", 0.8, 0.79],
    ["> -1.5e1", -14, -16],
  ] as const)("row 8: %j holds for %j, and not for %j", (condition, good, bad) => {
    expect([holds(condition, good), holds(condition, bad)]).toEqual([true, false]);
  });

  test.each([
    ["", "expected a comparison"],
    [">=", "expected a comparison"],
    [">= enterprise", '">=" compares numbers, and "enterprise" is none'],
    ["<= true", '"<=" compares numbers'],
    ["<= 24_fortnights", 'unknown unit "fortnights"'],
    ["1e999", "expected a finite number"],
    ["process.exit(1)", "expected a comparison"],
    ["$" + "{process.exit(1)}", "expected a comparison"],
    ["a && b", "expected a comparison"],
    [Number.NaN, "expected a finite number, got NaN"],
    ["x".repeat(201), "expected at most 200 characters, got 201"],
  ])("row 8: %j is refused, with what was expected", (condition, problem) => {
    expect(parseCondition(condition)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test.each([
    [{}, "it is not known, and must be >= 0.8"],
    [{ it: Number.NaN }, "it is NaN, no finite number, and must be >= 0.8"],
    [{ it: Number.POSITIVE_INFINITY }, "it is Infinity, no finite number, and must be >= 0.8"],
    [{ it: "0.9" }, 'it is "0.9", no number, and must be >= 0.8'],
    [{ it: true }, "it is true, no number, and must be >= 0.8"],
    [{ it: 0.79 }, "it is 0.79, and must be >= 0.8"],
  ])("says of %j in one sentence why it fails", (facts, says) => {
    expect(failure(">= 0.8", facts as Facts)).toBe(says);
  });

  test("is never fulfilled by a fact of another kind, nor by what every object inherits", () => {
    expect(failure("<= 24_hours", { it: "5_GB" })).toBe(
      'it is "5_GB", of another kind, and must be <= 24_hours',
    );
    expect(failure("<= 24_hours", { it: "soon" })).toBe('it is "soon", no quantity, and must be <= 24_hours');
    expect(failure(true, { it: "true" })).toBe('it is "true", no truth, and must be true');
    expect(failure("!= enterprise", { it: 1 })).toBe("it is 1, no text, and must be != enterprise");
    const parsed = parseCondition("!= enterprise");
    if (parsed.ok) expect(failureOf("constructor", parsed.predicate, {})).toContain("is not known");
  });

  test("row 8: of any text nothing runs and nothing is thrown, and what is understood is plain data", () => {
    const trap = globalThis as { ran?: boolean };
    const hostile = fc.constantFrom(
      "globalThis.ran=true",
      "${",
      "`",
      "eval(",
      "constructor",
      "=>",
      "__proto__",
    );
    const piece = fc.oneof(
      fc.string({ unit: "binary" }),
      hostile,
      fc.constantFrom(">=", "<=", "24", "_hours", "%", "e9", "'"),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.oneof(fc.string(), fc.double(), fc.boolean()),
        (pieces, fact) => {
          const parsed = parseCondition(pieces.join(""));
          expect(structuredClone(parsed)).toEqual(parsed);
          if (parsed.ok) failureOf("it", parsed.predicate, { it: fact });
          else expect(parsed.problem.length).toBeLessThan(400);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(trap.ran).toBeUndefined();
  });
});
