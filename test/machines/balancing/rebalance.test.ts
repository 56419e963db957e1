import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type QueuedTask,
  rebalanceDefaults,
  rebalanced,
  type WorkerQueue,
} from "../../../machines/balancing/index.ts";

const task = (name: string, serviceMs: Record<string, number>, movedAtMs?: number): QueuedTask => ({
  task: name,
  serviceMs,
  movedAtMs,
});
const tasks = (count: number, a: number, b: number): QueuedTask[] =>
  Array.from({ length: count }, (_, n) => task(`t${n}`, { a, b }));
const queue = (queued: QueuedTask[], runningMs = 0, capacity = 1): WorkerQueue => ({
  capacity,
  runningMs,
  queued,
});

const anyQueues = fc
  .array(
    fc.record({
      capacity: fc.nat({ max: 3 }),
      runningMs: fc.nat({ max: 5_000 }),
      queued: fc.array(
        fc.record({
          serviceMs: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 4, maxLength: 4 }),
          movedAtMs: fc.option(fc.nat({ max: 30_000 }), { nil: undefined }),
        }),
        { maxLength: 8 },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) =>
    Object.fromEntries(
      all.map(({ capacity, runningMs, queued }, w): [string, WorkerQueue] => [
        `w${w}`,
        {
          capacity,
          runningMs,
          queued: queued.map(({ serviceMs, movedAtMs }, n) => ({
            task: `w${w}.${n}`,
            serviceMs: Object.fromEntries(serviceMs.map((ms, i) => [`w${i}`, ms])),
            movedAtMs,
          })),
        },
      ]),
    ),
  );

/** When the last is done, each with its work divided by its places. */
function lastMs(queues: Readonly<Record<string, WorkerQueue>>): number {
  return Math.max(
    ...Object.entries(queues).map(
      ([worker, { capacity, runningMs, queued }]) =>
        queued.reduce((sum, { serviceMs }) => sum + (serviceMs[worker] ?? 0), runningMs) /
        Math.max(1, capacity),
    ),
  );
}

describe("rebalancing", () => {
  test("row 89: moves what waits for a slow worker to a fast one, and says what that is expected to gain", () => {
    const result = rebalanced({ a: queue(tasks(10, 500, 100), 500), b: queue([]) }, 0);
    expect(result).toMatchObject({ verdict: "moved", beforeMs: 5_500, afterMs: 1_000 });
    expect(result.expectedImprovement).toBeCloseTo(4_500 / 5_500);
    expect(result.moves[0]).toEqual({ task: "t9", from: "a", to: "b", gainMs: 500 });
  });

  test("row 89: says so where there are no opportunities: what runs is not moved, small gains are none", () => {
    const none = { verdict: "no opportunities", moves: [], expectedImprovement: 0 };
    expect(rebalanced({ a: queue([], 9_000), b: queue([]) }, 0)).toMatchObject(none);
    expect(rebalanced({ a: queue(tasks(1, 100, 100), 10_000), b: queue([], 9_950) }, 0)).toMatchObject(none);
    expect(rebalanced({}, 0)).toMatchObject({ ...none, beforeMs: 0 });
  });

  test("takes a task nowhere that cannot do it or has no place", () => {
    const only = queue([task("t", { a: 100 }), task("u", { a: 100, c: 100 })], 900);
    expect(rebalanced({ a: only, b: queue([]), c: queue([], 0, 0) }, 0).moves).toEqual([]);
  });

  test("F77 row 89: no task is moved twice within ten seconds, however often and whoever asks", () => {
    const rest = rebalanceDefaults.restMs;
    const resting = queue([task("t", { a: 1_000, b: 10 }, 5_000)], 1_000);
    expect(rebalanced({ a: resting, b: queue([]) }, 4_999 + rest).moves).toEqual([]);
    expect(rebalanced({ a: resting, b: queue([]) }, 5_000 + rest).moves).toHaveLength(1);
  });

  test("row 89: whatever the queues, makes the end no later, moves each task once, and its figures add up", () => {
    fc.assert(
      fc.property(anyQueues, (queues) => {
        const nowMs = 30_000;
        const { moves, beforeMs, afterMs } = rebalanced(queues, nowMs);
        expect(new Set(moves.map(({ task }) => task)).size).toBe(moves.length);
        expect(beforeMs).toBeCloseTo(lastMs(queues));
        let after = queues;
        for (const { task: name, from, to } of moves) {
          const [source, target] = [after[from] as WorkerQueue, after[to] as WorkerQueue];
          const moved = source.queued.find((one) => one.task === name) as QueuedTask;
          expect(nowMs - (moved.movedAtMs ?? 0)).toBeGreaterThanOrEqual(rebalanceDefaults.restMs);
          expect(target.capacity).toBeGreaterThan(0);
          after = {
            ...after,
            [from]: { ...source, queued: source.queued.filter((one) => one !== moved) },
            [to]: { ...target, queued: [...target.queued, moved] },
          };
        }
        expect(afterMs).toBeCloseTo(lastMs(after));
        expect(afterMs).toBeLessThanOrEqual(beforeMs + 1e-9);
      }),
    );
  });
});
