/** What is known of a worker's load. What is not measured is left out, and does not count. */
export interface LoadFigures {
  readonly capacity: number;
  /** Tasks it works on, and that wait for it. */
  readonly tasks: number;
  /** The part of its processor and of its memory that is used, 0 to 1. */
  readonly cpu?: number;
  readonly memory?: number;
  /** Its mean response time over the mean of its peers, for the same types of task; 1: as fast as they are. */
  readonly slowness?: number;
  /** The part of its tasks that ended well. */
  readonly success?: number;
  /** How well its skills fit what is to be done, 0 to 1. */
  readonly fit?: number;
}

export interface LoadScore {
  /** From 0, takes nothing, to 100, idle, fast and fit. */
  readonly score: number;
  /** What each figure came to, and its weight. */
  readonly terms: readonly { readonly name: LoadTerm; readonly value: number; readonly weight: number }[];
}

const weights = { places: 0.3, speed: 0.25, success: 0.15, cpu: 0.15, fit: 0.1, memory: 0.05 } as const;
export type LoadTerm = keyof typeof weights;

/**
 * How much more a worker can take on:
 *
 *     score = 100 · Σ weight · value / Σ weight, over what was measured
 *
 *     places   0.30  1 - tasks / capacity, at least 0
 *     speed    0.25  1 / slowness, at most 1
 *     success  0.15  the part of its tasks that ended well
 *     cpu      0.15  1 - the part in use
 *     fit      0.10  the fit of its skills
 *     memory   0.05  1 - the part in use
 *
 * A worker that is throttled answers later, so its score falls with its speed, and again as its tasks pile up.
 * One without capacity has 0, whatever the rest says.
 */
export function loadScore(figures: LoadFigures): LoadScore {
  const { capacity, tasks, cpu, memory, slowness, success, fit } = figures;
  const values: Readonly<Record<LoadTerm, number | undefined>> = {
    places: capacity === 0 ? 0 : 1 - tasks / capacity,
    speed: slowness === undefined ? undefined : 1 / Math.max(1, slowness),
    success,
    cpu: cpu === undefined ? undefined : 1 - cpu,
    fit,
    memory: memory === undefined ? undefined : 1 - memory,
  };
  const terms = (Object.keys(weights) as LoadTerm[]).flatMap((name) => {
    const value = values[name];
    return value === undefined
      ? []
      : [{ name, value: Math.min(1, Math.max(0, value)), weight: weights[name] }];
  });
  const weight = terms.reduce((sum, term) => sum + term.weight, 0);
  const sum = terms.reduce((total, term) => total + term.weight * term.value, 0);
  return { score: capacity === 0 ? 0 : (100 * sum) / weight, terms };
}
