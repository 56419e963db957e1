import { describe, expect, test } from "vitest";
import { HeapWatch } from "../../../src/hosting/heap-watch.ts";

const mebibyte = 1_048_576;

/** A watch of 64 MiB over a worker that gives these samples, one a look; "silent" for one that never comes. */
function watching(samples: (number | "silent")[]): {
  watch: HeapWatch;
  asked: () => number;
  exceeded: () => number;
} {
  let asked = 0;
  let exceeded = 0;
  const usedBytes = (): Promise<number> => {
    asked++;
    const next = samples.shift() ?? 0;
    return next === "silent" ? new Promise(() => {}) : Promise.resolve(next * mebibyte);
  };
  const watch = new HeapWatch(64, { usedBytes }, () => void exceeded++);
  return { watch, asked: () => asked, exceeded: () => exceeded };
}

async function look(watch: HeapWatch, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    watch.sample();
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe("the watch over a worker's heap", () => {
  test("bears what comes and goes, but not what stays above the limit", async () => {
    const { watch, exceeded } = watching([100, 100, 100, 100, 100, 100, 100, 20, ...new Array(8).fill(100)]);
    await look(watch, 15);
    expect(exceeded()).toBe(0);
    await look(watch, 1);
    expect(exceeded()).toBe(1);
  });

  test("does not count the youngest generation", async () => {
    const { watch, exceeded } = watching(new Array(50).fill(95));
    await look(watch, 50);
    expect(exceeded()).toBe(0);
  });

  test("does not wait for a heap that bursts", async () => {
    const { watch, exceeded } = watching([20, 300]);
    await look(watch, 2);
    expect(exceeded()).toBe(1);
  });

  test("asks again for a sample that does not come", async () => {
    const { watch, asked, exceeded } = watching(["silent", 300]);
    await look(watch, 20);
    expect(asked()).toBe(1);
    await look(watch, 1);
    expect([asked(), exceeded()]).toEqual([2, 1]);
  });

  test("between turns, counts what is left when the garbage is gone", () => {
    const { watch, exceeded } = watching([]);
    expect(watch.told(60 * mebibyte, false)).toBe(false);
    expect(watch.told(70 * mebibyte, false)).toBe(true);
    expect(watch.told(30 * mebibyte, true)).toBe(false);
    expect(exceeded()).toBe(0);
    expect(watch.told(70 * mebibyte, true)).toBe(false);
    expect(exceeded()).toBe(1);
  });
});
