import { authority, type DelegationPolicy, delegationMachine } from "../../machines/index.ts";
import {
  actorAddress,
  type Decision,
  type DelegationRequestInput,
  type DelegationResult,
  delegation,
  type ReplyOf,
  type RuleSet,
} from "../../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor, realEnv } from "../../src/index.ts";
import { gathering } from "./gather.ts";

export interface DelegationOptions extends Partial<DelegationPolicy> {
  /** By which is decided until a rule set of that name is put in force; default the preset. */
  readonly rules?: RuleSet;
}

/** What holds where nothing is said. */
export const delegationDefaults: DelegationPolicy = {
  lastsMaxMs: 86_400_000,
  answerWithinMs: 10_000,
  keptMs: 86_400_000,
  approvalWithinMs: 3_600_000,
  approvalOtherwise: "refuse",
  deciders: [],
  levelWaitMs: 900_000,
  waitersMax: 256,
};

/** Delegations, `delegation.<id>`, each a durable agent that ends. */
export function delegationActor(options: DelegationOptions = {}): ActorDefinition<typeof delegation> {
  const { rules = authority.enterpriseData, ...chosen } = options;
  const policy: DelegationPolicy = { ...delegationDefaults, ...chosen };
  const gather = gathering(rules, { withinMs: policy.answerWithinMs });
  return defineActor({
    protocol: delegation,
    machine: delegationMachine.provide({ actors: { gather } }),
    inputOf: (_: undefined, { self }) => ({ self, ...policy }),
    durability: "durable",
  });
}

/** One delegation, from the outside. */
export interface Delegated {
  readonly id: string;
  /** Why it is, or may not be. Where it waits for an approval, work begins after that. */
  readonly decision: Decision;
  /** How it ended, as soon as it has. Rejects with ASK_TIMEOUT where it has not within `withinMs` (default 60,000): it may be asked again. */
  result(options?: { readonly withinMs?: number }): Promise<DelegationResult>;
  status(): Promise<ReplyOf<typeof delegation, "status">>;
  /** Takes it back, with all that was delegated further under its grant. What is over stays as it is. */
  revoke(reason: string): Promise<void>;
}

/**
 * Delegates a task, in the name of `request.from`, and waits for the decision. With an `id`, whoever delegates again under it after
 * a crash gets the first one's decision and result: the task is done once.
 *
 * Rejects with REFUSED where it ended before it was decided, such as for want of rules; with ADDRESS_INVALID for an id that is no token
 * and for names that are no addresses; and as any `ask` does.
 *
 * @example
 * const review = await delegate(system, { from, to, task: { type: "code_review", payload } }, { id: "review-17" });
 * if (!review.decision.ok) throw new Error(review.decision.reason);
 * const ended = await review.result();
 */
export async function delegate(
  system: ActorSystem,
  request: Omit<DelegationRequestInput, "from" | "to"> & { readonly from: string; readonly to: string },
  options: { readonly id?: string; readonly withinMs?: number } = {},
): Promise<Delegated> {
  const { id = realEnv.uniqueId(), withinMs = 30_000 } = options;
  const ref = system.ref(`delegation.${id}`, delegation);
  const [from, to] = [actorAddress(request.from), actorAddress(request.to)];
  const decision = await ref.ask({ type: "delegate", ...request, from, to }, { withinMs });
  return {
    id,
    decision,
    result: ({ withinMs: waitMs = 60_000 } = {}) => ref.ask({ type: "result" }, { withinMs: waitMs }),
    status: () => ref.ask({ type: "status" }),
    revoke: async (reason) => void (await ref.deliver({ type: "revoke", reason })),
  };
}
