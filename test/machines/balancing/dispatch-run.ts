import type { DispatchBook, DispatchSettings } from "../../../machines/dispatch/book.ts";
import { emptyBook } from "../../../machines/dispatch/book.ts";
import { attemptEnded, offered, pulled, taken, ticked } from "../../../machines/dispatch/steps.ts";
import { dispatchDefaults } from "../../../machines/dispatcher.ts";

export interface RunTask {
  readonly id: string;
  readonly taskType: string;
  /** At full speed. */
  readonly durationMs: number;
}

export interface RunWorker {
  readonly worker: string;
  /** Work done in a millisecond: 1 is full speed, until `slowAtMs`. */
  readonly speed: number;
  readonly slowAtMs?: number;
  readonly slowSpeed?: number;
}

export interface RunResult {
  readonly makespanMs: number;
  readonly doneAtMs: readonly number[];
  readonly moves: readonly { readonly task: string; readonly atMs: number }[];
  readonly book: DispatchBook;
}

/** When work that is begun then will be done. */
export function endOf(
  { speed, slowAtMs, slowSpeed }: RunWorker,
  beganMs: number,
  durationMs: number,
): number {
  if (slowAtMs === undefined || slowSpeed === undefined) return beganMs + durationMs / speed;
  const before = Math.max(0, slowAtMs - beganMs) * speed;
  if (before >= durationMs) return beganMs + durationMs / speed;
  return Math.max(beganMs, slowAtMs) + (durationMs - before) / slowSpeed;
}

/** No schedule, whoever knows all, ends earlier: all work over all speed, and no task faster than the fastest can do it. */
export function clairvoyantMs(tasks: readonly RunTask[], workers: readonly RunWorker[]): number {
  const total = tasks.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const doneBy = (ms: number): number =>
    workers.reduce((sum, { speed, slowAtMs = Number.POSITIVE_INFINITY, slowSpeed = speed }) => {
      const fast = Math.min(ms, slowAtMs);
      return sum + fast * speed + (ms - fast) * slowSpeed;
    }, 0);
  let [low, high] = [0, total * 100];
  for (let n = 0; n < 100; n++) {
    const middle = (low + high) / 2;
    if (doneBy(middle) >= total) high = middle;
    else low = middle;
  }
  const longest = Math.max(...tasks.map(({ durationMs }) => durationMs));
  return Math.max(high, Math.min(...workers.map((worker) => endOf(worker, 0, longest))));
}

/** Runs the dispatcher's own steps against workers whose time is computed. */
export function dispatchRun(
  tasks: readonly RunTask[],
  workers: readonly RunWorker[],
  settings: Partial<DispatchSettings> = {},
): RunResult {
  let book = emptyBook({ ...dispatchDefaults, withinMs: Number.POSITIVE_INFINITY, ...settings });
  const running: { atMs: number; end: Parameters<typeof attemptEnded>[1] }[] = [];
  const doneAtMs: number[] = [];
  const moves: { task: string; atMs: number }[] = [];
  let nowMs = 0;
  const take = ({ book: next, orders }: ReturnType<typeof taken>): void => {
    book = next;
    for (const order of orders) {
      if (order.do === "tellMoves")
        for (const { task } of order.rebalanced.moves) moves.push({ task, atMs: nowMs });
      if (order.do !== "grant") continue;
      const { task, attempt, worker } = order;
      const { durationMs } = tasks.find(({ id }) => id === task) as RunTask;
      const atMs = endOf(workers.find((one) => one.worker === worker) as RunWorker, nowMs, durationMs);
      const end = {
        task,
        attempt,
        worker,
        outcome: "done",
        result: null,
        tookMs: atMs - nowMs,
        atMs,
      } as const;
      running.push({ atMs, end });
    }
  };
  const isPulled = book.settings.by === "pull";
  for (const { worker } of workers) take((isPulled ? pulled : offered)(book, worker, 1, {}));
  for (const { id, taskType } of tasks) take(taken(book, { id, taskType, task: null, priority: 2 }));
  take(ticked(book, 0));
  let nextLookMs = book.settings.lookEveryMs;
  while (running.length > 0) {
    running.sort((a, b) => a.atMs - b.atMs);
    const next = running[0] as (typeof running)[number];
    if (nextLookMs < next.atMs) {
      nowMs = nextLookMs;
      nextLookMs += book.settings.lookEveryMs;
      take(ticked(book, nowMs));
      continue;
    }
    running.shift();
    nowMs = next.atMs;
    doneAtMs.push(nowMs);
    take(attemptEnded(book, next.end));
    if (isPulled) take(pulled(book, next.end.worker, 1, {}));
  }
  return { makespanMs: nowMs, doneAtMs, moves, book };
}
