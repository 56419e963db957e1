import { retried } from "./result.ts";
import {
  type Delegated,
  type DelegationOrder,
  type DelegationPolicy,
  dropped,
  type TaskTable,
  taskOf,
  workerOf,
} from "./task-table.ts";

/**
 * The time of an attempt is over. The worker is told, but nothing waits for it to hear: its place is free at once
 * (S3), and what it still answers is late (S2).
 */
export function timedOut(
  table: TaskTable,
  { task, attempt }: { readonly task: string; readonly attempt: number },
  policy: DelegationPolicy,
): Delegated {
  const found = taskOf(table, task);
  if (found?.state !== "assigned" || found.attempt !== attempt) return dropped(table, "late");
  const revoke = { do: "revoke", task, attempt, worker: found.worker } as const;
  const next = retried(table, task, `no result of attempt ${attempt} in time`, policy);
  return { ...next, orders: [revoke, ...next.orders] };
}

/** A worker offers room, or less or none of it; what it holds stays. */
export function enrolled(table: TaskTable, worker: string, capacity: number): Delegated {
  const holds = workerOf(table, worker)?.holds ?? [];
  return { table: { ...table, workers: { ...table.workers, [worker]: { capacity, holds } } }, orders: [] };
}

/** A worker is gone: what it held goes on without it (S1), as after a timeout. */
export function departed(table: TaskTable, worker: string, policy: DelegationPolicy): Delegated {
  const gone = workerOf(table, worker);
  if (gone === undefined) return dropped(table, "unknown");
  const orders: DelegationOrder[] = [];
  let next = table;
  for (const task of gone.holds) {
    const step = retried(next, task, `${worker} is gone`, policy);
    orders.push(...step.orders);
    next = step.table;
  }
  const { [worker]: _, ...workers } = next.workers;
  return { table: { ...next, workers }, orders };
}
