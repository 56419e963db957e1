import { describe, expect, test } from "vitest";
import { worker } from "../../../actors/index.ts";
import {
  learned,
  type OptimisationResult,
  optimiseWorkload,
  predictionDefaults,
  type ServiceHistory,
} from "../../../machines/balancing/index.ts";
import { work } from "../../../protocols/index.ts";
import { durableCluster } from "../../src/durable/durable-cluster.ts";
import { drawing } from "./draws.ts";

/** How long each worker takes for each type, on average: each is good at something else. */
const means: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "hands.a": { sort: 100, join: 600, scan: 300 },
  "hands.b": { sort: 400, join: 200, scan: 300 },
  "hands.c": { sort: 300, join: 500, scan: 150 },
};
const workers = Object.keys(means).map((name) => ({ worker: name, capacity: 1 }));
const types = ["sort", "join", "scan"];

function drawnMs(drawn: ReturnType<typeof drawing>, name: string, taskType: string): number {
  return drawn.logNormal(means[name]?.[taskType] as number, 0.4);
}

/** What a run before this one has recorded. */
function recorded(seed: number): ServiceHistory {
  const drawn = drawing(seed);
  const options = { ...predictionDefaults, memory: 0.99 };
  let history: ServiceHistory = {};
  for (let n = 0; n < 120; n++)
    for (const name of Object.keys(means))
      for (const taskType of types) {
        const tookMs = drawnMs(drawn, name, taskType);
        history = learned(history, { worker: name, taskType, tookMs }, options);
      }
  return history;
}

const tasks = Array.from({ length: 180 }, (_, n) => ({
  id: `t${n}`,
  taskType: types[Math.floor(n / 3) % 3] as string,
}));

/** Every number of the result that is no count, with whether it says how it came about. */
function figuresOf(value: unknown): { readonly formula: unknown }[] {
  if (typeof value !== "object" || value === null) return [];
  if ("formula" in value) return [value];
  return Object.values(value).flatMap(figuresOf);
}

describe("an optimised workload", () => {
  test("row 21: has every part, and each number its formula", () => {
    const result: OptimisationResult = optimiseWorkload(
      { tasks: tasks.slice(0, 60), workers, history: recorded(1) },
      { id: "o-1" },
    );
    expect(result.id).toBe("o-1");
    expect(result.assignments.map(({ task }) => task)).toEqual(tasks.slice(0, 60).map(({ id }) => id));
    expect(Object.keys(result.improvements)).toEqual([
      "throughput",
      "latency",
      "quality",
      "utilisation",
      "pipelineEfficiency",
    ]);
    const { throughput, latency } = result.improvements;
    expect(throughput.improvement).toBeGreaterThan(0.3);
    expect(latency.after).toBeLessThan(latency.before);
    expect(throughput.after).toBeCloseTo(60_000 / result.predictedMakespanMs.value);
    expect(result.steps).toHaveLength(
      result.assignments.filter(({ worker, from }) => worker !== from).length,
    );
    expect(result.currentAnalysis.bottlenecks.length).toBeGreaterThan(0);
    expect(result.risks.map(({ risk }) => risk)).toContain("noSlack");
    expect(result.monitoring[0]?.alarmBeyond.value).toBeCloseTo(result.predictedMakespanMs.value * 1.1);
    const figures = figuresOf(result);
    expect(figures.length).toBeGreaterThan(12);
    for (const { formula } of figures) expect(formula).toEqual(expect.stringMatching(/\w{4}/));
    expect(
      optimiseWorkload({ tasks: tasks.slice(0, 60), workers, history: recorded(1) }, { id: "o-1" }),
    ).toEqual(result);
  });

  test("rows 21 and 88: a task goes to nobody who may not do it, and waits for what comes before it", () => {
    let history = recorded(2);
    for (let n = 0; n < 400; n++)
      history = learned(history, { worker: "hands.a", taskType: "sort", failed: true });
    const some = tasks.slice(0, 12).map((task, n) => ({
      ...task,
      worker: "hands.b",
      ...(n < 3 ? { qualityMin: 0.9 } : {}),
      ...(n === 3 ? { allowed: ["hands.c"] } : {}),
      ...(n === 4 ? { after: ["t3"] } : {}),
    }));
    const result = optimiseWorkload({ tasks: some, workers, history }, { id: "o-2" });
    const at = (n: number): string | undefined => result.assignments[n]?.worker;
    for (const n of [0, 1, 2]) expect(at(n)).not.toBe("hands.a");
    expect(at(3)).toBe("hands.c");
    expect(result.governanceImpact).toMatchObject({ restricted: { value: 4 }, violated: { value: 0 } });
    expect(result.risks).toContainEqual(
      expect.objectContaining({ risk: "singlePointOfFailure", about: "t3" }),
    );
  });

  test("leaves things as they are where that is best, and refuses what nobody can do", () => {
    const one = { tasks: [{ id: "t", taskType: "sort", worker: "hands.a" }], workers, history: recorded(1) };
    expect(optimiseWorkload(one, { id: "o-3" })).toMatchObject({
      steps: [],
      assignments: [{ worker: "hands.a" }],
    });
    expect(() => optimiseWorkload({ ...one, workers: [] }, { id: "o-4" })).toThrow(/a worker with places/);
    const nobody = [{ id: "t", taskType: "sort", allowed: ["hands.z"] }];
    expect(() => optimiseWorkload({ ...one, tasks: nobody }, { id: "o-5" })).toThrow(/can do task 0/);
  });

  test("row 21: is done within 10 % of the predicted makespan when it is executed on the runtime", async () => {
    for (const seed of [1, 2]) {
      await using cluster = durableCluster();
      const { system } = await cluster.join("crew", {});
      const { env } = cluster;
      const drawn = drawing(seed + 100);
      const took = new Map(tasks.map(({ id }) => [id, 0]));
      for (const { worker: at } of workers) {
        const perform = ({ task }: { task: unknown }): Promise<unknown> =>
          new Promise((end) => void env.setTimer(took.get(task as string) as number, () => end(null)));
        await cluster.settled(system.spawn(at, worker(perform)));
      }
      const { assignments, predictedMakespanMs, improvements } = optimiseWorkload(
        { tasks, workers, history: recorded(seed) },
        { id: `o-${seed}` },
      );
      expect(improvements.throughput.improvement).toBeGreaterThan(0.3);
      const typeOf = new Map(tasks.map(({ id, taskType }) => [id, taskType]));
      for (const { task, worker: at } of assignments)
        took.set(task, drawnMs(drawn, at, typeOf.get(task) as string));
      const beganMs = env.monotonicMs();
      const asks = assignments.map(({ task, worker: at }) =>
        system.ref(at, work).ask({ type: "work", task }, { withinMs: 600_000 }),
      );
      await cluster.settled(Promise.all(asks), 600_000);
      const executedMs = env.monotonicMs() - beganMs;
      expect(Math.abs(executedMs / predictedMakespanMs.value - 1)).toBeLessThan(0.1);
    }
  }, 60_000);
});
