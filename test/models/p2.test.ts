import { describe, expect, test } from "vitest";
import { nightly, p2Bounds, p2Nightly } from "./bounds.ts";
import { delegationSteps } from "./delegation-steps.ts";
import { boundsText, explore, lineOf } from "./explore.ts";
import { p2 } from "./p2.ts";

describe("P2: a delegated task ends once, leaks no capacity and escalates once a level, whatever is lost, late or crashes", () => {
  for (const bounds of nightly ? [...p2Bounds, ...p2Nightly] : p2Bounds) {
    test(`${boundsText(bounds)}`, { timeout: 7_200_000 }, () => {
      const result = explore(p2(bounds, delegationSteps));
      process.stdout.write(`${lineOf(`P2 ${boundsText(bounds)}`, result)}\n`);
      expect(result.violation).toBeUndefined();
      expect(result.verdict).toBe("holds");
    });
  }

  test("folding the tasks, which are alike, hides nothing: the unfolded model holds too and is larger", () => {
    const bounds = { tasks: 2, workers: 1, attempts: 1, crashes: 1, cancels: 1 };
    const folded = explore(p2(bounds, delegationSteps));
    const whole = explore(p2({ ...bounds, folded: false }, delegationSteps));
    expect(whole.verdict).toBe("holds");
    expect(whole.states).toBeGreaterThan(folded.states);
    expect(whole.states).toBeLessThanOrEqual(2 * folded.states);
  });
});
