import { describe, expect, test } from "vitest";
import { accepted, archived, assigned, openings } from "../../../machines/delegation/assign.ts";
import { cancelled } from "../../../machines/delegation/cancel.ts";
import { taskOf, workerOf } from "../../../machines/delegation/task-table.ts";
import { enrolled } from "../../../machines/delegation/timeout.ts";
import { atWork, policy, tableOf, tableWith } from "./tasks.ts";

describe("S1: a task is taken", () => {
  test("and is queued, once", () => {
    const table = tableWith(["t"], []);
    expect(taskOf(table, "t")).toEqual({ state: "queued", attempt: 0 });
    expect(accepted(table, "t", policy)).toEqual({ table, orders: [], dropped: "twice" });
  });

  test("up to the table's limit", () => {
    const table = tableWith(["1", "2", "3", "4", "5"], []);
    expect(accepted(table, "6", policy).dropped).toBe("full");
  });

  test("whatever it is called", () => {
    expect(taskOf(tableWith(["constructor"], []), "constructor")?.state).toBe("queued");
    expect(assigned(tableWith([], []), "constructor", "toString").dropped).toBe("unknown");
  });
});

describe("S3: a task is assigned", () => {
  test("under the next attempt number, to a worker who then holds it", () => {
    const step = assigned(tableWith(["t"], ["w"]), "t", "w");
    expect(step.orders).toEqual([{ do: "grant", task: "t", attempt: 1, worker: "w" }]);
    expect(taskOf(step.table, "t")).toEqual({ state: "assigned", attempt: 1, worker: "w" });
    expect(workerOf(step.table, "w")?.holds).toEqual(["t"]);
  });

  test("never beyond the worker's capacity by the table's own count", () => {
    const table = tableOf(assigned(tableWith(["t", "u"], ["w"]), "t", "w"));
    expect(assigned(table, "u", "w")).toEqual({ table, orders: [], dropped: "busy" });
    expect(assigned(tableOf(enrolled(table, "w", 2)), "u", "w").dropped).toBeUndefined();
  });

  test("200 tasks for a worker with room for 10: exactly 10 are given", () => {
    const names = Array.from({ length: 200 }, (_, i) => `t${i}`);
    let table = tableOf(enrolled(tableWith([], []), "w", 10));
    for (const name of names) table = tableOf(accepted(table, name, { ...policy, tasksMax: 200 }));
    const given = names.filter((name) => {
      const step = assigned(table, name, "w");
      table = step.table;
      return step.dropped === undefined;
    });
    expect(given).toHaveLength(10);
    expect(openings(table).free).toEqual([]);
    expect(openings(table).queued).toHaveLength(190);
  });

  test("not twice, and not when it has ended", () => {
    expect(assigned(atWork(), "t", "v").dropped).toBe("twice");
    expect(assigned(tableOf(cancelled(atWork(), "t", "no")), "t", "v").dropped).toBe("ended");
  });
});

test("only a task that has ended is archived", () => {
  expect(archived(atWork(), "t").dropped).toBe("unknown");
  expect(archived(tableOf(cancelled(atWork(), "t", "no")), "t").table.tasks).toEqual({});
});
