import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCel } from "../../../machines/authority/index.ts";
import type { Fact, Facts } from "../../../protocols/index.ts";

function failure(text: string, facts: Facts): string | undefined {
  const parsed = parseCel(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.failureOf(facts);
}

describe("a condition in CEL", () => {
  test.each([
    ['rows > 1000 && source == "lake"', { rows: 2_000, source: "lake" }, { rows: 2_000, source: "sea" }],
    ['region in ["eu", "uk"]', { region: "uk" }, { region: "us" }],
    ["rows in [1, 2]", { rows: 2 }, { rows: 3 }],
    ["!urgent || rows < 10.5", { urgent: true, rows: 10 }, { urgent: true, rows: 11 }],
    ['name.startsWith("raw_") && size(name) < 10', { name: "raw_a" }, { name: "raw_aaaaaaaaa" }],
    ["urgent ? rows > 1 : rows > 5", { urgent: true, rows: 2 }, { urgent: false, rows: 2 }],
  ])("%s", (text, good, bad) => {
    expect(failure(text, good as Facts)).toBeUndefined();
    expect(failure(text, bad as Facts)).toContain("does not hold");
  });

  test("that needs a fact which is not known, or of another kind, fails and says so", () => {
    expect(failure("rows > 10", {})).toBe('"rows > 10" cannot be said: Unknown variable: rows');
    expect(failure("rows > 10", { rows: "many" })).toContain("no such overload");
    expect(failure("rows", { rows: 1 })).toBe('"rows" does not hold');
  });

  test.each([
    ["rows >", "Unexpected token"],
    ['name.matches("(a+)+$")', 'may not use "matches"'],
    ["[1, 2].all(x, x > 0)", 'may not use "all"'],
    ["a.b > 1", 'may not use "."'],
    ["a[0] > 1", 'may not use "[]"'],
    ['timestamp("2024-01-01T00:00:00Z") == a', 'may not use "timestamp"'],
    ["1 + 1", "is of type int"],
    ['1 > "a"', "no such overload"],
    [`${"(".repeat(40)}a${")".repeat(40)}`, "Exceeded maxDepth"],
    [Array(300).fill("a").join(" && "), "Exceeded maxAstNodes"],
  ])("%s is refused when it is loaded", (text, problem) => {
    expect(parseCel(text)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test("row 8: sees facts alone, whatever it is called", () => {
    for (const name of ["constructor", "toString", "globalThis", "process", "hasOwnProperty"])
      expect(failure(`${name} == 1`, { it: 1 })).toContain("Unknown variable");
  });

  test("row 8: of any text nothing runs and nothing is thrown", () => {
    const trap = globalThis as { ran?: boolean };
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "globalThis.ran = true",
        "constructor",
        "a",
        "(",
        ")",
        "&&",
        '"',
        "b.",
        "size",
        "[",
        "]",
      ),
      fc.constantFrom("1", "> ", "?", ":", "{", "}", "!", "cel.bind(", "a.map("),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const parsed = parseCel(pieces.join(""));
        if (!("problem" in parsed)) parsed.failureOf({ a: 1, b: "x" } satisfies Record<string, Fact>);
      }),
      { numRuns: 3_000 },
    );
    expect(trap.ran).toBeUndefined();
  });
});
