import { accepted } from "../../machines/delegation/assign.ts";
import {
  contradictionIn,
  type Delegated,
  type DelegationOrder,
  type DelegationPolicy,
  emptyTaskTable,
  hasEnded,
  type TaskTable,
} from "../../machines/delegation/task-table.ts";
import { enrolled } from "../../machines/delegation/timeout.ts";
import type { DelegationSteps } from "./delegation-steps.ts";
import { numbered } from "./numbered.ts";

/**
 * The world of the model P2: a supervisor with its table of tasks, workers with room for one task each, and a
 * ladder above. A step of the table and its orders are committed together (what P1 shows); grants and results
 * may be lost or late, results may come twice; attempts time out at any moment; workers and the supervisor crash;
 * somebody cancels. A revocation is not modelled: a worker it reaches in time is one that never answers.
 */
export interface P2Bounds {
  readonly tasks: number;
  readonly workers: number;
  readonly attempts: number;
  readonly crashes: number;
  readonly cancels: number;
  /** Levels of the ladder; default 1. */
  readonly levels?: number;
  /** Whether states that differ only in which task is which count as one; default true. */
  readonly folded?: boolean;
}

type Escalation = Extract<DelegationOrder, { do: "escalate" }>;

/** An attempt somewhere between its grant and its result, whether or not the table still knows it. */
interface UnderWay {
  readonly task: string;
  readonly attempt: number;
  readonly worker: string;
  readonly phase: "granted" | "working" | "answered";
}

export interface P2State {
  readonly table: TaskTable;
  /** Escalations that are committed and not known to have arrived. */
  readonly outbox: readonly Escalation[];
  /** What is only said: gone when the supervisor crashes (mutant D5). */
  readonly volatile: readonly Escalation[];
  readonly underWay: readonly UnderWay[];
  /** `task level`: whom an escalation has reached. It may decide at any time, also twice. */
  readonly heard: readonly string[];
  /** How often each was ordered: `task level`, or `task` for its report; 2 is as bad as 3. */
  readonly escalations: Readonly<Record<string, number>>;
  readonly reports: Readonly<Record<string, number>>;
  /** A task that had ended changed. */
  readonly reopened: boolean;
  readonly left: { readonly crashes: number; readonly cancels: number };
}

type P2Step = { readonly action: string; readonly to: P2State };

export function p2(bounds: P2Bounds, steps: DelegationSteps) {
  const { tasks, workers, attempts, crashes, cancels, levels = 1 } = bounds;
  const ladder = Array.from({ length: levels }, (_, i) => `level ${i + 1}`);
  const policy: DelegationPolicy = { attemptsMax: attempts, ladder, tasksMax: tasks };
  let table = emptyTaskTable;
  for (let i = 0; i < workers; i++) table = enrolled(table, `w${i}`, 1).table;
  for (let i = 0; i < tasks; i++) table = accepted(table, `t${i}`, policy).table;
  const start: P2State = {
    table,
    outbox: [],
    volatile: [],
    underWay: [],
    heard: [],
    escalations: {},
    reports: {},
    reopened: false,
    left: { crashes, cancels },
  };
  return {
    init: [start],
    next: (state: P2State) => nextOf(state, policy, steps),
    key: keyOf(bounds.folded ?? true),
    safe: {
      "a task that has ended stays as it ended": ({ reopened }: P2State) => !reopened,
      "a task ends once": ({ reports }: P2State) => Object.values(reports).every((times) => times < 2),
      "a worker's load is the tasks assigned to it": (state: P2State) =>
        contradictionIn(state.table) === undefined,
      "no worker has more than its capacity": (state: P2State) =>
        Object.values(state.table.workers).every(({ capacity, holds }) => holds.length <= capacity),
      "each level is asked once": ({ escalations }: P2State) =>
        Object.values(escalations).every((times) => times < 2),
    },
    reachable: {
      "every task has ended": (state: P2State) => Object.values(state.table.tasks).every(hasEnded),
    },
    mayEnd: () => true,
  };
}

/** All of a state belongs to one task or another, but for the flag and what is left. Tasks are alike. */
function keyOf(folded: boolean): (state: P2State) => readonly number[] {
  const [taskOf, restOf] = [numbered(), numbered()];
  return (state) => {
    const tasks = Object.keys(state.table.tasks).map((task) => taskOf(taskText(state, task)));
    const rest = restOf(`${state.reopened} ${state.left.crashes} ${state.left.cancels}`);
    return [rest, ...(folded ? tasks.sort((a, b) => a - b) : tasks)];
  };
}

function taskText(
  { table, outbox, volatile, underWay, heard, escalations, reports }: P2State,
  id: string,
): string {
  const task = table.tasks[id];
  const of = (it: { readonly task: string }): boolean => it.task === id;
  const named = (name: string): boolean => name.startsWith(`${id} `);
  return [
    task &&
      `${task.state}${task.attempt}${"worker" in task ? task.worker : "level" in task ? task.level : ""}`,
    Object.keys(table.workers).filter((worker) => table.workers[worker]?.holds.includes(id)),
    underWay.filter(of).map(({ attempt, worker, phase }) => `${attempt}${worker}${phase}`),
    outbox.filter(of).map(({ level }) => level),
    volatile.filter(of).map(({ level }) => level),
    heard.filter(named).map((name) => name.slice(id.length)),
    Object.entries(escalations)
      .filter(([name]) => named(name))
      .map(([name, times]) => `${name.slice(id.length)}x${times}`),
    reports[id],
  ].join("|");
}

function* nextOf(state: P2State, policy: DelegationPolicy, steps: DelegationSteps): Generator<P2Step> {
  yield* decisionsOf(state, policy, steps);
  for (const list of ["outbox", "volatile"] as const)
    for (const order of state[list]) yield hearing(state, list, order);
  for (const attempt of state.underWay) yield* progressOf(state, attempt, policy, steps);
  if (state.left.crashes > 0) yield* crashesOf(state, policy, steps);
}

/** What the supervisor, those above it and those who delegate may decide. */
function* decisionsOf(state: P2State, policy: DelegationPolicy, steps: DelegationSteps): Generator<P2Step> {
  const { table } = state;
  const { queued, free } = steps.openings(table);
  for (const task of queued)
    for (const worker of free)
      yield {
        action: `${task} is given to ${worker}`,
        to: stepped(state, steps.assigned(table, task, worker), steps),
      };
  for (const [task, { state: now, attempt }] of Object.entries(table.tasks)) {
    if (now === "assigned")
      yield {
        action: `${task} times out`,
        to: stepped(state, steps.timedOut(table, { task, attempt }, policy), steps),
      };
    if (state.left.cancels > 0)
      yield {
        action: `${task} is cancelled`,
        to: spend(stepped(state, steps.cancelled(table, task, "no longer needed"), steps), "cancels"),
      };
  }
  for (const asked of state.heard) {
    const [task = "", level = ""] = asked.split(" ");
    for (const decision of ["done", "fail", "passOn"] as const) {
      const by = { task, level: Number(level), decision, reason: "as decided" };
      const to = stepped(state, steps.decided(table, by, policy), steps);
      yield { action: `level ${level} says ${decision} of ${task}`, to };
    }
  }
}

/** An escalation arrives. That it may come twice is nothing: who was asked may answer any number of times. */
function hearing(state: P2State, list: "outbox" | "volatile", order: Escalation): P2Step {
  const asked = `${order.task} ${order.level}`;
  const heard = state.heard.includes(asked) ? state.heard : [...state.heard, asked].sort();
  const said = state[list].filter((it) => it !== order);
  return { action: `level ${order.level} hears of ${order.task}`, to: { ...state, [list]: said, heard } };
}

/** A grant arrives, the worker answers, the answer arrives and may come again; at any of these it may be lost. */
function* progressOf(
  state: P2State,
  attempt: UnderWay,
  policy: DelegationPolicy,
  steps: DelegationSteps,
): Generator<P2Step> {
  const { phase, ...of } = attempt;
  const name = `attempt ${of.attempt} at ${of.task} by ${of.worker}`;
  const rest = { ...state, underWay: state.underWay.filter((it) => it !== attempt) };
  yield { action: `${name} is lost, ${phase}`, to: rest };
  if (phase !== "answered") {
    const next = phase === "granted" ? "working" : "answered";
    const underWay = state.underWay.map((it) =>
      it === attempt ? ({ ...attempt, phase: next } as const) : it,
    );
    yield { action: `${name} is ${next}`, to: { ...state, underWay } };
    return;
  }
  // What it says is chosen here, since nobody can see it before.
  for (const outcome of ["done", "failed"] as const) {
    const step = steps.finished(state.table, { ...of, outcome, reason: "failed" }, policy);
    yield { action: `${name} comes back ${outcome}`, to: stepped(rest, step, steps) };
    yield { action: `${name} comes back ${outcome}, and will again`, to: stepped(state, step, steps) };
  }
}

function* crashesOf(state: P2State, policy: DelegationPolicy, steps: DelegationSteps): Generator<P2Step> {
  yield { action: "the supervisor crashes", to: spend({ ...state, volatile: [] }, "crashes") };
  for (const worker of Object.keys(state.table.workers)) {
    const underWay = state.underWay.filter((it) => it.worker !== worker || it.phase !== "working");
    const gone = spend({ ...state, underWay }, "crashes");
    yield { action: `${worker} crashes unnoticed`, to: gone };
    const known = stepped(gone, steps.departed(gone.table, worker, policy), steps);
    const back = stepped(known, steps.enrolled(known.table, worker, 1), steps);
    yield { action: `${worker} crashes and comes back`, to: back };
  }
}

/** Commits a step of the table with its orders. */
function stepped(state: P2State, { table, orders }: Delegated, steps: DelegationSteps): P2State {
  if (table === state.table && orders.length === 0) return state;
  const reopened = Object.entries(state.table.tasks).some(
    ([id, task]) => hasEnded(task) && table.tasks[id] !== task,
  );
  const escalations = orders.filter((order): order is Escalation => order.do === "escalate");
  const granted = orders
    .filter((order) => order.do === "grant")
    .map(({ task, attempt, worker }) => ({ task, attempt, worker, phase: "granted" }) as const);
  const list = steps.escalationIsDurable ? "outbox" : "volatile";
  return {
    ...state,
    table: sortedTable(table),
    [list]: [...state[list], ...escalations],
    underWay: [...state.underWay, ...granted],
    escalations: counted(
      state.escalations,
      escalations.map(({ task, level }) => `${task} ${level}`),
    ),
    reports: counted(
      state.reports,
      orders.filter(({ do: it }) => it === "report").map(({ task }) => task),
    ),
    reopened: state.reopened || reopened,
  };
}

function sortedTable({ tasks, workers }: TaskTable): TaskTable {
  return { tasks, workers: Object.fromEntries(Object.entries(workers).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function counted(counts: Readonly<Record<string, number>>, names: readonly string[]): Record<string, number> {
  const next = { ...counts };
  for (const name of names) next[name] = Math.min((next[name] ?? 0) + 1, 2);
  return Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function spend(state: P2State, what: keyof P2State["left"]): P2State {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}
