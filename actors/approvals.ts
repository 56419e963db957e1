import { approvalMachine, type PendingApproval, pendingApprovalsAmong } from "../machines/index.ts";
import { actorAddress, approval, type ReplyOf } from "../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor } from "../src/index.ts";

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
 * Rejects with REFUSED where nothing is asked there, `by` is none of the deciders, or `hash` is not that of the request; and as
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
): Promise<ReplyOf<typeof approval, "decide">> {
  const gate = system.ref(actorAddress(`approval.${id}`), approval);
  const hash = decision.hash ?? (await gate.ask({ type: "status" })).hash;
  return gate.ask({ type: "decide", ...decision, hash });
}
