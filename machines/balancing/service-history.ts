/**
 * How long tasks took, as far as it is remembered: by task type and worker. Plain data, never changed in place, and
 * bounded: what a durable dispatcher keeps in its record.
 */
export type ServiceHistory = Readonly<Record<string, Readonly<Record<string, Served>>>>;

/** What is remembered of one worker's tasks of one type. */
export interface Served {
  /** Tasks that ended well. */
  readonly ended: number;
  readonly failed: number;
  /** Of the exponentially weighted mean, sum and weight apart: the prior is mixed in when it is read. */
  readonly sumMs: number;
  readonly weight: number;
  /** The last took so many times what had been predicted just before it; oldest first. */
  readonly ratios: readonly number[];
  /** How far off predictions were, |took - predicted| / predicted, exponentially weighted. */
  readonly error: number;
}

export interface PredictionOptions {
  /** How much an older task counts against the one after it, 0 to 1: 0.8 remembers about five. */
  readonly memory: number;
  /** As many tasks the prior is worth, once there are others. */
  readonly priorWeight: number;
  /** What a task takes of which nothing is known, in milliseconds. */
  readonly priorMs: number;
  /** Ratios kept of each worker and type, for the interval. */
  readonly ratiosMax: number;
  /** The part of all tasks that an interval shall cover. */
  readonly cover: number;
}

export const predictionDefaults: PredictionOptions = {
  memory: 0.8,
  priorWeight: 1,
  priorMs: 1_000,
  ratiosMax: 100,
  cover: 0.8,
};

export interface Prediction {
  readonly meanMs: number;
  /** With `cover` of all tasks the service time lies between them. */
  readonly lowMs: number;
  readonly highMs: number;
  /** Tasks of this worker and type that it rests on; 0: it is the prior alone. */
  readonly ended: number;
  /** How far off predictions of it have been, as a part of what was predicted; undefined before the first. */
  readonly error: number | undefined;
}

/** Who is to do what kind of task, and how good it says it is at that, 0 to 1. */
export interface ServedBy {
  readonly worker: string;
  readonly taskType: string;
  readonly skill?: number | undefined;
}

const nothing: Served = { ended: 0, failed: 0, sumMs: 0, weight: 0, ratios: [], error: 0 };
/** Where too little is known for quantiles: log-normal with this deviation, which is wide. */
const priorDeviation = 0.8;
/** The 0.9 quantile of the normal distribution. */
const normal90 = 1.2816;
/** Ratios below which neither tail of an interval is known. */
const ratiosMin = 9;

/**
 * How long a task would take at a worker: the exponentially weighted mean of its own tasks of that type, with a prior that
 * counts as `priorWeight` tasks. The prior is the mean of all workers for the type, halved for a skill of 1, doubled for one
 * of 0. The interval is split conformal: quantiles of took / predicted, of predictions made before each task was known.
 *
 * Source: Papadopoulos et al., "Inductive Confidence Machines for Regression", 2002.
 */
export function predicted(
  history: ServiceHistory,
  of: ServedBy,
  options: PredictionOptions = predictionDefaults,
): Prediction {
  const { ended, ratios, error } = servedOf(history, of.taskType, of.worker);
  const meanMs = expectedMs(history, of, options);
  const [low, high] = quantilesOf(ratios, options.cover);
  return {
    meanMs,
    lowMs: meanMs * low,
    highMs: meanMs * high,
    ended,
    error: ended === 0 ? undefined : error,
  };
}

/** The mean alone, without the interval: what choosing between many takes. */
export function expectedMs(
  history: ServiceHistory,
  { worker, taskType, skill = 0.5 }: ServedBy,
  { priorMs, priorWeight }: PredictionOptions = predictionDefaults,
): number {
  const served = servedOf(history, taskType, worker);
  let sumMs = 0;
  let weight = 0;
  for (const one of Object.values(Object.hasOwn(history, taskType) ? (history[taskType] ?? {}) : {})) {
    sumMs += one.sumMs;
    weight += one.weight;
  }
  const typeMs = weight === 0 ? priorMs : sumMs / weight;
  const prior = typeMs * 2 ** (1 - 2 * skill);
  return (served.sumMs + priorWeight * prior) / (served.weight + priorWeight);
}

/** A task has ended well: what it took is learned. What failed tells nothing of how long work takes, and is only counted. */
export function learned(
  history: ServiceHistory,
  of: ServedBy & ({ readonly tookMs: number } | { readonly failed: true }),
  options: PredictionOptions = predictionDefaults,
): ServiceHistory {
  const { worker, taskType } = of;
  const served = servedOf(history, taskType, worker);
  const put = (one: Served): ServiceHistory => ({
    ...history,
    [taskType]: { ...history[taskType], [worker]: one },
  });
  if ("failed" in of) return put({ ...served, failed: served.failed + 1 });
  const { memory, ratiosMax } = options;
  const ratio = of.tookMs / expectedMs(history, of, options);
  const off = Math.abs(ratio - 1);
  return put({
    ...served,
    ended: served.ended + 1,
    sumMs: served.sumMs * memory + of.tookMs,
    weight: served.weight * memory + 1,
    ratios: [...served.ratios, ratio].slice(-ratiosMax),
    error: served.ended === 0 ? off : served.error * memory + off * (1 - memory),
  });
}

/** The part of a worker's tasks that ended well; 1 before the first. */
export function successOf(history: ServiceHistory, worker: string): number {
  let ended = 0;
  let failed = 0;
  for (const workers of Object.values(history)) {
    const served = Object.hasOwn(workers, worker) ? workers[worker] : undefined;
    ended += served?.ended ?? 0;
    failed += served?.failed ?? 0;
  }
  return ended + failed === 0 ? 1 : ended / (ended + failed);
}

function servedOf(history: ServiceHistory, taskType: string, worker: string): Served {
  const workers = Object.hasOwn(history, taskType) ? history[taskType] : undefined;
  return workers !== undefined && Object.hasOwn(workers, worker) ? (workers[worker] as Served) : nothing;
}

function quantilesOf(ratios: readonly number[], cover: number): readonly [low: number, high: number] {
  if (ratios.length < ratiosMin) {
    const factor = Math.exp(normal90 * priorDeviation);
    return [1 / factor, factor];
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  return [quantile(sorted, (1 - cover) / 2), quantile(sorted, (1 + cover) / 2)];
}

/** At rank (n + 1) · part, between its neighbours: a new draw falls below it with just that chance. */
function quantile(sorted: readonly number[], part: number): number {
  const rank = Math.min(sorted.length, Math.max(1, (sorted.length + 1) * part));
  const below = Math.floor(rank);
  const low = sorted[below - 1] as number;
  const high = sorted[Math.min(sorted.length, below + 1) - 1] as number;
  return low + (rank - below) * (high - low);
}
