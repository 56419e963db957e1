import { describe, expect, test } from "vitest";
import { workload } from "../../../machines/index.ts";

const { emptyBook, figuresOf, finish, predictService, reserve, skillFit } = workload;

/** Of how an agent went about so many tasks of one type, what its book says. */
function logged(tookMs: readonly number[]) {
  let book = emptyBook;
  let atMs = 0;
  tookMs.forEach((ms, n) => {
    const asked = {
      type: "reserve",
      task: `t${n}`,
      taskType: "read",
      resources: {},
      limits: {},
      capacity: 1,
    };
    [book] = reserve(book, asked as never, atMs);
    atMs += ms;
    book = finish(book, { type: "finished", task: `t${n}`, outcome: "done" } as never, atMs);
  });
  return figuresOf(book, atMs).service.read;
}

describe("row 22: the service time that is predicted", () => {
  test("is the log's where there is one, whatever the skills say", () => {
    const slow = predictService(logged(Array.from({ length: 25 }, () => 900)), { fit: 1, priorMs: 500 });
    const fast = predictService(logged(Array.from({ length: 25 }, () => 300)), { fit: 0.2, priorMs: 500 });
    expect(slow.meanMs).toBeCloseTo(900, 6);
    expect(fast.meanMs).toBeCloseTo(300, 6);
    expect(fast.deviationMs).toBeLessThan(fast.meanMs / 100);
  });

  test("follows an agent that becomes slow within a few tasks", () => {
    const times = [...Array.from({ length: 20 }, () => 100), ...Array.from({ length: 8 }, () => 500)];
    expect(predictService(logged(times), { fit: 1, priorMs: 1 }).meanMs).toBeGreaterThan(300);
  });

  test("is by skill before the first task is done: the better they fit the sooner, and never without end", () => {
    const prior = (fit: number) => predictService(undefined, { fit, priorMs: 400 }).meanMs;
    expect([prior(1), prior(0.5), prior(0)]).toEqual([400, 800, 4_000]);
    const failedOnly = { ended: 3, failed: 3, meanMs: 0, deviationMs: 0 };
    expect(predictService(failedOnly, { fit: 0.5, priorMs: 400 }).meanMs).toBe(800);
  });

  test("a fit is the mean of the skills that are wanted; a skill nobody has counts as none", () => {
    const role = { skills: { sql: 0.9, law: 0.5 } };
    expect(skillFit(role, ["sql"])).toBe(0.9);
    expect(skillFit(role, ["sql", "law"])).toBeCloseTo(0.7, 9);
    expect(skillFit(role, ["sql", "rust"])).toBe(0.45);
    expect(skillFit(role, ["constructor"])).toBe(0);
    expect(skillFit(role, [])).toBe(1);
  });
});
