import { describe, expect, test } from "vitest";
import { dispatcher, worker } from "../../actors/index.ts";
import { actorAddress, dispatching } from "../../protocols/index.ts";
import type { ActorSystem } from "../../src/index.ts";
import { clairvoyantMs, type RunTask, type RunWorker } from "../machines/balancing/dispatch-run.ts";
import { drawing } from "../machines/balancing/draws.ts";
import { type DurableCluster, durableCluster } from "../src/durable/durable-cluster.ts";

interface Sorting {
  readonly ms: number;
}

/** Workers whose work takes virtual time; one of them becomes slower on the way. */
async function workersAt(cluster: DurableCluster, system: ActorSystem, workers: readonly RunWorker[]) {
  const { env } = cluster;
  const startMs = env.monotonicMs();
  const done: unknown[] = [];
  for (const { worker: at, speed, slowAtMs = Number.POSITIVE_INFINITY, slowSpeed = speed } of workers) {
    const perform = ({ task, signal }: { task: unknown; signal: AbortSignal }): Promise<unknown> =>
      new Promise((end, fail) => {
        const { ms } = task as Sorting;
        const leftMs = startMs + slowAtMs - env.monotonicMs();
        const before = Math.min(ms, Math.max(0, leftMs) * speed);
        const timer = env.setTimer(before / speed + (ms - before) / slowSpeed, () => {
          done.push(task);
          end(ms);
        });
        signal.addEventListener("abort", () => {
          timer.cancel();
          fail(new Error("aborted"));
        });
      });
    await cluster.settled(system.spawn(at, worker(perform)));
  }
  return { startMs, done };
}

function tasksOf(seed: number, count: number): RunTask[] {
  const drawn = drawing(seed);
  return Array.from({ length: count }, (_, n) => ({
    id: `t${n}`,
    taskType: `k${n % 3}`,
    durationMs: drawn.logNormal(300 * 3 ** (n % 3), 0.5),
  }));
}

const hands: readonly RunWorker[] = Array.from({ length: 4 }, (_, n) =>
  n === 0
    ? { worker: "hands.w0", speed: 1, slowAtMs: 12_000, slowSpeed: 0.2 }
    : { worker: `hands.w${n}`, speed: 1 },
);

const asked = { withinMs: 300_000 };

describe("a durable dispatcher", () => {
  test("row 89: on the runtime, with a worker that becomes five times slower, ends within 25 % of one who knows all", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("crew", {});
    const { startMs } = await workersAt(cluster, system, hands);
    await cluster.join("one", { desk: dispatcher({}, { durability: "durable" }) });
    const ref = system.ref("desk.main", dispatching);
    const tasks = tasksOf(1, 120);
    for (const { worker: at } of hands)
      ref.tell({ type: "enrol", worker: actorAddress(at), capacity: 1, skills: {} });
    const answers = tasks.map(({ id, taskType, durationMs: ms }) =>
      ref.ask({ type: "dispatch", id, taskType, task: { ms }, priority: 2 }, asked),
    );
    const all = await cluster.settled(Promise.all(answers), 300_000);
    expect(all.map(({ result }) => result)).toEqual(tasks.map(({ durationMs }) => durationMs));
    const tookMs = cluster.env.monotonicMs() - startMs;
    expect(tookMs / clairvoyantMs(tasks, hands)).toBeLessThanOrEqual(1.25);
  }, 60_000);

  test("loses no task when its node is killed again and again: each is answered, with its own result", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("crew", {});
    await workersAt(cluster, system, hands);
    const actors = { desk: dispatcher({}, { durability: "durable" }) };
    let node = await cluster.join("one", actors);
    const ref = system.ref("desk.main", dispatching);
    for (const { worker: at } of hands)
      ref.tell({ type: "enrol", worker: actorAddress(at), capacity: 1, skills: {} });
    const tasks = tasksOf(2, 40);
    const answers = Promise.all(
      tasks.map(({ id, taskType, durationMs: ms }) =>
        ref.ask({ type: "dispatch", id, taskType, task: { ms }, priority: 2 }, { ...asked, key: id }),
      ),
    );
    for (const name of ["two", "three"]) {
      await cluster.pass(2_500);
      node.kill();
      node = await cluster.join(name, actors);
    }
    const all = await cluster.settled(answers, 300_000);
    expect(all.map(({ result }) => result)).toEqual(tasks.map(({ durationMs }) => durationMs));
    const figures = await cluster.settled(ref.ask({ type: "figures" }));
    expect(figures).toMatchObject({ queued: 0, running: 0, escalated: 0 });
  }, 60_000);
});
