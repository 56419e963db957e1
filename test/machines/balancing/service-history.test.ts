import { describe, expect, test } from "vitest";
import {
  learned,
  predicted,
  predictionDefaults,
  type ServiceHistory,
  successOf,
} from "../../../machines/balancing/index.ts";
import { drawing } from "./draws.ts";

const one = { worker: "w", taskType: "sort" };
const taking = (...took: number[]): ServiceHistory =>
  took.reduce<ServiceHistory>((history, tookMs) => learned(history, { ...one, tookMs }), {});

describe("the service time predicted of a worker and a task type", () => {
  test("row 22: is the prior of its skill before anything is known, half of it at 1, twice at 0", () => {
    const means = [0, 0.5, 1].map((skill) => predicted({}, { ...one, skill }).meanMs);
    expect(means).toEqual([2_000, 1_000, 500]);
    expect(predicted({}, one)).toMatchObject({ ended: 0, error: undefined });
  });

  test("is, of a worker that is new, what others take for that type", () => {
    const history = taking(...new Array(30).fill(300));
    expect(predicted(history, { worker: "new", taskType: "sort" }).meanMs).toBeCloseTo(300, 0);
    expect(predicted(history, { worker: "new", taskType: "other" }).meanMs).toBe(1_000);
  });

  test("follows a worker that has become five times slower within ten tasks", () => {
    const history = taking(...new Array(30).fill(100), ...new Array(10).fill(500));
    expect(predicted(history, one).meanMs).toBeGreaterThan(400);
  });

  test("learns nothing from a failure but that there was one", () => {
    const history = learned(taking(100), { ...one, failed: true });
    expect(predicted(history, one).meanMs).toBe(predicted(taking(100), one).meanMs);
    expect([successOf(history, "w"), successOf(history, "new")]).toEqual([0.5, 1]);
  });

  test("says how far off it was", () => {
    expect(predicted(taking(...new Array(200).fill(100)), one).error).toBeLessThan(0.01);
    // The prior was 1,000.
    expect(predicted(taking(1_500), one).error).toBeCloseTo(0.5);
  });

  test("keeps no more ratios than it may", () => {
    const history = taking(...new Array(predictionDefaults.ratiosMax + 50).fill(100));
    expect(history.sort?.w?.ratios).toHaveLength(predictionDefaults.ratiosMax);
  });

  test("takes names such as constructor for names", () => {
    const odd = { worker: "constructor", taskType: "toString" };
    expect(predicted({}, odd).meanMs).toBe(1_000);
    expect(predicted(learned({}, { ...odd, tookMs: 10 }), odd).ended).toBe(1);
  });

  const kinds = {
    "log-normal": (d: ReturnType<typeof drawing>) => d.logNormal(100, 1),
    exponential: (d: ReturnType<typeof drawing>) => d.exponential(100),
    pareto: (d: ReturnType<typeof drawing>) => d.pareto(50, 1.5),
    "two kinds in one": (d: ReturnType<typeof drawing>) =>
      d.random() < 0.8 ? d.logNormal(50, 0.3) : d.logNormal(900, 0.5),
  };
  test.each(Object.entries(kinds))(
    "row 87: its 80 % interval covers 75 to 85 % of what comes after: %s",
    (_, draw) => {
      for (const seed of [1, 2, 3]) {
        const drawn = drawing(seed);
        let history: ServiceHistory = {};
        let [inside, below, count] = [0, 0, 0];
        for (let n = 0; n < 3_000; n++) {
          const tookMs = draw(drawn);
          const { lowMs, highMs } = predicted(history, one);
          if (n >= 100) {
            count++;
            if (tookMs < lowMs) below++;
            else if (tookMs <= highMs) inside++;
          }
          history = learned(history, { ...one, tookMs });
        }
        expect(inside / count).toBeGreaterThanOrEqual(0.75);
        expect(inside / count).toBeLessThanOrEqual(0.85);
        // Half of what is outside lies on either side.
        expect(below / count).toBeGreaterThan(0.07);
        expect(below / count).toBeLessThan(0.13);
      }
    },
  );
});
