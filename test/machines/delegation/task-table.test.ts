import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accepted, assigned } from "../../../machines/delegation/assign.ts";
import { cancelled } from "../../../machines/delegation/cancel.ts";
import { decided } from "../../../machines/delegation/escalate.ts";
import { finished } from "../../../machines/delegation/result.ts";
import {
  contradictionIn,
  type Delegated,
  emptyTaskTable,
  hasEnded,
  type TaskTable,
} from "../../../machines/delegation/task-table.ts";
import { departed, enrolled, timedOut } from "../../../machines/delegation/timeout.ts";
import { atWork, policy } from "./tasks.ts";

const task = fc.constantFrom("t", "u", "v");
const worker = fc.constantFrom("w", "x");
const attempt = fc.integer({ min: 1, max: 3 });
const level = fc.integer({ min: 1, max: 3 });
type Act = (table: TaskTable) => Delegated;

const act: fc.Arbitrary<Act> = fc.oneof(
  task.map(
    (id): Act =>
      (table) =>
        accepted(table, id, policy),
  ),
  fc.tuple(task, worker).map(
    ([id, to]): Act =>
      (table) =>
        assigned(table, id, to),
  ),
  fc.tuple(task, worker, attempt, fc.constantFrom("done", "failed")).map(
    ([id, by, nth, outcome]): Act =>
      (table) =>
        finished(table, { task: id, worker: by, attempt: nth, outcome, reason: "r" }, policy),
  ),
  fc.tuple(task, attempt).map(
    ([id, nth]): Act =>
      (table) =>
        timedOut(table, { task: id, attempt: nth }, policy),
  ),
  task.map(
    (id): Act =>
      (table) =>
        cancelled(table, id, "c"),
  ),
  fc.tuple(task, level, fc.constantFrom("done", "fail", "passOn")).map(
    ([id, at, decision]): Act =>
      (table) =>
        decided(table, { task: id, level: at, decision, reason: "d" }, policy),
  ),
  fc.tuple(worker, fc.integer({ min: 0, max: 2 })).map(
    ([who, capacity]): Act =>
      (table) =>
        enrolled(table, who, capacity),
  ),
  worker.map(
    (who): Act =>
      (table) =>
        departed(table, who, policy),
  ),
);

describe("the table of tasks", () => {
  test("holds S1 to S3 and S5 whatever is done to it, in whatever order", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let table = emptyTaskTable;
        const reports = new Map<string, number>();
        const asked = new Set<string>();
        for (const does of acts) {
          const before = table;
          const step = does(before);
          table = step.table;
          if (step.dropped !== undefined)
            expect(step).toEqual({ table: before, orders: [], dropped: step.dropped });
          expect(contradictionIn(table)).toBeUndefined();
          for (const [id, was] of Object.entries(before.tasks)) {
            expect(table.tasks[id]).toBeDefined();
            if (hasEnded(was)) expect(table.tasks[id]).toBe(was);
          }
          for (const order of step.orders) {
            if (order.do === "report") reports.set(order.task, (reports.get(order.task) ?? 0) + 1);
            if (order.do !== "escalate") continue;
            expect(asked.has(`${order.task} ${order.level}`)).toBe(false);
            asked.add(`${order.task} ${order.level}`);
          }
        }
        for (const [id, now] of Object.entries(table.tasks))
          expect(reports.get(id) ?? 0).toBe(hasEnded(now) ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  test("is plain data", () => {
    expect(JSON.parse(JSON.stringify(atWork()))).toEqual(atWork());
  });

  test("contradictions are found: a load without its task, a task without its load, a worker who is not there", () => {
    const { tasks, workers } = atWork();
    expect(contradictionIn({ tasks: {}, workers })).toBe("w holds [t], but assigned to it are []");
    expect(contradictionIn({ tasks, workers: { w: { capacity: 1, holds: [] } } })).toContain("holds []");
    expect(contradictionIn({ tasks, workers: {} })).toBe("t is assigned to w, who is not in the table");
  });
});
