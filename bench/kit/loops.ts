/** 200 bytes of payload. */
export const text200 = "x".repeat(200);

/** Asks `total` times, with at most `outstanding` at once. */
export async function askMany(
  ask: () => Promise<unknown>,
  total: number,
  outstanding: number,
): Promise<{ perSecond: number; p50Us: number; p99Us: number }> {
  const tookMs = new Float64Array(total);
  let begun = 0;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    while (begun < total) {
      const own = begun++;
      const at = performance.now();
      await ask();
      tookMs[own] = performance.now() - at;
    }
  };
  await Promise.all(Array.from({ length: outstanding }, lane));
  const ms = performance.now() - began;
  tookMs.sort();
  const at = (share: number): number => (tookMs[Math.floor(total * share)] ?? 0) * 1_000;
  return { perSecond: (total / ms) * 1_000, p50Us: at(0.5), p99Us: at(0.99) };
}

/** Messages sent before the event loop may breathe, for everybody the same. */
const burst = 1_000;

/** Sends `total` messages in bursts, then waits until they have arrived. @returns messages a second */
export async function tellMany(
  total: number,
  tell: (i: number) => void,
  arrived: () => Promise<void>,
): Promise<number> {
  const all = arrived();
  const began = performance.now();
  for (let i = 0; i < total; i++) {
    tell(i);
    if (i % burst === burst - 1) await new Promise(setImmediate);
  }
  await all;
  return (total / (performance.now() - began)) * 1_000;
}

/** Counts what arrives. */
export class Arrivals {
  #left = 0;
  #done: () => void = () => {};

  /** Resolves when `count` more have arrived. */
  expect(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  one(): void {
    if (--this.#left === 0) this.#done();
  }
}

/** Memory that objects hold, in bytes, after the garbage is gone. */
export function heldBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error("Expected node --expose-gc");
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
