import { describe, expect, test } from "vitest";
import { assigned } from "../../../machines/delegation/assign.ts";
import { contradictionIn, taskOf, workerOf } from "../../../machines/delegation/task-table.ts";
import { departed, enrolled, timedOut } from "../../../machines/delegation/timeout.ts";
import { atWork, policy, tableOf, tableWith } from "./tasks.ts";

describe("a timeout", () => {
  test("S3: frees the worker at once and tells it; the task is queued for its next attempt", () => {
    const step = timedOut(atWork(), { task: "t", attempt: 1 }, policy);
    expect(step.orders).toEqual([{ do: "revoke", task: "t", attempt: 1, worker: "w" }]);
    expect(workerOf(step.table, "w")?.holds).toEqual([]);
    expect(assigned(step.table, "t", "v").orders).toMatchObject([{ do: "grant", attempt: 2 }]);
  });

  test("of an earlier attempt does nothing to the present one", () => {
    const again = tableOf(assigned(tableOf(timedOut(atWork(), { task: "t", attempt: 1 }, policy)), "t", "v"));
    expect(timedOut(again, { task: "t", attempt: 1 }, policy)).toEqual({
      table: again,
      orders: [],
      dropped: "late",
    });
  });

  test("of the last attempt escalates, after the worker is told", () => {
    const again = tableOf(assigned(tableOf(timedOut(atWork(), { task: "t", attempt: 1 }, policy)), "t", "v"));
    const step = timedOut(again, { task: "t", attempt: 2 }, policy);
    expect(step.orders).toMatchObject([
      { do: "revoke", worker: "v" },
      { do: "escalate", level: 1, to: "lead" },
    ]);
  });
});

describe("a worker", () => {
  test("that is gone leaves no task behind: each is queued, or escalates", () => {
    let table = tableOf(enrolled(tableWith(["t", "u"], []), "w", 2));
    table = tableOf(assigned(tableOf(assigned(table, "t", "w")), "u", "w"));
    const once = departed(table, "w", policy);
    expect(["t", "u"].map((task) => taskOf(once.table, task)?.state)).toEqual(["queued", "queued"]);
    expect(workerOf(once.table, "w")).toBeUndefined();
    expect(contradictionIn(once.table)).toBeUndefined();
    const last = departed(table, "w", { ...policy, attemptsMax: 1 });
    expect(last.orders).toMatchObject([
      { do: "escalate", task: "t" },
      { do: "escalate", task: "u" },
    ]);
    expect(departed(once.table, "w", policy).dropped).toBe("unknown");
  });

  test("that offers less keeps what it holds and gets nothing new", () => {
    const table = tableOf(enrolled(atWork(), "w", 0));
    expect(workerOf(table, "w")).toEqual({ capacity: 0, holds: ["t"] });
    expect(contradictionIn(table)).toBeUndefined();
  });
});
