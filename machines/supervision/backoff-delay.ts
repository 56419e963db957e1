import type { Backoff } from "../../protocols/index.ts";

/**
 * How long to wait before the next try, in milliseconds: `initialMs` times `factor` for each earlier try that
 * failed, at most `maxMs`, less the part that `chance` (0 <= chance < 1) takes off, so that those who failed
 * together do not come back together. 0 without a back-off.
 */
export function backoffDelay(backoff: Backoff | undefined, failedTries: number, chance: number): number {
  if (backoff === undefined) return 0;
  const { initialMs, maxMs, factor, jitter } = backoff;
  const fullMs = Math.min(maxMs, initialMs * factor ** Math.max(0, failedTries - 1));
  // 0 times an overflown power is no number.
  return Number.isNaN(fullMs) ? 0 : Math.round(fullMs * (1 - jitter * chance));
}
