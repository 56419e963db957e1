export interface Seeds {
  readonly seeds: readonly number[];
  readonly withinMs: number;
  /** For the name of the test: with what it was run. */
  readonly text: string;
}

/**
 * Seeds 1 to `most`. `SIMULATION_SEEDS=all` runs them all; else a part, another each day, for as long as there is time:
 * `SIMULATION_DAY` says which day (default today's), `SIMULATION_MS` how long a test of 500 seeds may take (default 5,000).
 */
export function seedsOfToday(name: string, most: number): Seeds {
  const all = Array.from({ length: most }, (_, n) => n + 1);
  if (process.env.SIMULATION !== undefined) {
    return { seeds: [], withinMs: Number.POSITIVE_INFINITY, text: `${name}: one history again` };
  }
  if (process.env.SIMULATION_SEEDS === "all") {
    return { seeds: all, withinMs: Number.POSITIVE_INFINITY, text: `${name}: seeds 1 to ${most}` };
  }
  const day = Number(process.env.SIMULATION_DAY ?? Math.floor(Date.now() / 86_400_000));
  const from = (day * 37) % most;
  const seeds = [...all.slice(from), ...all.slice(0, from)];
  return {
    seeds,
    withinMs: (Number(process.env.SIMULATION_MS ?? 5_000) * most) / 500,
    text: `${name}: seeds from ${from + 1} on`,
  };
}
