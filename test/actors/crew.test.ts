import { describe, expect, test } from "vitest";
import { coordinator, startCrew } from "../../actors/index.ts";
import type { Job } from "../../machines/index.ts";
import { fanOut } from "../../protocols/index.ts";
import { rejection, twoNodes } from "../support/systems.ts";

/** Jobs that end when they are told to. */
function heldJobs() {
  const running = new Map<
    unknown,
    { job: Job; end: (value: unknown) => void; fail: (error: Error) => void }
  >();
  const perform = (job: Job): Promise<unknown> =>
    new Promise((end, fail) => {
      running.set(job.task, { job, end, fail });
      job.signal.addEventListener("abort", () => fail(new Error("aborted")));
    });
  return { running, perform };
}

describe("a crew", () => {
  test("works on as many tasks at once as it has workers; the others wait, in order", async () => {
    await using nodes = await twoNodes();
    const { running, perform } = heldJobs();
    const crew = await startCrew(nodes.a, "crew", { size: 2, perform });
    const results = [1, 2, 3].map((task) => crew.ask({ type: "work", task }));
    await expect.poll(() => [...running.keys()]).toEqual([1, 2]);
    running.get(2)?.end("two");
    await expect.poll(() => [...running.keys()]).toEqual([1, 2, 3]);
    running.get(1)?.end("one");
    running.get(3)?.end("three");
    expect(await Promise.all(results)).toEqual([{ result: "one" }, { result: "two" }, { result: "three" }]);
  });

  test("tells a failure to who asked, and its worker takes the next task", async () => {
    await using nodes = await twoNodes();
    const crew = await startCrew(nodes.a, "crew", {
      size: 1,
      perform: ({ task }) => {
        if (task === "bad") throw new Error("disk full");
        return "fine";
      },
    });
    expect(await rejection(crew.ask({ type: "work", task: "bad" }))).toMatchObject({
      code: "REFUSED",
      message: "disk full",
    });
    expect(await crew.ask({ type: "work", task: "good" })).toEqual({ result: "fine" });
  });

  test("answers null for work that returns nothing", async () => {
    await using nodes = await twoNodes();
    const crew = await startCrew(nodes.a, "crew", { size: 1, perform: () => {} });
    expect(await crew.ask({ type: "work", task: 1 })).toEqual({ result: null });
  });

  test("publishes its workers' progress", async () => {
    await using nodes = await twoNodes();
    const crew = await startCrew(nodes.a, "crew", {
      size: 1,
      perform: ({ progress }) => {
        progress({ percent: 50 });
        return null;
      },
    });
    const seen: unknown[] = [];
    const worker = nodes.b.ref("crew.worker1", crew.protocol);
    for (const type of ["workStarted", "workProgressed", "workDone"] as const)
      worker.on(type, (event) => void seen.push(event));
    await crew.ask({ type: "work", task: 7 });
    await expect
      .poll(() => seen)
      .toEqual([
        { type: "workStarted", task: 7 },
        { type: "workProgressed", progress: { percent: 50 } },
        { type: "workDone", task: 7 },
      ]);
  });

  test("of no worker, or too many, is refused", async () => {
    await using nodes = await twoNodes();
    for (const size of [0, 1.5, 1_001]) {
      expect(await rejection(startCrew(nodes.a, "crew", { size, perform: () => null }))).toMatchObject({
        code: "OPTION_INVALID",
      });
    }
  });
});

describe("a coordinator", () => {
  test("runs crews of several nodes side by side; one crew's failure spoils no other", async () => {
    await using nodes = await twoNodes();
    await startCrew(nodes.a, "service", { size: 1, perform: () => "s" });
    await startCrew(nodes.b, "database", {
      size: 1,
      perform: () => {
        throw new Error("unreadable");
      },
    });
    const desk = await nodes.a.spawn("desk", coordinator);
    const branches = ["service", "database", "nobody"].map((name) => ({ name, to: name, task: 1 }));
    const { results } = await desk.ask({ type: "run", branches });
    expect(results).toEqual([
      { name: "service", ok: true, result: "s" },
      { name: "database", ok: false, code: "REFUSED", reason: "unreadable" },
      { name: "nobody", ok: false, code: "UNREACHABLE", reason: expect.stringContaining("nobody") },
    ]);
  });

  test("refuses branches of one name: their results could not be told apart", async () => {
    await using nodes = await twoNodes();
    const desk = await nodes.a.spawn("desk", coordinator);
    const branch = { name: "same", to: "crew", task: 1 };
    const refused = await rejection(desk.ask({ type: "run", branches: [branch, branch] }));
    expect(refused).toMatchObject({ code: "MESSAGE_INVALID", message: expect.stringContaining("differ") });
  });

  test("in sequence stops at the first failure and asks nobody after it; a second run waits for the first", async () => {
    await using nodes = await twoNodes();
    const asked: unknown[] = [];
    await startCrew(nodes.a, "crew", {
      size: 1,
      perform: ({ task }) => {
        asked.push(task);
        if (task === 2) throw new Error("no");
        return task;
      },
    });
    const desk = nodes.b.ref((await nodes.a.spawn("desk", coordinator)).address, fanOut);
    const run = (tasks: number[]) =>
      desk.ask({
        type: "run",
        mode: "sequence",
        branches: tasks.map((task) => ({ name: `t${task}`, to: "crew", task })),
      });
    const [first, second] = await Promise.all([run([1, 2, 3]), run([4])]);
    expect(first.results.map(({ name, ok }) => [name, ok])).toEqual([
      ["t1", true],
      ["t2", false],
    ]);
    expect(second.results).toEqual([{ name: "t4", ok: true, result: 4 }]);
    expect(asked).toEqual([1, 2, 4]);
  });
});
