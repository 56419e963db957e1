import type { Figures } from "./serve-side.ts";

/** What one supervisor of `count` children took, and held in memory. */
export interface Sizes {
  readonly count: number;
  readonly startMs: number;
  /** All at once, after one failed. */
  readonly restartMs?: number;
  readonly stopMs: number;
  /** With its children at rest, in bytes. */
  readonly held: number;
  /** After it has stopped, in bytes. */
  readonly left: number;
}

const runsOfSmall = 3;
const operations = ["startMs", "restartMs", "stopMs"] as const;

/** How many children: the smallest and the largest are compared. */
export function sizesOf(name: string, quick: boolean): readonly number[] {
  return name === "static" || quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
}

/**
 * Measures each size, the smaller ones several times; their medians count. Linear is: a child costs among many
 * what it costs among few.
 */
export async function treeFigures(
  sizes: readonly number[],
  once: (count: number) => Promise<Sizes>,
): Promise<Figures> {
  const largest = sizes.at(-1) as number;
  const figures: Record<string, number> = {};
  for (const count of sizes) {
    const runs: Sizes[] = [];
    const times = count === largest ? 1 : runsOfSmall;
    for (let i = 0; i < times; i++) runs.push(await once(count));
    for (const operation of operations) {
      const ms = runs.flatMap((run) => run[operation] ?? []);
      if (ms.length === 0) continue;
      figures[`${operation}${count}`] = median(ms);
      figures[`${operation}Each${count}`] = (median(ms) / count) * 1_000;
    }
    figures[`heldEach${count}`] = median(runs.map(({ held }) => held / count));
    figures[`leftEach${count}`] = median(runs.map(({ left }) => left / count));
  }
  for (const operation of operations) {
    const each = (count: number): number => figures[`${operation}Each${count}`] ?? Number.NaN;
    if (!Number.isNaN(each(largest)))
      figures[`${operation}Shape${largest}`] = each(largest) / each(sizes[0] as number);
  }
  return figures;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export interface Restart {
  readonly answeredMs: number;
  readonly upMs: number;
}

/** Median and 99th percentile of as many restarts. */
export function latencies(samples: number): { add(at: number, one: Restart): void; figures(): Figures } {
  const answered = new Float64Array(samples);
  const up = new Float64Array(samples);
  const at = (values: Float64Array, share: number): number =>
    (values[Math.floor(values.length * share)] ?? Number.NaN) * 1_000;
  return {
    add: (i, { answeredMs, upMs }) => {
      answered[i] = answeredMs;
      up[i] = upMs;
    },
    figures: () => {
      answered.sort();
      up.sort();
      return {
        answeredP50Us: at(answered, 0.5),
        answeredP99Us: at(answered, 0.99),
        upP50Us: at(up, 0.5),
        upP99Us: at(up, 0.99),
      };
    },
  };
}
