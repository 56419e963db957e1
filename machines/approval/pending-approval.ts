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

/**
 * The gates that wait for a decider, from what the store has of gates; those first that are due first. One may be there twice,
 * as it was and as it is now: the later counts.
 */
export async function pendingApprovalsAmong(
  gates: AsyncIterable<{ readonly address: string; readonly state: unknown; readonly context: unknown }>,
): Promise<readonly PendingApproval[]> {
  const pending = new Map<string, PendingApproval>();
  for await (const { address, state, context } of gates) {
    const { id = "", request, untilMs = 0 } = (context ?? {}) as Partial<ApprovalContext>;
    if (state !== "open" || request === undefined) {
      pending.delete(address);
      continue;
    }
    const { summary, hash, deciders, otherwise } = request;
    pending.set(address, { id, summary, hash, deciders, otherwise, untilMs });
  }
  return [...pending.values()].sort((a, b) => a.untilMs - b.untilMs);
}
