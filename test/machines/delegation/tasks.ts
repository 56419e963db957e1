import { accepted, assigned } from "../../../machines/delegation/assign.ts";
import {
  type Delegated,
  type DelegationPolicy,
  emptyTaskTable,
  type TaskTable,
} from "../../../machines/delegation/task-table.ts";
import { enrolled } from "../../../machines/delegation/timeout.ts";

export const policy: DelegationPolicy = { attemptsMax: 2, ladder: ["lead", "operator"], tasksMax: 5 };

/** The table a step led to; a step that was dropped is a mistake in the test. */
export function tableOf(step: Delegated): TaskTable {
  if (step.dropped !== undefined) throw new Error(`Expected a step, but it was dropped: ${step.dropped}`);
  return step.table;
}

/** Tasks queued, and workers with room for one each. */
export function tableWith(tasks: readonly string[], workers: readonly string[]): TaskTable {
  let table = emptyTaskTable;
  for (const task of tasks) table = tableOf(accepted(table, task, policy));
  for (const worker of workers) table = tableOf(enrolled(table, worker, 1));
  return table;
}

/** Task `t`, assigned to worker `w` for the first time. */
export function atWork(): TaskTable {
  return tableOf(assigned(tableWith(["t"], ["w", "v"]), "t", "w"));
}
