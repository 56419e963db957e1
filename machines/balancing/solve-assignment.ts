import {
  type AssignmentProblem,
  type AssignmentSolution,
  type Table,
  tableOf,
  worthOf,
} from "./assignment-problem.ts";
import { Search } from "./assignment-search.ts";
import { type Priced, preferences, priced } from "./capacity-prices.ts";

export interface SolveOptions {
  /** The same seed and the same rounds give the same assignment. Default 1. */
  readonly seed?: number;
  /** Asked between steps: true ends the search, with the best so far. */
  readonly isOver?: () => boolean;
  /** Times that the assignment is shaken and improved; default 2,000. */
  readonly roundsMax?: number;
}

interface Best {
  worker: Int32Array;
  cost: number;
  overload: number;
}

/**
 * Solves an assignment problem, not always to the optimum: capacity is priced by its Lagrangian, each task goes where cost
 * and price are least, and the rest is iterated local search with ejection chains of two and penalties that adapt.
 *
 * Source: Yagiura, Ibaraki, Glover, "An Ejection Chain Approach for the Generalized Assignment Problem", 2004.
 *
 * @throws OPTION_INVALID
 */
export function solveAssignment(problem: AssignmentProblem, options: SolveOptions = {}): AssignmentSolution {
  const table = tableOf(problem);
  const { seed = 1, isOver = () => false, roundsMax = 2_000 } = options;
  const prices = priced(table, dearestOf(table));
  const start = startOf(table, prices);
  const best: Best = { worker: start, ...worthOf(table, start) };
  const rounds = table.tasks < 2 ? 0 : searched(table, prices, best, { seed, isOver, roundsMax });
  const { worker, cost, overload } = best;
  return { worker: [...worker], feasible: overload === 0, cost, bound: prices.bound, overload, rounds };
}

function searched(
  table: Table,
  { price, bound }: Priced,
  best: Best,
  { seed, isOver, roundsMax }: Required<SolveOptions>,
): number {
  const { tasks } = table;
  const prefer = preferences(table, price);
  const random = randomOf(seed);
  const search = new Search(table, prefer, penaltyOf(table));
  const order = Int32Array.from({ length: tasks }, (_, task) => task);
  const current = { worker: best.worker.slice(), value: Number.POSITIVE_INFINITY };
  search.become(best.worker);
  for (let round = 1; round <= roundsMax; round++) {
    shuffle(order, random);
    search.improve(order, isOver);
    const { cost, overload } = worthOf(table, search.worker);
    if (overload < best.overload || (overload === best.overload && cost < best.cost))
      Object.assign(best, { worker: search.worker.slice(), cost, overload });
    // Whole costs leave no room between the bound and an assignment less than 1 above it.
    if (isOver() || (best.overload === 0 && isProved(table, best.cost, bound))) return round;
    adapt(search, table, overload > 0);
    const value = cost + search.penalties();
    // Now and then a worse one is kept, and the best one taken up again: what is better is not always near.
    const chance = random();
    if (value <= current.value || chance < 0.02) {
      current.worker.set(search.worker);
      current.value = value;
    } else if (chance < 0.04) {
      current.worker.set(best.worker);
      current.value = best.cost;
    }
    search.become(current.worker);
    shake(search, prefer, random);
  }
  return roundsMax;
}

/** Moves a few tasks to workers they like well. */
function shake(search: Search, prefer: readonly Int32Array[], random: () => number): void {
  const tasks = prefer.length;
  const count = 2 + Math.floor(random() * Math.max(2, tasks * 0.04));
  for (let n = 0; n < count; n++) {
    const task = Math.floor(random() * tasks);
    const open = prefer[task] as Int32Array;
    search.move(task, open[Math.floor(random() * Math.min(open.length, 4))] as number);
  }
}

/** Overload gets dearer where there is some, cheaper where there is none. */
function adapt(search: Search, { capacity }: Table, overloaded: boolean): void {
  for (let i = 0; i < capacity.length; i++) {
    const over = (search.load[i] as number) > (capacity[i] as number);
    const factor = over ? 1.3 : overloaded ? 1 : 0.9;
    search.penalty[i] = Math.min(1e9, Math.max(1e-6, (search.penalty[i] as number) * factor));
  }
}

/** Each task where cost and price are least, the hardest to place first, and only where there is room if there is any. */
function startOf(table: Table, { price }: Priced): Int32Array {
  const { tasks, need, capacity, cost } = table;
  const prefer = preferences(table, price);
  const left = capacity.slice();
  const worker = new Int32Array(tasks);
  const value = (task: number, i: number | undefined): number =>
    i === undefined
      ? Number.POSITIVE_INFINITY
      : (cost[i * tasks + task] as number) + (price[i] as number) * (need[i * tasks + task] as number);
  const regret = (task: number): number => value(task, prefer[task]?.[1]) - value(task, prefer[task]?.[0]);
  const order = Array.from({ length: tasks }, (_, task) => task).toSorted(
    (a, b) => regret(b) - regret(a) || a - b,
  );
  for (const task of order) {
    const open = prefer[task] as Int32Array;
    const to =
      open.find((i) => (left[i] as number) >= (need[i * tasks + task] as number)) ?? (open[0] as number);
    left[to] = (left[to] as number) - (need[to * tasks + task] as number);
    worker[task] = to;
  }
  return worker;
}

/** What a unit of capacity may be worth at most: a first penalty in the right order of magnitude. */
function penaltyOf({ cost, need }: Table): number {
  const finite = cost.filter((value) => value < Number.POSITIVE_INFINITY).map(Math.abs);
  const mean = (values: Float64Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.max(1e-3, mean(finite) / Math.max(1e-9, mean(need)));
}

function dearestOf({ workers, tasks, cost }: Table): number {
  let sum = 0;
  for (let task = 0; task < tasks; task++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < workers; i++) {
      const value = cost[i * tasks + task] as number;
      if (value < Number.POSITIVE_INFINITY) most = Math.max(most, value);
    }
    sum += most;
  }
  return sum;
}

function isProved({ cost }: Table, value: number, bound: number): boolean {
  const whole = cost.every((one) => Number.isInteger(one) || one === Number.POSITIVE_INFINITY);
  return whole ? value < bound + 1 - 1e-6 : value <= bound + 1e-9;
}

function shuffle(list: Int32Array, random: () => number): void {
  for (let n = list.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    const kept = list[n] as number;
    list[n] = list[other] as number;
    list[other] = kept;
  }
}

/** 0 ≤ x < 1, the same series for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
