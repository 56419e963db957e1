/** A task that waits for a worker, and may wait for another. */
export interface QueuedTask {
  readonly task: string;
  /** What it would take at each worker that could do it, as predicted, in milliseconds. Where none is given it cannot go. */
  readonly serviceMs: Readonly<Record<string, number>>;
  /** When it was moved last, epoch milliseconds. */
  readonly movedAtMs?: number | undefined;
}

export interface WorkerQueue {
  readonly capacity: number;
  /** What is left of the work it has begun, as predicted, all places together, in milliseconds. Never moved. */
  readonly runningMs: number;
  /** In the order in which they will be begun. */
  readonly queued: readonly QueuedTask[];
}

export interface RebalanceOptions {
  /** A task is moved at most once in this time. */
  readonly restMs: number;
  /** What a move must gain at least, as a part of the time until all is done. */
  readonly gainMin: number;
  /** Moves at once. */
  readonly movesMax: number;
}

export const rebalanceDefaults: RebalanceOptions = { restMs: 10_000, gainMin: 0.02, movesMax: 100 };

export interface Move {
  readonly task: string;
  readonly from: string;
  readonly to: string;
  /** By how much earlier the later of the two workers will be done, in milliseconds, as predicted. */
  readonly gainMs: number;
}

export interface Rebalanced {
  readonly verdict: "moved" | "no opportunities";
  readonly moves: readonly Move[];
  /** When the last worker will be done, in milliseconds from now, as predicted: as it was, and as it is after the moves. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** (before - after) / before. */
  readonly expectedImprovement: number;
}

interface Standing {
  readonly worker: string;
  readonly capacity: number;
  readonly queued: QueuedTask[];
  workMs: number;
}

/**
 * Moves queued tasks, one at a time, from the worker that will be done last to wherever that helps most, until no move
 * gains enough. What runs stays where it is. A worker will be done when all it has, running and queued, is divided by its
 * places. Two things keep a task from going to and fro: it rests after a move, and small gains are none.
 */
export function rebalanced(
  queues: Readonly<Record<string, WorkerQueue>>,
  nowMs: number,
  options: RebalanceOptions = rebalanceDefaults,
): Rebalanced {
  const standings = Object.entries(queues).map(([worker, { capacity, runningMs, queued }]): Standing => {
    const workMs = queued.reduce((sum, one) => sum + (one.serviceMs[worker] ?? 0), runningMs);
    return { worker, capacity, queued: [...queued], workMs };
  });
  const beforeMs = lastMs(standings);
  const moves: Move[] = [];
  while (moves.length < options.movesMax) {
    const best = bestMove(standings, nowMs, options);
    if (best === undefined) break;
    const { task, from, to, gainMs } = best;
    from.queued.splice(from.queued.indexOf(task), 1);
    from.workMs -= task.serviceMs[from.worker] ?? 0;
    to.queued.push({ ...task, movedAtMs: nowMs });
    to.workMs += task.serviceMs[to.worker] ?? 0;
    moves.push({ task: task.task, from: from.worker, to: to.worker, gainMs });
  }
  const afterMs = lastMs(standings);
  const expectedImprovement = moves.length === 0 ? 0 : (beforeMs - afterMs) / beforeMs;
  const verdict = moves.length === 0 ? "no opportunities" : "moved";
  return { verdict, moves, beforeMs, afterMs, expectedImprovement };
}

function bestMove(standings: readonly Standing[], nowMs: number, { restMs, gainMin }: RebalanceOptions) {
  const from = standings
    .filter(({ queued }) => queued.some((task) => mayMove(task, nowMs, restMs)))
    .toSorted((a, b) => doneInMs(b) - doneInMs(a))[0];
  if (from === undefined) return undefined;
  const fromMs = doneInMs(from);
  let best: { task: QueuedTask; from: Standing; to: Standing; gainMs: number } | undefined;
  for (const task of from.queued) {
    if (!mayMove(task, nowMs, restMs)) continue;
    for (const to of standings) {
      const serviceMs = task.serviceMs[to.worker];
      if (to === from || to.capacity === 0 || serviceMs === undefined) continue;
      const left = { ...from, workMs: from.workMs - (task.serviceMs[from.worker] ?? 0) };
      const gainMs = fromMs - Math.max(doneInMs(left), (to.workMs + serviceMs) / to.capacity);
      // Of equal gains the last one: what waits longest keeps its place.
      if (gainMs > fromMs * gainMin && gainMs >= (best?.gainMs ?? 0)) best = { task, from, to, gainMs };
    }
  }
  return best;
}

function mayMove({ movedAtMs }: QueuedTask, nowMs: number, restMs: number): boolean {
  return movedAtMs === undefined || nowMs - movedAtMs >= restMs;
}

/** A worker whose places are all withdrawn counts as having one: whatever waits for it still has to be done. */
function doneInMs({ workMs, capacity }: Standing): number {
  return workMs / Math.max(1, capacity);
}

function lastMs(standings: readonly Standing[]): number {
  return Math.max(0, ...standings.map(doneInMs));
}
