/** How long one type of task takes an agent. */
export interface Service {
  readonly type: string;
  /** Tasks that were done or failed. */
  readonly ended: number;
  readonly failed: number;
  /** Of those that were done, exponentially weighted; 0 before the first. */
  readonly meanMs: number;
  readonly deviationMs: number;
}

/** Tasks that end, per second: each counts with a weight that falls by e in {@link rateWindowMs}. */
export interface Rate {
  readonly perSecond: number;
  readonly atMs: number;
}

export const rateWindowMs = 60_000;

export function serviceOf(type: string): Service {
  return { type, ended: 0, failed: 0, meanMs: 0, deviationMs: 0 };
}

/**
 * One more has ended. How fast a task failed says nothing of how long one takes.
 *
 * Source: RFC 6298, section 2: a smoothed time and its mean deviation, with weights of 1/8 and 1/4.
 */
export function afterTask(service: Service, tookMs: number, outcome: "done" | "failed"): Service {
  const ended = service.ended + 1;
  if (outcome === "failed") return { ...service, ended, failed: service.failed + 1 };
  const isFirst = service.ended === service.failed;
  if (isFirst) return { ...service, ended, meanMs: tookMs, deviationMs: tookMs / 2 };
  const { meanMs, deviationMs } = service;
  return {
    ...service,
    ended,
    meanMs: meanMs + (tookMs - meanMs) / 8,
    deviationMs: deviationMs + (Math.abs(tookMs - meanMs) - deviationMs) / 4,
  };
}

/** The rate at another time; a clock that went back changes nothing. */
export function rateAt({ perSecond, atMs }: Rate, nowMs: number): Rate {
  if (nowMs <= atMs) return { perSecond, atMs };
  return { perSecond: perSecond * Math.exp((atMs - nowMs) / rateWindowMs), atMs: nowMs };
}

export function afterEnd(rate: Rate, nowMs: number): Rate {
  const now = rateAt(rate, nowMs);
  return { ...now, perSecond: now.perSecond + 1_000 / rateWindowMs };
}
