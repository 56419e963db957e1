import { ended, escalated } from "./escalate.ts";
import {
  type Delegated,
  type DelegationPolicy,
  dropped,
  hasEnded,
  moved,
  type TaskTable,
  taskOf,
} from "./task-table.ts";

/** What a worker says of the attempt it was granted. */
export type Result = { readonly task: string; readonly attempt: number; readonly worker: string } & (
  | { readonly outcome: "done" }
  | { readonly outcome: "failed"; readonly reason: string }
);

/**
 * S2: accepts a result of the attempt that is current, from the worker that holds it. Of all others, late, double
 * or foreign, nothing changes, the worker's load neither: that is the table's (S3).
 */
export function finished(table: TaskTable, result: Result, policy: DelegationPolicy): Delegated {
  const { task, attempt, worker } = result;
  const found = taskOf(table, task);
  if (found === undefined) return dropped(table, "unknown");
  if (hasEnded(found)) return dropped(table, "ended");
  if (found.state !== "assigned" || found.attempt !== attempt) return dropped(table, "late");
  if (found.worker !== worker) return dropped(table, "foreign");
  return result.outcome === "done"
    ? ended(table, task, { state: "done", attempt })
    : retried(table, task, result.reason, policy);
}

/** The attempt is over without success: back to the queue, or up the ladder when there were enough (S5). */
export function retried(table: TaskTable, task: string, reason: string, policy: DelegationPolicy): Delegated {
  const found = taskOf(table, task);
  if (found?.state !== "assigned") return dropped(table, "late");
  const { attempt } = found;
  if (attempt >= policy.attemptsMax) return escalated(table, task, reason, policy);
  return { table: moved(table, task, { state: "queued", attempt }), orders: [] };
}
