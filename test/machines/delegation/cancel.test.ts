import { describe, expect, test } from "vitest";
import { cancelled } from "../../../machines/delegation/cancel.ts";
import { finished } from "../../../machines/delegation/result.ts";
import { taskOf, workerOf } from "../../../machines/delegation/task-table.ts";
import { atWork, policy, tableOf, tableWith } from "./tasks.ts";

const done = { task: "t", attempt: 1, worker: "w", outcome: "done" } as const;

describe("S1: cancelling", () => {
  test("ends a task at work, frees and tells its worker, and reports", () => {
    const step = cancelled(atWork(), "t", "not needed");
    expect(step.orders).toEqual([
      { do: "revoke", task: "t", attempt: 1, worker: "w" },
      { do: "report", task: "t", state: "cancelled" },
    ]);
    expect(taskOf(step.table, "t")).toEqual({ state: "cancelled", attempt: 1, reason: "not needed" });
    expect(workerOf(step.table, "w")?.holds).toEqual([]);
  });

  test("a queued task tells no worker", () => {
    expect(cancelled(tableWith(["t"], []), "t", "no").orders).toEqual([
      { do: "report", task: "t", state: "cancelled" },
    ]);
  });

  test("and a result exclude each other: whichever is first holds", () => {
    const first = tableOf(cancelled(atWork(), "t", "no"));
    expect(finished(first, done, policy).dropped).toBe("ended");
    const second = tableOf(finished(atWork(), done, policy));
    expect(cancelled(second, "t", "no").dropped).toBe("ended");
    expect(cancelled(second, "other", "no").dropped).toBe("unknown");
  });
});
