import { ended } from "./escalate.ts";
import { type Delegated, dropped, hasEnded, type TaskTable, taskOf } from "./task-table.ts";

/** S1: ends a task that has not ended. One that is done stays done: whichever is committed first holds. */
export function cancelled(table: TaskTable, task: string, reason: string): Delegated {
  const found = taskOf(table, task);
  if (found === undefined) return dropped(table, "unknown");
  if (hasEnded(found)) return dropped(table, "ended");
  const { attempt } = found;
  const step = ended(table, task, { state: "cancelled", attempt, reason });
  if (found.state !== "assigned") return step;
  const revoke = { do: "revoke", task, attempt, worker: found.worker } as const;
  return { ...step, orders: [revoke, ...step.orders] };
}
