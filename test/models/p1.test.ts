import { describe, expect, test } from "vitest";
import { nightly, p1Bounds, p1Nightly } from "./bounds.ts";
import { durabilitySteps } from "./durability-steps.ts";
import { boundsText, explore, lineOf } from "./explore.ts";
import { p1 } from "./p1.ts";

describe("P1: a durable actor loses nothing and does nothing twice, whatever crashes, pauses, doubles or is lost", () => {
  for (const bounds of nightly ? [...p1Bounds, ...p1Nightly] : p1Bounds) {
    test(`${boundsText(bounds)}`, { timeout: 7_200_000 }, () => {
      const result = explore(p1(bounds, durabilitySteps));
      process.stdout.write(`${lineOf(`P1 ${boundsText(bounds)}`, result)}\n`);
      expect(result.violation).toBeUndefined();
      expect(result.verdict).toBe("holds");
    });
  }

  test("folding the nodes, which are alike, hides nothing: the unfolded model holds too and is larger", () => {
    const bounds = { messages: 1, nodes: 2, epochs: 2, crashes: 1, doubles: 1, unknowns: 0, batch: 1 };
    const folded = explore(p1(bounds, durabilitySteps));
    const whole = explore(p1({ ...bounds, folded: false }, durabilitySteps));
    expect(whole.verdict).toBe("holds");
    expect(whole.states).toBeGreaterThan(folded.states);
    expect(whole.states).toBeLessThanOrEqual(2 * folded.states);
  });
});
