import type { Table } from "./assignment-problem.ts";

/** Gains below this are none: sums of decimals are not exact. */
const epsilon = 1e-9;

/**
 * An assignment that is improved step by step. Overload is allowed at a penalty for each unit, which differs by worker and
 * changes on the way, so that the search passes through what is not feasible.
 */
export class Search {
  readonly worker: Int32Array;
  readonly load: Float64Array;
  readonly penalty: Float64Array;
  readonly #table: Table;
  readonly #prefer: readonly Int32Array[];
  /** By worker, the tasks it has. */
  readonly #has: number[][];

  constructor(table: Table, prefer: readonly Int32Array[], penalty: number) {
    this.#table = table;
    this.#prefer = prefer;
    this.worker = new Int32Array(table.tasks);
    this.load = new Float64Array(table.workers);
    this.penalty = new Float64Array(table.workers).fill(penalty);
    this.#has = Array.from({ length: table.workers }, () => []);
  }

  become(worker: ArrayLike<number>): void {
    const { tasks, need } = this.#table;
    this.load.fill(0);
    for (const list of this.#has) list.length = 0;
    for (let task = 0; task < tasks; task++) {
      const to = worker[task] as number;
      this.worker[task] = to;
      this.load[to] = (this.load[to] as number) + (need[to * tasks + task] as number);
      this.#has[to]?.push(task);
    }
  }

  move(task: number, to: number): void {
    const { tasks, need } = this.#table;
    const from = this.worker[task] as number;
    if (from === to) return;
    this.load[from] = (this.load[from] as number) - (need[from * tasks + task] as number);
    this.load[to] = (this.load[to] as number) + (need[to * tasks + task] as number);
    this.worker[task] = to;
    const list = this.#has[from] as number[];
    list[list.indexOf(task)] = list.at(-1) as number;
    list.pop();
    this.#has[to]?.push(task);
  }

  /** What the overload costs, all workers together. */
  penalties(): number {
    let sum = 0;
    for (let i = 0; i < this.load.length; i++) sum += this.#fine(i, this.load[i] as number);
    return sum;
  }

  /**
   * Goes through the tasks in the order given until none can be improved by going elsewhere, alone or with one that is
   * pushed on from there (a swap, where it comes back to where the first one was).
   */
  improve(order: Int32Array, isOver: () => boolean): void {
    let calm = 0;
    for (let n = 0; calm < order.length; n = (n + 1) % order.length) {
      if (n === 0 && isOver()) return;
      calm = this.#step(order[n] as number) ? 0 : calm + 1;
    }
  }

  /** Makes the best change that begins with this task. False where none gains. */
  #step(task: number): boolean {
    const { tasks, cost, need } = this.#table;
    const { load, worker } = this;
    const from = worker[task] as number;
    const needFrom = need[from * tasks + task] as number;
    const costFrom = cost[from * tasks + task] as number;
    const lightFrom = (load[from] as number) - needFrom;
    const relief = this.#fine(from, lightFrom) - this.#fine(from, load[from] as number) - costFrom;
    let best = -epsilon;
    let bestTo = -1;
    let bestOther = -1;
    let bestOn = -1;
    for (const to of this.#prefer[task] as Int32Array) {
      if (to === from) continue;
      const arrives = (load[to] as number) + (need[to * tasks + task] as number);
      const before = this.#fine(to, load[to] as number);
      const there = relief + (cost[to * tasks + task] as number) - before;
      const alone = there + this.#fine(to, arrives);
      if (alone < best) {
        best = alone;
        bestTo = to;
        bestOther = -1;
      }
      for (const other of this.#has[to] as number[]) {
        const lighter = arrives - (need[to * tasks + other] as number);
        const pushed = there + this.#fine(to, lighter) - (cost[to * tasks + other] as number);
        for (const on of this.#prefer[other] as Int32Array) {
          if (on === to) continue;
          const loaded = on === from ? lightFrom : (load[on] as number);
          const heavier = loaded + (need[on * tasks + other] as number);
          const total =
            pushed + (cost[on * tasks + other] as number) + this.#fine(on, heavier) - this.#fine(on, loaded);
          if (total < best) {
            best = total;
            bestTo = to;
            bestOther = other;
            bestOn = on;
          }
        }
      }
    }
    if (bestTo < 0) return false;
    this.move(task, bestTo);
    if (bestOther >= 0) this.move(bestOther, bestOn);
    return true;
  }

  #fine(worker: number, load: number): number {
    const over = load - (this.#table.capacity[worker] as number);
    return over > epsilon ? over * (this.penalty[worker] as number) : 0;
  }
}
