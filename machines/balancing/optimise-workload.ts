import { CoxswainError } from "../../protocols/index.ts";
import type { AssignmentProblem } from "./assignment-problem.ts";
import { expectedMs, type ServiceHistory, successOf } from "./service-history.ts";
import { type SimulatedRun, simulatedRun } from "./simulated-run.ts";
import { type SolveOptions, solveAssignment } from "./solve-assignment.ts";

export interface WorkloadTask {
  readonly id: string;
  readonly taskType: string;
  /** How good its result must be, 0 to 1: it goes to nobody whose part of tasks that ended well is lower. Default 0. */
  readonly qualityMin?: number;
  /** Only these may do it: what governance allows. Default: all. */
  readonly allowed?: readonly string[];
  /** Must be done before it. */
  readonly after?: readonly string[];
  /** Whose queue it stands in today; unsaid: taken in turn. */
  readonly worker?: string;
}

export interface WorkloadWorker {
  readonly worker: string;
  /** Tasks at a time. */
  readonly capacity: number;
  readonly skills?: Readonly<Record<string, number>>;
}

/** A figure, and how it came about. */
export interface Figure {
  readonly value: number;
  readonly formula: string;
}

export interface Improvement {
  readonly before: number;
  readonly after: number;
  /** As a part of what it was; more is better. */
  readonly improvement: number;
  readonly formula: string;
}

export const improvementNames = [
  "throughput",
  "latency",
  "quality",
  "utilisation",
  "pipelineEfficiency",
] as const;

export interface OptimisationResult {
  readonly id: string;
  readonly currentAnalysis: {
    readonly makespanMs: Figure;
    readonly utilisation: Readonly<Record<string, Figure>>;
    readonly bottlenecks: readonly string[];
  };
  readonly assignments: readonly {
    readonly task: string;
    readonly worker: string;
    readonly from: string;
    readonly predictedMs: number;
  }[];
  /** When all is done, as predicted, with the assignments. */
  readonly predictedMakespanMs: Figure;
  readonly improvements: Readonly<Record<(typeof improvementNames)[number], Improvement>>;
  readonly steps: readonly string[];
  readonly governanceImpact: { readonly restricted: Figure; readonly violated: Figure };
  readonly risks: readonly {
    readonly risk: "noSlack" | "singlePointOfFailure";
    readonly about: string;
    readonly figure: Figure;
  }[];
  readonly monitoring: readonly { readonly figure: string; readonly alarmBeyond: Figure }[];
}

export interface OptimiseOptions extends SolveOptions {
  readonly id: string;
}

/**
 * Who had best do what of a workload, so that all of it is done early: each task's predicted service time is its cost, and
 * each worker has time for what its places can do by a deadline, which is made as early as an assignment can keep. Before and
 * after are run through, event by event, with the predicted times. Every number says how it came about.
 *
 * @throws OPTION_INVALID where no worker has places, nobody may do a task, or tasks wait for each other in a circle
 */
export function optimiseWorkload(
  {
    tasks,
    workers,
    history,
  }: {
    readonly tasks: readonly WorkloadTask[];
    readonly workers: readonly WorkloadWorker[];
    readonly history: ServiceHistory;
  },
  { id, ...options }: OptimiseOptions,
): OptimisationResult {
  const able = workers.filter(({ capacity }) => capacity > 0);
  if (able.length === 0) throw new CoxswainError("OPTION_INVALID", "Expected a worker with places");
  const serviceMs = (task: WorkloadTask, { worker, skills }: WorkloadWorker): number =>
    expectedMs(history, { worker, taskType: task.taskType, skill: skills?.[task.taskType] });
  const may = (task: WorkloadTask, { worker }: WorkloadWorker): boolean =>
    (task.allowed?.includes(worker) ?? true) && successOf(history, worker) >= (task.qualityMin ?? 0);
  const today = tasks.map((task, n) => {
    const now = able.findIndex(({ worker }) => worker === task.worker);
    return now >= 0 ? now : n % Math.max(1, able.length);
  });
  const chosen = balanced(tasks, able, serviceMs, may, options);
  const run = (of: readonly number[]): SimulatedRun =>
    simulatedRun(
      tasks.map((task, n) => {
        const worker = able[of[n] as number] as WorkloadWorker;
        return { id: task.id, worker: worker.worker, ms: serviceMs(task, worker), after: task.after ?? [] };
      }),
      Object.fromEntries(able.map(({ worker, capacity }) => [worker, capacity])),
    );
  const [before, solved] = [run(today), run(chosen)];
  const isBetter =
    solved.makespanMs < before.makespanMs ||
    !tasks.every((task, n) => may(task, able[today[n] as number] as WorkloadWorker));
  const [after, kept] = isBetter ? [solved, chosen] : [before, today];
  const quality = (of: readonly number[]): number =>
    mean(of.map((n) => successOf(history, able[n]?.worker ?? "")));
  const nameOf = (n: number | undefined): string => able[n as number]?.worker ?? "";
  const restricted = tasks.filter((task) => able.some((worker) => !may(task, worker))).length;
  const violated = (of: readonly number[]): number =>
    tasks.filter((task, n) => !may(task, able[of[n] as number] as WorkloadWorker)).length;
  const assignments = tasks.map((task, n) => ({
    task: task.id,
    worker: nameOf(kept[n]),
    from: nameOf(today[n]),
    predictedMs: serviceMs(task, able[kept[n] as number] as WorkloadWorker),
  }));
  const moved = assignments.filter(({ worker, from }) => worker !== from);
  const busyFormula = "busy time / (capacity · makespan)";
  return {
    id,
    currentAnalysis: {
      makespanMs: figure(
        before.makespanMs,
        "end of the last task, each begun in its worker's order when a place is free",
      ),
      utilisation: Object.fromEntries(
        Object.entries(before.utilisation).map(([worker, value]) => [worker, figure(value, busyFormula)]),
      ),
      bottlenecks: Object.entries(before.endMs)
        .filter(([, ms]) => ms >= before.makespanMs * 0.95 && ms > 0)
        .map(([worker]) => worker),
    },
    assignments,
    predictedMakespanMs: figure(after.makespanMs, "end of the last task in the run with the new assignments"),
    improvements: {
      throughput: more(rate(tasks.length, before), rate(tasks.length, after), "tasks / makespan, per second"),
      latency: less(before.latencyMs, after.latencyMs, "mean time until a task is done, in milliseconds"),
      quality: more(quality(today), quality(kept), "mean part of their worker's tasks that ended well"),
      utilisation: more(before.meanUtilisation, after.meanUtilisation, `mean of ${busyFormula}`),
      pipelineEfficiency: more(
        before.efficiency,
        after.efficiency,
        "least possible makespan (longest chain, or all work over all places) / makespan",
      ),
    },
    steps: moved.map(({ task, worker, from }) => `move ${task} from ${from} to ${worker}`),
    governanceImpact: {
      restricted: figure(restricted, "tasks that not every worker may do"),
      violated: figure(violated(kept), `tasks at a worker that may not do them; ${violated(today)} before`),
    },
    risks: [
      ...Object.entries(after.endMs)
        .map(([worker, ms]) => ({ worker, slack: after.makespanMs === 0 ? 1 : 1 - ms / after.makespanMs }))
        .filter(({ slack }) => slack < 0.05)
        .map(({ worker, slack }) => ({
          risk: "noSlack" as const,
          about: worker,
          figure: figure(slack, "1 - end of its last task / makespan"),
        })),
      ...tasks
        .map((task) => ({ task, able: able.filter((worker) => may(task, worker)).length }))
        .filter(({ able: count }) => count < 2)
        .map(({ task, able: count }) => ({
          risk: "singlePointOfFailure" as const,
          about: task.id,
          figure: figure(count, "workers that may do it"),
        })),
    ],
    monitoring: [
      {
        figure: "makespanMs",
        alarmBeyond: figure(after.makespanMs * 1.1, "predicted makespan · 1.1"),
      },
      ...able.map(({ worker }) => ({
        figure: `endMs of ${worker}`,
        alarmBeyond: figure((after.endMs[worker] ?? 0) * 1.1, "predicted end · 1.1"),
      })),
    ],
  };
}

/** The earliest deadline, to a part in a hundred, by which each worker can do what it is assigned. */
function balanced(
  tasks: readonly WorkloadTask[],
  able: readonly WorkloadWorker[],
  serviceMs: (task: WorkloadTask, worker: WorkloadWorker) => number,
  may: (task: WorkloadTask, worker: WorkloadWorker) => boolean,
  options: SolveOptions,
): readonly number[] {
  const need = able.map((worker) => tasks.map((task) => serviceMs(task, worker)));
  const cost = able.map((worker, i) =>
    tasks.map((task, n) => (may(task, worker) ? (need[i]?.[n] as number) : Number.POSITIVE_INFINITY)),
  );
  const within = (ms: number): AssignmentProblem => ({
    cost,
    need,
    capacity: able.map(({ capacity }) => ms * capacity),
  });
  const least = tasks.map((_, n) => Math.min(...cost.map((row) => row[n] as number)));
  let high = least.reduce((sum, ms) => sum + ms, 0);
  let low =
    high /
    Math.max(
      1,
      able.reduce((sum, { capacity }) => sum + capacity, 0),
    );
  let best = solveAssignment(within(Math.max(high, 1)), { roundsMax: 50, ...options }).worker;
  while (high - low > 0.01 * low && options.isOver?.() !== true) {
    const middle = (low + high) / 2;
    const found = solveAssignment(within(middle), { roundsMax: 50, ...options });
    if (found.feasible) {
      high = middle;
      best = found.worker;
    } else low = middle;
  }
  return best;
}

function figure(value: number, formula: string): Figure {
  return { value, formula };
}

function more(before: number, after: number, formula: string): Improvement {
  return { before, after, improvement: before === 0 ? 0 : after / before - 1, formula };
}

function less(before: number, after: number, formula: string): Improvement {
  return { before, after, improvement: before === 0 ? 0 : 1 - after / before, formula };
}

function rate(tasks: number, { makespanMs }: SimulatedRun): number {
  return makespanMs === 0 ? 0 : (1_000 * tasks) / makespanMs;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
