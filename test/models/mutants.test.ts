import { describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/testing/team/check-result.ts";
import { delegationSteps } from "./delegation-steps.ts";
import { durabilitySteps } from "./durability-steps.ts";
import { explore, lineOf } from "./explore.ts";
import { p1Mutants, p2Mutants } from "./mutants.ts";
import { p1 } from "./p1.ts";
import { p2 } from "./p2.ts";

function expectCaught<S>(name: string, breaks: string, result: CheckResult<S>): void {
  process.stdout.write(`${lineOf(name, result)}\n`);
  expect(result.verdict).toBe("violated");
  expect(result.violation?.name).toBe(breaks);
  expect(result.violation?.steps.length).toBeGreaterThan(0);
}

describe("the checker catches each fault planted in the durable protocol", () => {
  for (const [name, { says, breaks, steps, server, bounds }] of Object.entries(p1Mutants)) {
    test(`${name}: ${says}`, () => {
      expectCaught(`${name} ${says}`, breaks, explore(p1(bounds, steps, server)));
    });
  }
});

describe("the checker catches each fault planted in delegation", () => {
  for (const [name, { says, breaks, steps, bounds }] of Object.entries(p2Mutants)) {
    test(`${name}: ${says}`, () => {
      expectCaught(`${name} ${says}`, breaks, explore(p2(bounds, steps)));
    });
  }
});

describe("what catches a mutant is its fault: at the same bounds the product's own steps hold", () => {
  for (const name of ["M8", "M9"] as const)
    test(`as for ${name}`, () => {
      const bounds = p1Mutants[name]?.bounds;
      if (bounds === undefined) throw new Error(`Expected a mutant ${name}`);
      expect(explore(p1(bounds, durabilitySteps)).verdict).toBe("holds");
    });

  test("as for D5", () => {
    const bounds = p2Mutants.D5?.bounds;
    if (bounds === undefined) throw new Error("Expected a mutant D5");
    expect(explore(p2(bounds, delegationSteps)).verdict).toBe("holds");
  });
});
