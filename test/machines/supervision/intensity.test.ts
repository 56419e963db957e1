import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exceeds, noteRestart, type Restarts } from "../../../machines/supervision/intensity.ts";

describe("the window of restarts", () => {
  test("bears as many as the intensity, and not one more", () => {
    const limits = { intensity: 2, periodMs: 1_000 };
    const two = noteRestart(noteRestart([], 0, limits), 1, limits);
    expect(exceeds(two, limits)).toBe(false);
    expect(exceeds(noteRestart(two, 2, limits), limits)).toBe(true);
  });

  test("bears none at intensity 0", () => {
    const limits = { intensity: 0, periodMs: 1_000 };
    expect(exceeds(noteRestart([], 0, limits), limits)).toBe(true);
  });

  test("slides: a restart one period ago still counts, one a millisecond longer ago does not", () => {
    const limits = { intensity: 1, periodMs: 1_000 };
    const one = noteRestart([], 0, limits);
    expect(noteRestart(one, 1_000, limits)).toEqual([0, 1_000]);
    expect(noteRestart(one, 1_001, limits)).toEqual([1_001]);
  });

  test("counts as a list of all restarts ever would, and never holds more than one too many", () => {
    const limits = fc.record({
      intensity: fc.integer({ min: 0, max: 6 }),
      periodMs: fc.integer({ min: 1, max: 50 }),
    });
    const gaps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 });
    fc.assert(
      fc.property(limits, gaps, (limit, gapsMs) => {
        const all: number[] = [];
        let window: Restarts = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          all.push(nowMs);
          window = noteRestart(window, nowMs, limit);
          const within = all.filter((atMs) => nowMs - atMs <= limit.periodMs);
          expect(window).toEqual(within);
          if (exceeds(window, limit)) {
            expect(within).toHaveLength(limit.intensity + 1);
            return;
          }
        }
        expect(window.length).toBeLessThanOrEqual(limit.intensity);
      }),
    );
  });
});
