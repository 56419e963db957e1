import { addCounts, addOne, own } from "./bounded.ts";
import { emptyHistogram, type Histogram, mergeHistograms, record } from "./histogram.ts";

/** One execution of a function, put together from the entries that carry its id, in whatever order they come. */
export interface Execution {
  id: string;
  functionName?: string;
  startedMs?: number;
  durationMs?: number;
  /** The status it ended with, as the platform words it: a code, or a word such as `timeout`. */
  status?: string;
  isMemoryKill?: boolean;
  isTimeout?: boolean;
  /** Entries of severity ERROR and above. */
  errors?: number;
}

/** Executions, counted. */
export interface ExecutionCounts {
  count: number;
  /** Those whose duration was logged. */
  durations: Histogram;
  byStatus: Record<string, number>;
  memoryKills: number;
  /** Killed for memory, and yet ended with a status that reads as success. */
  memoryKillsEndedAsSuccess: number;
  timeouts: number;
}

export interface ExecutionFacts {
  all: ExecutionCounts;
  /** The executions that were killed for memory or timed out, the first of them. */
  failed: Execution[];
  /** Executions that may still get entries; the others are counted in `settled` only. */
  open: Execution[];
  settled: ExecutionCounts;
}

/** How many executions are kept apart: an entry that comes later than that many others counts as one of its own. */
const OPEN_MAX = 1_000;
const FAILED_MAX = 200;

export class ExecutionBook {
  readonly #open = new Map<string, Execution>();
  readonly #failed: Execution[] = [];
  #settled = noExecutions();

  /** Adds what an entry says of an execution. */
  note(part: Execution): void {
    const known = this.#open.get(part.id);
    if (known !== undefined) {
      const errors = (known.errors ?? 0) + (part.errors ?? 0);
      Object.assign(known, part, errors > 0 && { errors });
      return;
    }
    const id = own(part.id);
    this.#open.set(id, { ...part, id });
    if (this.#open.size <= OPEN_MAX) return;
    const oldest = this.#open.values().next().value as Execution;
    this.#open.delete(oldest.id);
    countExecution(this.#settled, oldest);
    this.#keepFailed(oldest);
  }

  addAll(facts: ExecutionFacts): this {
    this.#settled = mergeCounts(this.#settled, facts.settled);
    const open = new Set(facts.open.map(({ id }) => id));
    for (const execution of facts.failed) if (!open.has(execution.id)) this.#keepFailed(execution);
    for (const execution of facts.open) this.note(execution);
    return this;
  }

  facts(): ExecutionFacts {
    const all = structuredClone(this.#settled);
    for (const execution of this.#open.values()) countExecution(all, execution);
    const openFailed = [...this.#open.values()].filter(isFailed);
    return structuredClone({
      all,
      failed: [...this.#failed, ...openFailed].slice(0, FAILED_MAX),
      open: [...this.#open.values()],
      settled: this.#settled,
    });
  }

  #keepFailed(execution: Execution): void {
    if (isFailed(execution) && this.#failed.length < FAILED_MAX) this.#failed.push(execution);
  }
}

function isFailed({ isMemoryKill, isTimeout }: Execution): boolean {
  return isMemoryKill === true || isTimeout === true;
}

function noExecutions(): ExecutionCounts {
  return {
    count: 0,
    durations: emptyHistogram(),
    byStatus: {},
    memoryKills: 0,
    memoryKillsEndedAsSuccess: 0,
    timeouts: 0,
  };
}

function countExecution(into: ExecutionCounts, execution: Execution): void {
  const { durationMs, status, isMemoryKill, isTimeout } = execution;
  into.count += 1;
  if (durationMs !== undefined) record(into.durations, durationMs);
  if (status !== undefined) addOne(into.byStatus, status);
  if (isTimeout === true) into.timeouts += 1;
  if (isMemoryKill !== true) return;
  into.memoryKills += 1;
  if (status === "ok" || /^2\d\d$/.test(status ?? "")) into.memoryKillsEndedAsSuccess += 1;
}

function mergeCounts(a: ExecutionCounts, b: ExecutionCounts): ExecutionCounts {
  return {
    count: a.count + b.count,
    durations: mergeHistograms(a.durations, b.durations),
    byStatus: addCounts(a.byStatus, b.byStatus),
    memoryKills: a.memoryKills + b.memoryKills,
    memoryKillsEndedAsSuccess: a.memoryKillsEndedAsSuccess + b.memoryKillsEndedAsSuccess,
    timeouts: a.timeouts + b.timeouts,
  };
}
