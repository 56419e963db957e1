import { describe, expect, test } from "vitest";
import { archived, assigned } from "../../../machines/delegation/assign.ts";
import { finished } from "../../../machines/delegation/result.ts";
import { taskOf, workerOf } from "../../../machines/delegation/task-table.ts";
import { timedOut } from "../../../machines/delegation/timeout.ts";
import { atWork, policy, tableOf } from "./tasks.ts";

const done = { task: "t", attempt: 1, worker: "w", outcome: "done" } as const;

describe("S2: a result", () => {
  test("of the current attempt ends the task, is reported, and frees the worker", () => {
    const step = finished(atWork(), done, policy);
    expect(step.orders).toEqual([{ do: "report", task: "t", state: "done" }]);
    expect(taskOf(step.table, "t")).toEqual({ state: "done", attempt: 1 });
    expect(workerOf(step.table, "w")?.holds).toEqual([]);
  });

  test("that comes twice is dropped the second time, also when the task is archived", () => {
    const { table } = finished(atWork(), done, policy);
    expect(finished(table, done, policy)).toEqual({ table, orders: [], dropped: "ended" });
    expect(finished(tableOf(archived(table, "t")), done, policy).dropped).toBe("unknown");
  });

  test("of an attempt that timed out is late, whoever has the task now, and changes nobody's load", () => {
    const requeued = tableOf(timedOut(atWork(), { task: "t", attempt: 1 }, policy));
    expect(finished(requeued, done, policy)).toEqual({ table: requeued, orders: [], dropped: "late" });
    for (const worker of ["w", "v"]) {
      const again = tableOf(assigned(requeued, "t", worker));
      expect(finished(again, done, policy)).toEqual({ table: again, orders: [], dropped: "late" });
    }
  });

  test("from somebody else is foreign", () => {
    expect(finished(atWork(), { ...done, worker: "v" }, policy).dropped).toBe("foreign");
  });

  test("that says failed puts the task back in the queue, and up the ladder when there were enough", () => {
    const failed = { ...done, outcome: "failed", reason: "no disk" } as const;
    const once = tableOf(finished(atWork(), failed, policy));
    expect(taskOf(once, "t")).toEqual({ state: "queued", attempt: 1 });
    const twice = finished(tableOf(assigned(once, "t", "v")), { ...failed, attempt: 2, worker: "v" }, policy);
    expect(twice.orders).toEqual([{ do: "escalate", task: "t", level: 1, to: "lead", reason: "no disk" }]);
    expect(workerOf(twice.table, "v")?.holds).toEqual([]);
  });
});
