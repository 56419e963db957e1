import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffDelay } from "../../../machines/supervision/backoff-delay.ts";

const plain = { initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 };

test("without a back-off the next try comes at once", () => {
  expect(backoffDelay(undefined, 7, 0.5)).toBe(0);
});

test("each wait is longer by the factor, up to the most", () => {
  expect([1, 2, 3, 4, 5, 500, 5_000].map((tries) => backoffDelay(plain, tries, 0.5))).toEqual([
    100, 200, 400, 800, 1_000, 1_000, 1_000,
  ]);
});

test("chance takes off at most the part that is left to it", () => {
  const jittery = { ...plain, jitter: 0.5 };
  expect(backoffDelay(jittery, 2, 0)).toBe(200);
  expect(backoffDelay(jittery, 2, 0.5)).toBe(150);
  expect(backoffDelay({ ...plain, jitter: 1 }, 2, 0.999)).toBe(0);
});

test("a wait is always a number of milliseconds within its bounds", () => {
  const backoffs = fc.record({
    initialMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    maxMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    factor: fc.double({ min: 1, max: 1e9, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(backoffs, fc.nat(100_000), chances, (backoff, tries, chance) => {
      const waitMs = backoffDelay(backoff, tries, chance);
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(Math.ceil(backoff.maxMs));
    }),
  );
});
