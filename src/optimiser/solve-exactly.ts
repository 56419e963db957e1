import { balancing } from "../../machines/index.ts";
import { CoxswainError, quote } from "../../protocols/index.ts";

/** What is used of the package. */
interface Highs {
  solve(
    model: string,
    options: Readonly<Record<string, unknown>>,
  ): {
    readonly Status: string;
    readonly Columns: Readonly<Record<string, { readonly Primal?: number }>>;
  };
}

export interface ExactSolution {
  /** `feasible`: the time was over before it was proved to be the best. `unknown`: or before any was found. */
  readonly status: "optimal" | "feasible" | "infeasible" | "unknown";
  /** By task, the worker; undefined where none was found. */
  readonly worker: readonly number[] | undefined;
  readonly cost: number | undefined;
}

/**
 * Solves an assignment problem to the proved optimum, with HiGHS, which is an optional package. It computes on this thread
 * until it has ended, or `withinMs` are over (default 10,000): in an actor, put it into a {@link hostedActor}.
 *
 * @throws OPTION_INVALID where the tables do not fit, `withinMs` is no time, or the package `highs` is not installed
 */
export async function solveExactly(
  problem: balancing.AssignmentProblem,
  { withinMs = 10_000 }: { readonly withinMs?: number } = {},
): Promise<ExactSolution> {
  if (!(withinMs > 0)) {
    throw new CoxswainError("OPTION_INVALID", `Expected withinMs > 0, got ${quote(withinMs)}`);
  }
  const { workers, tasks, capacity } = balancing.tableOf(problem);
  const highs = await installed();
  if (tasks === 0) return { status: "optimal", worker: [], cost: 0 };
  const options = { output_flag: false, time_limit: withinMs / 1_000, mip_rel_gap: 0, mip_abs_gap: 0 };
  const { Status: status, Columns: columns } = highs.solve(modelOf(problem), options);
  if (status === "Infeasible") return { status: "infeasible", worker: undefined, cost: undefined };
  const isOn = (worker: number, task: number): boolean => {
    const column = columns[`x${worker}_${task}`];
    return (column?.Primal ?? 0) > 0.5;
  };
  const found = Array.from({ length: tasks }, (_, task) =>
    capacity.findIndex((_, worker) => worker < workers && isOn(worker, task)),
  );
  if (found.includes(-1)) return { status: "unknown", worker: undefined, cost: undefined };
  const cost = found.reduce((sum, worker, task) => sum + (problem.cost[worker]?.[task] as number), 0);
  return { status: status === "Optimal" ? "optimal" : "feasible", worker: found, cost };
}

async function installed(): Promise<Highs> {
  let load: () => Promise<Highs>;
  try {
    const found: { readonly default: unknown } = await import("highs");
    load = found.default as () => Promise<Highs>;
  } catch (cause) {
    throw new CoxswainError(
      "OPTION_INVALID",
      "Expected the package highs, which solves exactly: npm install highs",
      { cause },
    );
  }
  return load();
}

/** In CPLEX's LP format: each task once, no worker beyond its capacity. */
function modelOf({ cost, need, capacity }: balancing.AssignmentProblem): string {
  const tasks = cost[0]?.length ?? 0;
  const open = (worker: number, task: number): boolean =>
    (cost[worker]?.[task] as number) < Number.POSITIVE_INFINITY;
  const pairs = capacity.flatMap((_, worker) =>
    Array.from({ length: tasks }, (_, task) => [worker, task] as const).filter((pair) => open(...pair)),
  );
  const sum = (
    of: readonly (readonly [number, number])[],
    factor: (w: number, t: number) => number,
  ): string => of.map(([worker, task]) => `${signed(factor(worker, task))} x${worker}_${task}`).join("\n ");
  const once = Array.from(
    { length: tasks },
    (_, task) =>
      `once${task}: ${sum(
        pairs.filter(([, of]) => of === task),
        () => 1,
      )} = 1`,
  );
  const within = capacity.flatMap((most, worker) => {
    const own = pairs.filter(([of]) => of === worker);
    if (own.length === 0 || most === Number.POSITIVE_INFINITY) return [];
    return [`within${worker}: ${sum(own, (w, t) => need[w]?.[t] as number)} <= ${most}`];
  });
  const names = pairs.map(([worker, task]) => `x${worker}_${task}`);
  return [
    "Minimize",
    `cost: ${sum(pairs, (worker, task) => cost[worker]?.[task] as number)}`,
    "Subject To",
    ...once,
    ...within,
    "Binary",
    ...names,
    "End",
  ].join("\n");
}

function signed(value: number): string {
  return value < 0 ? `- ${-value}` : `+ ${value}`;
}
