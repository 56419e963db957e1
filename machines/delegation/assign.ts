import {
  type Delegated,
  type DelegationPolicy,
  dropped,
  hasEnded,
  moved,
  type TaskTable,
  taskOf,
  workerOf,
} from "./task-table.ts";

/** S1: takes a task; it is queued. */
export function accepted(table: TaskTable, task: string, { tasksMax }: DelegationPolicy): Delegated {
  if (taskOf(table, task) !== undefined) return dropped(table, "twice");
  if (Object.keys(table.tasks).length >= tasksMax) return dropped(table, "full");
  return { table: moved(table, task, { state: "queued", attempt: 0 }), orders: [] };
}

/** S3: gives a queued task to a worker with room, by the table's own count, under a new attempt number (S2). */
export function assigned(table: TaskTable, task: string, worker: string): Delegated {
  const found = taskOf(table, task);
  const to = workerOf(table, worker);
  if (found === undefined || to === undefined) return dropped(table, "unknown");
  if (hasEnded(found)) return dropped(table, "ended");
  if (found.state !== "queued") return dropped(table, "twice");
  if (to.holds.length >= to.capacity) return dropped(table, "busy");
  const attempt = found.attempt + 1;
  return {
    table: moved(table, task, { state: "assigned", attempt, worker }),
    orders: [{ do: "grant", task, attempt, worker }],
  };
}

/** The queued tasks and the workers with room, for whoever chooses between them. */
export function openings({ tasks, workers }: TaskTable): {
  readonly queued: readonly string[];
  readonly free: readonly string[];
} {
  return {
    queued: Object.keys(tasks).filter((task) => tasks[task]?.state === "queued"),
    free: Object.entries(workers)
      .filter(([, { capacity, holds }]) => holds.length < capacity)
      .map(([worker]) => worker),
  };
}

/** Forgets a task that has ended and was reported. A late result of it is then of an unknown task: still dropped. */
export function archived(table: TaskTable, task: string): Delegated {
  const found = taskOf(table, task);
  if (found === undefined || !hasEnded(found)) return dropped(table, "unknown");
  // A copy and a deletion: to leave a key out while copying takes V8 ten times as long where there are many.
  const tasks = { ...table.tasks };
  delete tasks[task];
  return { table: { ...table, tasks }, orders: [] };
}
