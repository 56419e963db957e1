import { describe, expect, test } from "vitest";
import { dispatcher, worker } from "../../actors/index.ts";
import type { DispatcherInput, Job } from "../../machines/index.ts";
import { type ActorAddress, actorAddress } from "../../protocols/index.ts";
import type { ActorSystem } from "../../src/index.ts";
import { rejection, twoNodes } from "../support/systems.ts";

const told = (id: string, more: object = {}) =>
  ({ type: "dispatch", id, taskType: "sort", task: id, priority: 2, ...more }) as const;

/** A desk on one node, its workers on the other. */
async function desk(
  nodes: { a: ActorSystem; b: ActorSystem },
  performs: readonly ((job: Job) => unknown)[],
  settings: DispatcherInput = {},
) {
  const ref = await nodes.a.spawn("desk", dispatcher(settings));
  const workers: ActorAddress[] = [];
  for (const [n, perform] of performs.entries()) {
    const at = actorAddress(`hands.w${n}`);
    await nodes.b.spawn(at, worker(perform));
    ref.tell({ type: "enrol", worker: at, capacity: 1, skills: {} });
    workers.push(at);
  }
  return { ref, workers };
}

function held() {
  const jobs = new Map<unknown, { job: Job; end: (value: unknown) => void }>();
  const perform = (job: Job): Promise<unknown> => new Promise((end) => jobs.set(job.task, { job, end }));
  return { jobs, perform };
}

describe("a dispatcher", () => {
  test("has tasks done by its workers, and answers each asker with its own result", async () => {
    await using nodes = await twoNodes();
    const { ref, workers } = await desk(nodes, [({ task }) => `${task}!`, ({ task }) => `${task}!`]);
    const answers = await Promise.all(["a", "b", "c"].map((id) => ref.ask(told(id))));
    expect(answers.map(({ result }) => result)).toEqual(["a!", "b!", "c!"]);
    for (const answer of answers) {
      expect(workers).toContain(answer.worker);
      expect(answer.attempt).toBe(1);
    }
    expect(await ref.ask({ type: "figures" })).toMatchObject({ queued: 0, running: 0 });
  });

  test("row 2: begins the most urgent first, of one urgency as they came", async () => {
    await using nodes = await twoNodes();
    const { jobs, perform } = held();
    const { ref } = await desk(nodes, [perform]);
    const all = [
      told("first"),
      told("low", { priority: 1 }),
      told("b"),
      told("c"),
      told("urgent", { priority: 5 }),
    ];
    const answers = all.map((message) => ref.ask(message));
    await expect.poll(async () => (await ref.ask({ type: "figures" })).queued).toBe(4);
    const order: unknown[] = [];
    for (let n = 0; n < all.length; n++) {
      await expect.poll(() => jobs.size).toBe(1);
      const [task, { end }] = [...jobs][0] as [unknown, { end: (value: unknown) => void }];
      order.push(task);
      jobs.delete(task);
      end(null);
    }
    await Promise.all(answers);
    expect(order).toEqual(["first", "urgent", "b", "c", "low"]);
  });

  test("told of a task twice does it once, and tells both", async () => {
    await using nodes = await twoNodes();
    const { jobs, perform } = held();
    const { ref } = await desk(nodes, [perform]);
    const [one, two] = [ref.ask(told("a")), ref.ask(told("a"))];
    await expect.poll(() => jobs.size).toBe(1);
    await ref.ask({ type: "figures" });
    jobs.get("a")?.end(7);
    expect(await Promise.all([one, two])).toMatchObject([{ result: 7 }, { result: 7 }]);
  });

  test("tries what failed again, and refuses it after enough attempts, with the reason", async () => {
    await using nodes = await twoNodes();
    let tries = 0;
    const fails = (): never => {
      tries++;
      throw new Error("disk full");
    };
    const { ref } = await desk(nodes, [fails], { attemptsMax: 2 });
    expect(await rejection(ref.ask(told("a")))).toMatchObject({
      code: "REFUSED",
      message: "failed: disk full",
    });
    expect(tries).toBe(2);
  });

  test("has the ladder asked, level by level, and does what it decides", async () => {
    await using nodes = await twoNodes();
    const fails = (): never => {
      throw new Error("no");
    };
    const { ref } = await desk(nodes, [fails], { attemptsMax: 1, ladder: ["lead", "operator"] });
    const levels: unknown[] = [];
    ref.on("taskEscalated", ({ level, to }) => {
      levels.push([level, to]);
      ref.tell({ type: "decide", id: "a", level, decision: level === 1 ? "passOn" : "resolve", reason: "" });
    });
    expect(await ref.ask(told("a"))).toMatchObject({ result: null, attempt: 1 });
    expect(levels).toEqual([
      [1, "lead"],
      [2, "operator"],
    ]);
  });

  test("gives what an unreachable worker had to another one, and gives that one nothing for a while", async () => {
    await using nodes = await twoNodes();
    const { ref } = await desk(nodes, [({ task }) => task], { awayMs: 60_000 });
    ref.tell({ type: "enrol", worker: actorAddress("hands.gone"), capacity: 9, skills: { sort: 1 } });
    const answers = await Promise.all(["a", "b", "c"].map((id) => ref.ask(told(id))));
    expect(answers.map(({ worker }) => worker)).toEqual(new Array(3).fill("hands.w0"));
    expect((await ref.ask({ type: "figures" })).workers.map(({ worker }) => worker)).toEqual(["hands.w0"]);
  });

  test("withdraws a task that is cancelled from its worker, whose place is free at once", async () => {
    await using nodes = await twoNodes();
    const { jobs, perform } = held();
    const { ref } = await desk(nodes, [perform]);
    const one = rejection(ref.ask(told("a")));
    await expect.poll(() => jobs.size).toBe(1);
    ref.tell({ type: "cancel", id: "a", reason: "not wanted" });
    expect(await one).toMatchObject({ message: "cancelled: not wanted" });
    await expect.poll(() => jobs.get("a")?.job.signal.aborted).toBe(true);
    expect(await ref.ask({ type: "figures" })).toMatchObject({ running: 0 });
  });

  test("gives as many tasks as were pulled, and no more", async () => {
    await using nodes = await twoNodes();
    const { jobs, perform } = held();
    const ref = await nodes.a.spawn("desk", dispatcher({ by: "pull" }));
    const at = actorAddress("hands.w0");
    // A worker takes one at a time; what it was given beyond that waits with it.
    await nodes.b.spawn(at, worker(perform));
    const answers = ["a", "b", "c"].map((id) => ref.ask(told(id)));
    await expect.poll(async () => (await ref.ask({ type: "figures" })).queued).toBe(3);
    ref.tell({ type: "pull", worker: at, credits: 2, skills: {} });
    expect(await ref.ask({ type: "figures" })).toMatchObject({ queued: 1, running: 2 });
    await expect.poll(() => jobs.has("a")).toBe(true);
    jobs.get("a")?.end("a");
    await answers[0];
    expect(await ref.ask({ type: "figures" })).toMatchObject({ queued: 1, running: 1 });
    ref.tell({ type: "pull", worker: at, credits: 1, skills: {} });
    for (const id of ["b", "c"]) {
      await expect.poll(() => jobs.has(id)).toBe(true);
      jobs.get(id)?.end(id);
    }
    expect((await Promise.all(answers)).map(({ result }) => result)).toEqual(["a", "b", "c"]);
  });

  test("refuses what its queue has no room for", async () => {
    await using nodes = await twoNodes();
    const { jobs, perform } = held();
    const { ref } = await desk(nodes, [perform], { tasksMax: 1 });
    const one = ref.ask(told("a"));
    expect(await rejection(ref.ask(told("b")))).toMatchObject({
      code: "REFUSED",
      message: "the queue is full",
    });
    await expect.poll(() => jobs.size).toBe(1);
    jobs.get("a")?.end(null);
    await one;
  });

  test("takes a worker's time for over when its attempt is, and has another do it", async () => {
    await using nodes = await twoNodes();
    const { ref } = await desk(nodes, [held().perform], { withinMs: 50, attemptsMax: 5 });
    const answer = ref.ask(told("a"));
    await nodes.b.spawn(
      "hands.quick",
      worker(() => "quick"),
    );
    ref.tell({ type: "enrol", worker: actorAddress("hands.quick"), capacity: 1, skills: { sort: 1 } });
    expect(await answer).toMatchObject({ result: "quick", worker: "hands.quick" });
  });
});
