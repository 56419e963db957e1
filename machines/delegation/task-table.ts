/**
 * A task as its table knows it (S1): in exactly one of these states, and in the table until it is archived.
 * `attempt` counts the assignments and is never given twice; it tells a result of now from one that is late (S2).
 */
export type Task =
  | { readonly state: "queued"; readonly attempt: number }
  | { readonly state: "assigned"; readonly attempt: number; readonly worker: string }
  /** `level` of the ladder decides, from 1 (S5). */
  | { readonly state: "escalated"; readonly attempt: number; readonly level: number; readonly reason: string }
  | { readonly state: "done"; readonly attempt: number }
  | { readonly state: "failed" | "cancelled"; readonly attempt: number; readonly reason: string };

export interface Worker {
  /** Tasks at a time; 0 gives it no more. */
  readonly capacity: number;
  /** The tasks assigned to it. Their number is its load; nothing else counts it (S3). */
  readonly holds: readonly string[];
}

/** A supervisor's tasks and workers. Plain data, never changed in place; the state of its durable record. */
export interface TaskTable {
  readonly tasks: Readonly<Record<string, Task>>;
  readonly workers: Readonly<Record<string, Worker>>;
}

export interface DelegationPolicy {
  /** Assignments of one task before it escalates. */
  readonly attemptsMax: number;
  /** Who decides at level 1, 2, …: addresses, the operator last. Beyond the last the task fails. */
  readonly ladder: readonly string[];
  /** Tasks in the table, ended ones that are not archived included; beyond it a new one is refused. */
  readonly tasksMax: number;
}

export const emptyTaskTable: TaskTable = { tasks: {}, workers: {} };

/**
 * What the shell is to say, once the table is committed and through its outbox, so that no crash loses it.
 * Workers may be volatile: what is lost on the way to them a timeout finds.
 */
export type DelegationOrder =
  | { readonly do: "grant"; readonly task: string; readonly attempt: number; readonly worker: string }
  | { readonly do: "revoke"; readonly task: string; readonly attempt: number; readonly worker: string }
  | {
      readonly do: "escalate";
      readonly task: string;
      readonly level: number;
      readonly to: string;
      readonly reason: string;
    }
  /** The task has ended; to whoever delegated it. */
  | { readonly do: "report"; readonly task: string; readonly state: "done" | "failed" | "cancelled" };

/**
 * Why nothing changed. Worth a line in the log, no error: on a lossy way all of them happen.
 *
 * - `unknown`: no such task or worker. `full`: the table. `busy`: the worker.
 * - `late`: of an attempt or a level that is past. `foreign`: from somebody it was not assigned to.
 * - `ended`: the task has ended. `twice`: such a task or assignment is there already.
 */
export type DropReason = "unknown" | "full" | "busy" | "late" | "foreign" | "ended" | "twice";

/** The table after a step and what follows from it; or the table as it was, and why. */
export interface Delegated {
  readonly table: TaskTable;
  readonly orders: readonly DelegationOrder[];
  readonly dropped?: DropReason;
}

export function dropped(table: TaskTable, reason: DropReason): Delegated {
  return { table, orders: [], dropped: reason };
}

export function taskOf({ tasks }: TaskTable, task: string): Task | undefined {
  return Object.hasOwn(tasks, task) ? tasks[task] : undefined;
}

export function workerOf({ workers }: TaskTable, worker: string): Worker | undefined {
  return Object.hasOwn(workers, worker) ? workers[worker] : undefined;
}

export function hasEnded({ state }: Task): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

/** S3: the only way a task changes: its row and its workers' move in one step, so that no capacity leaks. */
export function moved(table: TaskTable, id: string, task: Task): TaskTable {
  const before = taskOf(table, id);
  let { workers } = table;
  if (before?.state === "assigned") {
    const worker = workerOf(table, before.worker);
    if (worker) {
      const holds = worker.holds.filter((held) => held !== id);
      workers = { ...workers, [before.worker]: { ...worker, holds } };
    }
  }
  if (task.state === "assigned") {
    const worker = workerOf({ ...table, workers }, task.worker) ?? { capacity: 0, holds: [] };
    workers = { ...workers, [task.worker]: { ...worker, holds: [...worker.holds, id] } };
  }
  return { tasks: { ...table.tasks, [id]: task }, workers };
}

/** What in the table contradicts S1 or S3, in words; undefined for a sound one. For assertions and models. */
export function contradictionIn({ tasks, workers }: TaskTable): string | undefined {
  for (const [name, { holds }] of Object.entries(workers)) {
    const assigned = Object.entries(tasks)
      .filter(([, task]) => task.state === "assigned" && task.worker === name)
      .map(([id]) => id);
    if (holds.length !== assigned.length || assigned.some((id) => !holds.includes(id)))
      return `${name} holds [${holds.join(", ")}], but assigned to it are [${assigned.join(", ")}]`;
  }
  for (const [id, task] of Object.entries(tasks))
    if (task.state === "assigned" && !Object.hasOwn(workers, task.worker))
      return `${id} is assigned to ${task.worker}, who is not in the table`;
  return undefined;
}
