import type { Table } from "./assignment-problem.ts";

export interface Priced {
  /** What a unit of each worker's capacity is worth. */
  readonly price: Float64Array;
  /** No feasible assignment costs less. */
  readonly bound: number;
}

const rounds = 400;

/**
 * Prices for capacity, by subgradients of the Lagrangian: each task goes where cost and price together are least, and what
 * is overloaded gets dearer. The best bound found comes close to that of the linear relaxation, which no prices can pass.
 *
 * Source: Fisher, "The Lagrangian Relaxation Method for Solving Integer Programming Problems", 1981.
 */
export function priced(table: Table, upper: number): Priced {
  const { workers, tasks, capacity } = table;
  const price = new Float64Array(workers);
  const load = new Float64Array(workers);
  let best: Priced = { price: price.slice(), bound: Number.NEGATIVE_INFINITY };
  let scale = 1;
  let since = 0;
  for (let round = 0; round < rounds; round++) {
    load.fill(0);
    let bound = 0;
    for (let task = 0; task < tasks; task++) {
      const worker = cheapest(table, price, task);
      const at = worker * tasks + task;
      bound += (table.cost[at] as number) + (price[worker] as number) * (table.need[at] as number);
      load[worker] = (load[worker] as number) + (table.need[at] as number);
    }
    let slope = 0;
    for (let i = 0; i < workers; i++) {
      bound -= (price[i] as number) * (capacity[i] as number);
      slope += ((load[i] as number) - (capacity[i] as number)) ** 2;
    }
    if (bound > best.bound) {
      best = { price: price.slice(), bound };
      since = 0;
    } else if (++since >= 15) {
      scale /= 2;
      since = 0;
    }
    if (slope === 0) break;
    const step = (scale * Math.max(upper - bound, Math.abs(bound) * 0.01, 1e-9)) / slope;
    for (let i = 0; i < workers; i++)
      price[i] = Math.max(0, (price[i] as number) + step * ((load[i] as number) - (capacity[i] as number)));
  }
  return best;
}

function cheapest({ workers, tasks, cost, need }: Table, price: Float64Array, task: number): number {
  let found = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < workers; i++) {
    const value =
      (cost[i * tasks + task] as number) + (price[i] as number) * (need[i * tasks + task] as number);
    if (value < least) {
      least = value;
      found = i;
    }
  }
  return found;
}

/** For each task the workers it can go to, cheapest first, cost and price together. */
export function preferences(
  { workers, tasks, cost, need }: Table,
  price: Float64Array,
): readonly Int32Array[] {
  return Array.from({ length: tasks }, (_, task) => {
    const value = (i: number): number =>
      (cost[i * tasks + task] as number) + (price[i] as number) * (need[i * tasks + task] as number);
    const open = Array.from({ length: workers }, (_, i) => i).filter(
      (i) => value(i) < Number.POSITIVE_INFINITY,
    );
    return Int32Array.from(open.toSorted((a, b) => value(a) - value(b)));
  });
}
