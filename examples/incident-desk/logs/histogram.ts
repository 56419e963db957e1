/** Durations counted in steps of 1, 2, 5 × 10^n milliseconds, with their exact extremes and sum. */
export interface Histogram {
  count: number;
  /** In whole microseconds, so that sums do not depend on their order. */
  sumUs: number;
  minMs: number;
  maxMs: number;
  /** `buckets[i]` counts durations up to `bucketLimitsMs[i]`; the last one counts all longer ones. */
  buckets: number[];
}

export const bucketLimitsMs: readonly number[] = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
  200_000, 500_000, 1_000_000, 3_600_000,
];

export function emptyHistogram(): Histogram {
  const buckets = new Array<number>(bucketLimitsMs.length + 1).fill(0);
  return { count: 0, sumUs: 0, minMs: 0, maxMs: 0, buckets };
}

export function record(into: Histogram, ms: number): void {
  into.minMs = into.count === 0 ? ms : Math.min(into.minMs, ms);
  into.maxMs = Math.max(into.maxMs, ms);
  into.count += 1;
  into.sumUs += Math.round(ms * 1_000);
  const at = bucketLimitsMs.findIndex((limit) => ms <= limit);
  const bucket = at === -1 ? bucketLimitsMs.length : at;
  into.buckets[bucket] = (into.buckets[bucket] ?? 0) + 1;
}

export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  if (a.count === 0 || b.count === 0) return structuredClone(a.count === 0 ? b : a);
  return {
    count: a.count + b.count,
    sumUs: a.sumUs + b.sumUs,
    minMs: Math.min(a.minMs, b.minMs),
    maxMs: Math.max(a.maxMs, b.maxMs),
    buckets: a.buckets.map((count, i) => count + (b.buckets[i] ?? 0)),
  };
}

/** An upper bound of the given share of durations: the limit of the bucket it falls into, never above the maximum. */
export function quantileAtMostMs(histogram: Histogram, share: number): number | undefined {
  if (histogram.count === 0) return undefined;
  let left = Math.ceil(share * histogram.count);
  for (const [i, count] of histogram.buckets.entries()) {
    left -= count;
    if (left <= 0) return Math.min(bucketLimitsMs[i] ?? histogram.maxMs, histogram.maxMs);
  }
  return histogram.maxMs;
}
