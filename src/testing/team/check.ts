import { realEnv } from "../../env/env.ts";
import { usedBytesOf } from "../../hosting/heap.ts";
import { type CheckOptions, type Limits, limitsOf } from "./check-options.ts";
import type { CheckResult, Truncation, Violation } from "./check-result.ts";
import { Explored } from "./explored.ts";
import { findFairRun } from "./fair-run.ts";
import { type Goal, goalsOf, marksOf } from "./goals.ts";
import { StateTable } from "./state-table.ts";
import { traceTo } from "./trace.ts";
import { findTrap } from "./trap.ts";

const mebibyte = 1_048_576;
/** How often the memory is looked at, in states. */
const memoryEvery = 1_024;

/**
 * Looks at every state a model can come to, breadth first, and says whether what has to hold holds: in every state
 * (`safe`), at the end of a run (`mayEnd`), from every state on (`reachable`), and in every fair run (`eventually`).
 * A broken property comes with a run that leads to it; of safety, deadlock and trap with a shortest one.
 *
 * @example
 * const { verdict, violation } = check({
 *   init: [{ turn: 0, inside: [false, false] }],
 *   next: (state) => stepsOf(state), // [{ action: "enter", to: … }, …]
 *   safe: { "one at a time": ({ inside }) => !(inside[0] && inside[1]) },
 * });
 *
 * @throws OPTION_INVALID for a limit out of its range, no state to begin in, or a state that is not plain data and has no `key`.
 */
export function check<S, W = unknown>(options: CheckOptions<S, W>): CheckResult<S, W> {
  return new Search(options, limitsOf(options)).run();
}

class Search<S, W> {
  readonly #options: CheckOptions<S, W>;
  readonly #limits: Limits;
  readonly #table: StateTable<S>;
  readonly #graph = new Explored();
  readonly #goals: readonly Goal<S>[];
  readonly #safe: readonly (readonly [string, (state: S) => boolean])[];
  readonly #bytesBefore = usedBytesOf();
  readonly #startedMs = realEnv.monotonicMs();
  #edges = 0;
  #depth = 0;
  #truncated: Truncation | undefined;
  /** The states of the next level; only these two levels are kept as objects. */
  #found: S[] = [];

  constructor(options: CheckOptions<S, W>, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
    this.#table = new StateTable(options.key);
    this.#goals = goalsOf(options);
    this.#safe = Object.entries(options.safe ?? {});
  }

  run(): CheckResult<S, W> {
    const violation = this.#explore() ?? this.#judge();
    const elapsedMs = realEnv.monotonicMs() - this.#startedMs;
    const states = this.#graph.states;
    const undecided = this.#truncated === undefined ? "holds" : "undecided";
    return {
      verdict: violation === undefined ? undecided : "violated",
      violation,
      truncated: this.#truncated,
      states,
      edges: this.#edges,
      depth: this.#depth,
      elapsedMs,
      statesPerSecond: Math.round((states * 1_000) / Math.max(elapsedMs, 0.001)),
    };
  }

  #explore(): Violation<S, W> | undefined {
    for (const [which, state] of this.#options.init.entries()) {
      if (this.#table.add(state) >= 0) continue;
      const broken = this.#enter(state, -1, which);
      if (broken !== undefined) return broken;
    }
    let first = 0;
    while (this.#found.length > 0) {
      if (this.#depth === this.#limits.depthMax) return this.#truncate("depthMax");
      const level = this.#found;
      this.#found = [];
      for (const [i, state] of level.entries()) {
        const broken = this.#expand(state, first + i);
        if (broken !== undefined || this.#truncated !== undefined) return broken;
      }
      first += level.length;
      if (this.#found.length > 0) this.#depth++;
    }
    return undefined;
  }

  #expand(state: S, index: number): Violation<S, W> | undefined {
    const keepsEdges = this.#goals.length > 0;
    if (keepsEdges) this.#graph.expand();
    let ordinal = 0;
    for (const { action, to } of this.#options.next(state)) {
      this.#edges++;
      const added = this.#table.add(to);
      const target = added >= 0 ? added : -1 - added;
      if (keepsEdges) this.#graph.edge(target, action);
      const broken = added >= 0 ? undefined : this.#enter(to, index, ordinal);
      if (broken !== undefined) return broken;
      ordinal++;
    }
    if (ordinal === 0 && this.#options.mayEnd?.(state) !== true) {
      return this.#violation("deadlock", "deadlock", index);
    }
    if (this.#graph.states >= this.#limits.statesMax && index + 1 < this.#graph.states) {
      return this.#truncate("statesMax");
    }
    if (index % memoryEvery === 0 && this.#grownMb() > this.#limits.memoryMaxMb) {
      return this.#truncate("memoryMaxMb");
    }
    return undefined;
  }

  /** A state found for the first time. */
  #enter(state: S, parent: number, ordinal: number): Violation<S, W> | undefined {
    this.#graph.found(parent, ordinal, marksOf(this.#goals, state, parent < 0));
    this.#found.push(state);
    for (const [name, holds] of this.#safe) {
      if (!holds(state)) return this.#violation("unsafe", name, this.#graph.states - 1);
    }
    return undefined;
  }

  /** What can be said of whole runs only. */
  #judge(): Violation<S, W> | undefined {
    for (const { kind, name, mark, after } of this.#goals) {
      if (kind === "reachable") {
        const trap = findTrap(this.#graph, mark);
        if (trap !== undefined) return this.#violation("trap", name, trap);
        continue;
      }
      const fair = this.#options.fair ?? (() => true);
      const run = findFairRun(this.#graph, { goal: mark, after, fair });
      if (run === undefined) continue;
      const trace = traceTo(this.#options, this.#graph, this.#table, run.path);
      return { kind: "never", name, ...trace, loopsFrom: run.loopsFrom };
    }
    return undefined;
  }

  #violation(kind: Violation<S>["kind"], name: string, state: number): Violation<S, W> {
    const path = this.#graph.pathTo(state);
    return {
      kind,
      name,
      ...traceTo(this.#options, this.#graph, this.#table, path),
      loopsFrom: undefined,
    };
  }

  #grownMb(): number {
    return (usedBytesOf() - this.#bytesBefore) / mebibyte;
  }

  #truncate(by: Truncation["by"]): undefined {
    const { states } = this.#graph;
    const limit = this.#limits[by];
    const unit = { statesMax: " states", depthMax: " steps", memoryMaxMb: " MiB" }[by];
    this.#truncated = {
      by,
      message:
        `Not everything was looked at: the search ended at ${by}, ${limit}${unit}, with ${states} states found, ` +
        `${this.#depth} steps deep, and the memory ${Math.max(0, Math.round(this.#grownMb()))} MiB larger`,
    };
    return undefined;
  }
}
