import { approvalMachine, type PendingApproval, pendingApprovalsAmong } from "../machines/index.ts";
import { approval, type ReplyOf } from "../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor, realEnv } from "../src/index.ts";

/** Gates, `approval.<id>`: a node that hosts them has `actors: { approval: approvalGate }`. */
export const approvalGate: ActorDefinition<typeof approval> = defineActor({
  protocol: approval,
  machine: approvalMachine,
  inputOf: (_: undefined, { self }) => ({ id: self.slice(self.indexOf(".") + 1) }),
  durability: "durable",
});

/** The gates that wait for a decider, those first that are due first. @throws STORE_FAILED */
export function pendingApprovals(system: ActorSystem): Promise<readonly PendingApproval[]> {
  return pendingApprovalsAmong(system.stored("approval"));
}

/**
 * Decides at a gate. The first decision holds: `outcome` says whether it is this one, or which one was there before.
 *
 * Rejects with REFUSED where nothing is asked there within `withinMs`, `by` is none of the deciders, or `hash` is not that of the request; and as
 * any `ask` does.
 */
export async function decideApproval(
  system: ActorSystem,
  id: string,
  decision: {
    readonly approve: boolean;
    /** Who decides. */
    readonly by: string;
    /** Of what was looked at before deciding. Default that of what the gate is about. */
    readonly hash?: string;
    readonly reason?: string;
  },
  /** How long a gate is waited for that is about to be opened, in milliseconds; default 5,000. */
  { withinMs = 5_000 }: { readonly withinMs?: number } = {},
): Promise<ReplyOf<typeof approval, "decide">> {
  const gate = system.ref(`approval.${id}`, approval);
  const untilMs = realEnv.monotonicMs() + withinMs;
  let opened = await gate.ask({ type: "status" });
  // Whoever delegates hears the decision while its gate is being opened.
  while (opened.state === "unopened" && realEnv.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => void realEnv.setTimer(lookEveryMs, resolve));
    opened = await gate.ask({ type: "status" });
  }
  return gate.ask({ type: "decide", ...decision, hash: decision.hash ?? opened.hash });
}

const lookEveryMs = 50;
