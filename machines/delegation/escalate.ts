import {
  type Delegated,
  type DelegationPolicy,
  dropped,
  moved,
  type TaskTable,
  taskOf,
} from "./task-table.ts";

/**
 * S5: one rung up. Each level is asked once, since levels only rise; beyond the last the task fails, so every
 * chain ends. Levels never hand back: whoever is asked decides, or passes on.
 */
export function escalated(
  table: TaskTable,
  task: string,
  reason: string,
  { ladder }: DelegationPolicy,
): Delegated {
  const found = taskOf(table, task);
  if (found === undefined) return dropped(table, "unknown");
  const { attempt } = found;
  const level = (found.state === "escalated" ? found.level : 0) + 1;
  const to = ladder[level - 1];
  if (to === undefined) return ended(table, task, { state: "failed", attempt, reason });
  return {
    table: moved(table, task, { state: "escalated", attempt, level, reason }),
    orders: [{ do: "escalate", task, level, to, reason }],
  };
}

export type LevelDecision =
  | { readonly decision: "done" }
  | { readonly decision: "fail"; readonly reason: string }
  /** Said, or taken for said when its time is over. */
  | { readonly decision: "passOn"; readonly reason: string };

/** S5: a level of the ladder has decided. Only the level that is asked now can, and once. */
export function decided(
  table: TaskTable,
  { task, level, ...by }: { readonly task: string; readonly level: number } & LevelDecision,
  policy: DelegationPolicy,
): Delegated {
  const found = taskOf(table, task);
  if (found === undefined) return dropped(table, "unknown");
  if (found.state !== "escalated" || found.level !== level) return dropped(table, "late");
  const { attempt } = found;
  switch (by.decision) {
    case "done":
      return ended(table, task, { state: "done", attempt });
    case "fail":
      return ended(table, task, { state: "failed", attempt, reason: by.reason });
    case "passOn":
      return escalated(table, task, by.reason, policy);
  }
}

/** S1: the last move of a task, reported once. */
export function ended(
  table: TaskTable,
  id: string,
  task: Extract<ReturnType<typeof taskOf>, { readonly state: "done" | "failed" | "cancelled" }>,
): Delegated {
  return { table: moved(table, id, task), orders: [{ do: "report", task: id, state: task.state }] };
}
