import { describe, expect, test } from "vitest";
import { decided, escalated } from "../../../machines/delegation/escalate.ts";
import { taskOf } from "../../../machines/delegation/task-table.ts";
import { policy, tableOf, tableWith } from "./tasks.ts";

const raised = tableOf(escalated(tableWith(["t"], []), "t", "too hard", policy));

describe("S5: the ladder", () => {
  test("asks its first level", () => {
    expect(taskOf(raised, "t")).toEqual({ state: "escalated", attempt: 0, level: 1, reason: "too hard" });
  });

  test("asks each level once and ends with the last: the task fails, for the reason given last", () => {
    const second = decided(raised, { task: "t", level: 1, decision: "passOn", reason: "not mine" }, policy);
    expect(second.orders).toEqual([
      { do: "escalate", task: "t", level: 2, to: "operator", reason: "not mine" },
    ]);
    const over = decided(
      second.table,
      { task: "t", level: 2, decision: "passOn", reason: "no answer" },
      policy,
    );
    expect(over.orders).toEqual([{ do: "report", task: "t", state: "failed" }]);
    expect(taskOf(over.table, "t")).toEqual({ state: "failed", attempt: 0, reason: "no answer" });
  });

  test("without levels a task fails where it would escalate", () => {
    const step = escalated(tableWith(["t"], []), "t", "too hard", { ...policy, ladder: [] });
    expect(taskOf(step.table, "t")?.state).toBe("failed");
  });

  test("a level decides once, and only while it is asked", () => {
    const done = decided(raised, { task: "t", level: 1, decision: "done" }, policy);
    expect(done.orders).toEqual([{ do: "report", task: "t", state: "done" }]);
    expect(decided(done.table, { task: "t", level: 1, decision: "done" }, policy).dropped).toBe("late");
    const fails = { task: "t", decision: "fail", reason: "no" } as const;
    expect(decided(raised, { ...fails, level: 2 }, policy).dropped).toBe("late");
    expect(decided(raised, { ...fails, level: 1 }, policy).table.tasks.t).toMatchObject({ state: "failed" });
    expect(decided(raised, { ...fails, task: "u", level: 1 }, policy).dropped).toBe("unknown");
  });
});
