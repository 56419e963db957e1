import { CoxswainError } from "../../protocols/index.ts";

export interface PlannedTask {
  readonly id: string;
  readonly worker: string;
  readonly ms: number;
  /** Must be done before it. What is not of this run is done. */
  readonly after: readonly string[];
}

export interface SimulatedRun {
  readonly makespanMs: number;
  /** When each worker is done with its last task. */
  readonly endMs: Readonly<Record<string, number>>;
  /** Busy time over capacity · makespan, by worker. */
  readonly utilisation: Readonly<Record<string, number>>;
  readonly meanUtilisation: number;
  /** On average, until a task is done. */
  readonly latencyMs: number;
  /** The least makespan there could be, over this one: that of the longest chain, or of all work spread evenly. */
  readonly efficiency: number;
}

/**
 * Runs through a plan, event by event: each worker begins its tasks in their order as soon as it has a place, passing over
 * those that wait for others.
 *
 * @throws OPTION_INVALID where tasks wait for each other in a circle, or for a worker without places
 */
export function simulatedRun(
  tasks: readonly PlannedTask[],
  capacity: Readonly<Record<string, number>>,
): SimulatedRun {
  const known = new Set(tasks.map(({ id }) => id));
  const doneAtMs = new Map<string, number>();
  const chainMs = new Map<string, number>();
  const free: Record<string, number> = { ...capacity };
  const busyMs: Record<string, number> = {};
  const endMs: Record<string, number> = Object.fromEntries(
    Object.keys(capacity).map((worker) => [worker, 0]),
  );
  let waiting = [...tasks];
  let running: { readonly task: PlannedTask; readonly atMs: number }[] = [];
  let nowMs = 0;
  for (;;) {
    const still: PlannedTask[] = [];
    for (const task of waiting) {
      const { id, worker, ms, after } = task;
      const isReady = after.every((other) => !known.has(other) || doneAtMs.has(other));
      if (!isReady || (free[worker] ?? 0) < 1) {
        still.push(task);
        continue;
      }
      free[worker] = (free[worker] ?? 0) - 1;
      busyMs[worker] = (busyMs[worker] ?? 0) + ms;
      chainMs.set(id, ms + Math.max(0, ...after.map((other) => chainMs.get(other) ?? 0)));
      running.push({ task, atMs: nowMs + ms });
    }
    waiting = still;
    if (running.length === 0) break;
    nowMs = Math.min(...running.map(({ atMs }) => atMs));
    for (const { task, atMs } of running) {
      if (atMs > nowMs) continue;
      doneAtMs.set(task.id, atMs);
      endMs[task.worker] = atMs;
      free[task.worker] = (free[task.worker] ?? 0) + 1;
    }
    running = running.filter(({ atMs }) => atMs > nowMs);
  }
  if (waiting.length > 0) {
    const names = waiting.slice(0, 5).map(({ id }) => id);
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected tasks that can all be done; ${names.join(", ")} never can`,
    );
  }
  const utilisation = Object.fromEntries(
    Object.entries(capacity).map(([worker, places]) => [
      worker,
      nowMs === 0 || places === 0 ? 0 : (busyMs[worker] ?? 0) / (places * nowMs),
    ]),
  );
  const places = Object.values(capacity).reduce((sum, count) => sum + count, 0);
  const work = Object.values(busyMs).reduce((sum, ms) => sum + ms, 0);
  const least = Math.max(0, ...chainMs.values(), places === 0 ? 0 : work / places);
  const shares = Object.values(utilisation);
  return {
    makespanMs: nowMs,
    endMs,
    utilisation,
    meanUtilisation: shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length),
    latencyMs: [...doneAtMs.values()].reduce((sum, ms) => sum + ms, 0) / Math.max(1, doneAtMs.size),
    efficiency: nowMs === 0 ? 1 : least / nowMs,
  };
}
