import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expired, mayDispatch, observed, renewalDue, renewed } from "../../../machines/durability/lease.ts";

const leaseMs = 900;

describe("R6: expiry by observation", () => {
  test("a record may be claimed when its revision stood still for a lease, by the watcher's clock", () => {
    const watch = observed(undefined, 5, 10_000);
    expect(expired(watch, 10_899, leaseMs)).toBe(false);
    expect(expired(watch, 10_900, leaseMs)).toBe(true);
  });

  test("looking again does not begin anew; a moved revision does", () => {
    const watch = observed(undefined, 5, 10_000);
    expect(observed(watch, 5, 10_500)).toBe(watch);
    expect(observed(watch, 6, 10_500)).toEqual({ revision: 6, sinceMs: 10_500 });
  });

  test("an owner renews after a third of the lease and takes nothing new after four fifths", () => {
    const tenure = { leaseMs, sentAtMs: 0 };
    expect([299, 300].map((nowMs) => renewalDue(tenure, nowMs))).toEqual([false, true]);
    expect([719, 720].map((nowMs) => mayDispatch(tenure, nowMs))).toEqual([true, false]);
  });

  test("a write counts from when it was sent, and an old one that is answered late takes nothing back", () => {
    const tenure = renewed({ leaseMs, sentAtMs: 0 }, 500);
    expect(tenure.sentAtMs).toBe(500);
    expect(renewed(tenure, 400)).toBe(tenure);
  });

  test("R7: no owner takes a message once a watcher may claim, though clocks run a tenth apart and answers are slow", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1.1, noNaN: true }),
        fc.boolean(),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        (ratio, ownerFast, reachedAfterMs, answeredAfterMs, lookedAtMs) => {
          const owner = ownerFast ? ratio : 1;
          const watcher = ownerFast ? 1 : ratio;
          // In true time: sent at 0, seen by the watcher no earlier, answered whenever.
          const tenure = renewed({ leaseMs, sentAtMs: -1 }, 0);
          const watch = observed(undefined, 1, reachedAfterMs * watcher);
          const atMs = reachedAfterMs + answeredAfterMs + lookedAtMs;
          if (expired(watch, atMs * watcher, leaseMs)) expect(mayDispatch(tenure, atMs * owner)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
