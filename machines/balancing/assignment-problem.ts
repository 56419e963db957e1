import { CoxswainError } from "../../protocols/index.ts";

/**
 * Each task to exactly one worker, no worker beyond its capacity, at the least cost: the generalized assignment problem.
 * By worker, then by task. Where a task cannot go its cost is Infinity.
 */
export interface AssignmentProblem {
  readonly cost: readonly (readonly number[])[];
  /** What a task takes of a worker's capacity. */
  readonly need: readonly (readonly number[])[];
  readonly capacity: readonly number[];
}

export interface AssignmentSolution {
  /** By task, the worker. The best that is feasible; where none was found, that with the least overload. */
  readonly worker: readonly number[];
  readonly feasible: boolean;
  readonly cost: number;
  /** No assignment costs less than this. */
  readonly bound: number;
  /** What is beyond capacities, all workers together; 0 where it is feasible. */
  readonly overload: number;
  /** Times that it was shaken and improved. */
  readonly rounds: number;
}

/** The problem laid out for search: `at(worker, task)` = worker · tasks + task. */
export interface Table {
  readonly workers: number;
  readonly tasks: number;
  readonly cost: Float64Array;
  readonly need: Float64Array;
  readonly capacity: Float64Array;
}

/** @throws OPTION_INVALID for tables that are not of one shape, negative needs, costs that are no numbers, a task nobody can do */
export function tableOf({ cost, need, capacity }: AssignmentProblem): Table {
  const workers = capacity.length;
  const tasks = cost[0]?.length ?? 0;
  const shaped = (table: readonly (readonly number[])[]): boolean =>
    table.length === workers && table.every((row) => row.length === tasks);
  if (workers === 0 || !shaped(cost) || !shaped(need))
    invalid(`cost and need with a row for each of ${workers} workers, all rows equally long`);
  const table = {
    workers,
    tasks,
    cost: Float64Array.from(cost.flat()),
    need: Float64Array.from(need.flat()),
    capacity: Float64Array.from(capacity),
  };
  if (table.cost.some((value) => Number.isNaN(value) || value === Number.NEGATIVE_INFINITY))
    invalid("costs that are numbers, or Infinity where a task cannot go");
  if (table.need.some((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY))) invalid("needs >= 0");
  if (table.capacity.some((value) => !(value >= 0))) invalid("capacities >= 0");
  for (let task = 0; task < tasks; task++)
    if (cost.every((row) => row[task] === Number.POSITIVE_INFINITY))
      invalid(`a worker that can do task ${task}`);
  return table;
}

/** What an assignment costs, and by how much it overloads. */
export function worthOf(table: Table, worker: ArrayLike<number>): { cost: number; overload: number } {
  const load = new Float64Array(table.workers);
  let cost = 0;
  for (let task = 0; task < table.tasks; task++) {
    const at = (worker[task] as number) * table.tasks + task;
    cost += table.cost[at] as number;
    load[worker[task] as number] = (load[worker[task] as number] as number) + (table.need[at] as number);
  }
  // Sums of decimals are not exact.
  const beyond = (held: number, i: number): number => {
    const over = held - (table.capacity[i] as number);
    return over > 1e-9 ? over : 0;
  };
  const overload = load.reduce((sum, held, i) => sum + beyond(held, i), 0);
  return { cost, overload };
}

function invalid(expected: string): never {
  throw new CoxswainError("OPTION_INVALID", `Expected ${expected}`);
}
