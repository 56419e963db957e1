import type { z } from "zod";
import type { approvalRequest } from "../../protocols/index.ts";
import type { ApprovalContext } from "./approval-machine.ts";

/** A gate that waits for a decider. */
export interface PendingApproval
  extends Pick<z.infer<typeof approvalRequest>, "summary" | "hash" | "deciders" | "otherwise"> {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
}

/** What a gate waits for, from its state and context as the store has them; undefined of one that does not wait. */
export function pendingApprovalOf(gate: {
  readonly state: unknown;
  readonly context: unknown;
}): PendingApproval | undefined {
  const { id, request, untilMs } = (gate.context ?? {}) as Partial<ApprovalContext>;
  if (gate.state !== "open" || request === undefined) return undefined;
  const { summary, hash, deciders, otherwise } = request;
  return { id: id ?? "", summary, hash, deciders, otherwise, untilMs: untilMs ?? 0 };
}
