/** A worker as a balancer sees it when a task is to be placed. */
export interface WorkerView {
  readonly worker: string;
  /** Tasks at a time; 0: it takes none. */
  readonly capacity: number;
  /** Tasks it works on. */
  readonly running: number;
  /** Tasks that wait for it. */
  readonly queued: number;
  /** Until it has a place for one more, as predicted, in milliseconds; 0 where it has one now. */
  readonly freeInMs: number;
  /** How long this very task would take there, as predicted from history and skills, in milliseconds. */
  readonly serviceMs: number;
}

/** What a choice may depend on besides the workers. */
export interface Draw {
  /** 0 ≤ x < 1. */
  readonly chance: number;
  /** Tasks placed before this one. */
  readonly turn: number;
}

/** Chooses who gets a task: pure, the same views and the same draw give the same worker. Undefined where nobody takes any. */
export type Balancer = (workers: readonly WorkerView[], draw: Draw) => string | undefined;

/** Each worker in its turn, whatever it has to do. */
const roundRobin: Balancer = (workers, { turn }) => {
  const open = takers(workers);
  return open[turn % Math.max(1, open.length)]?.worker;
};

/** The least work for each place, running and waiting; the first of equals. */
const leastLoaded: Balancer = (workers) => least(takers(workers), loadOf)?.worker;

/**
 * The less loaded of two drawn at random: nearly as even as asking all of them, and no herd where views are old.
 *
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
 */
const powerOfTwo: Balancer = (workers, { chance }) => {
  const open = takers(workers);
  const pairs = open.length * (open.length - 1);
  if (pairs === 0) return open[0]?.worker;
  const drawn = Math.floor(chance * pairs);
  const first = Math.floor(drawn / (open.length - 1));
  const other = drawn % (open.length - 1);
  const second = other < first ? other : other + 1;
  return least([open[first], open[second]] as WorkerView[], loadOf)?.worker;
};

/** The one that is predicted to end it first: waiting and service together. The first of equals. */
const skillAndHistory: Balancer = (workers) =>
  least(takers(workers), ({ freeInMs, serviceMs }) => freeInMs + serviceMs)?.worker;

export const balancers = { roundRobin, leastLoaded, powerOfTwo, skillAndHistory } as const;
export type BalancerName = keyof typeof balancers;

function takers(workers: readonly WorkerView[]): readonly WorkerView[] {
  return workers.filter(({ capacity }) => capacity > 0);
}

function loadOf({ capacity, running, queued }: WorkerView): number {
  return (running + queued) / capacity;
}

function least<T>(all: readonly T[], of: (one: T) => number): T | undefined {
  let found: T | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const one of all) {
    const value = of(one);
    if (value < lowest) {
      found = one;
      lowest = value;
    }
  }
  return found;
}
