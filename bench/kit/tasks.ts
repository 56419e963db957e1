/** Milliseconds of each task: `flat` 1 ms each; `tail` the same, but about every hundredth takes 50 ms, at fixed places. */
export function taskTimes(kind: string, quick: boolean): number[] {
  let seed = 12_345;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return seed / 0x7fff_ffff;
  };
  const count = quick ? 1_000 : 10_000;
  return Array.from({ length: count }, () => (kind === "tail" && random() < 0.01 ? 50 : 1));
}

export const workersEach = 8;
const workers = 2 * workersEach;

/** The work spread perfectly over the workers, or the longest task, whichever takes longer. */
function idealMs(times: readonly number[]): number {
  const sum = times.reduce((total, ms) => total + ms, 0);
  return Math.max(sum / workers, ...times);
}

/** How long `run` takes for all tasks, against the ideal. */
export async function makespan(
  kind: string,
  quick: boolean,
  run: (times: readonly number[]) => Promise<void>,
): Promise<{ overIdeal: number; tookMs: number }> {
  const times = taskTimes(kind, quick);
  const began = performance.now();
  await run(times);
  const tookMs = performance.now() - began;
  return { overIdeal: tookMs / idealMs(times), tookMs };
}

/** Waits, as a call to something slow does. */
export function work(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Takes every task, at most `outstanding` at once. */
export async function spread(
  times: readonly number[],
  outstanding: number,
  ask: (ms: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times.length) await ask(times[next++] as number);
  };
  await Promise.all(Array.from({ length: outstanding }, lane));
}
