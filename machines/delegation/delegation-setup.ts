import {
  assign,
  type DoneActorEvent,
  type ErrorActorEvent,
  emit,
  enqueueActions,
  raise,
  setup,
} from "xstate";
import {
  approval,
  auditor,
  type Decision,
  type DelegationRequest,
  type delegation,
  delegationRequest,
  type delegationStages,
  type EmittedOf,
  escalation,
  grants,
  isCoxswainError,
  type MessageOf,
  type ReplyOf,
  type ReplyTo,
  work,
  workload,
} from "../../protocols/index.ts";
import { asking, fromCall } from "../calls.ts";
import { refuse, reply, tell } from "../verbs.ts";
import {
  type DelegationContext,
  type DelegationInput,
  decidedBy,
  failureOf,
  type Gathered,
  gateOf,
  gateRequest,
  ladderOf,
  ladderRequest,
  lastsMs,
  missesMax,
  refusedByGate,
  requestOf,
  treeOf,
  workloadOf,
  workWithinMs,
} from "./delegation-context.ts";
import {
  assignedNote,
  decidedNote,
  deniedNotes,
  endedNote,
  gateNote,
  keeper,
  ladderNote,
} from "./delegation-notes.ts";

type Message = MessageOf<typeof delegation>;
type Asked = Extract<Message, { type: "delegate" }>;
type GateSaid = Extract<Message, { type: "approvalDecided" }>;
type LadderSaid = Extract<Message, { type: "escalationSettled" }>;
type Done<T> = DoneActorEvent<T>;
type Reserved = ReplyOf<typeof workload, "reserve">;

/** What a delegation's machine finds out and does; when, is delegation-machine.ts. */
export const delegationSetup = setup({
  types: {
    context: {} as DelegationContext,
    events: {} as Message | { readonly type: "deadline" },
    emitted: {} as EmittedOf<typeof delegation>,
    input: {} as DelegationInput,
  },
  actors: {
    gather: fromCall<Gathered, DelegationRequest>(() => {
      throw new Error("Expected the call gather to be provided");
    }),
    reserve: asking(workload, "reserve"),
    issue: asking(grants, "issue"),
    work: asking(work, "work"),
  },
  delays: {
    kept: ({ context }) => context.policy.keptMs,
    untilDeadline: ({ context }) => lastsMs(requestOf(context), context.gathered as Gathered, context.policy),
  },
  guards: {
    /** A script has no address, and speaks for whom it names. */
    inOwnName: ({ event }) => {
      const { sender, from } = event as Asked;
      return sender === undefined || sender === from;
    },
    inAnothersName: ({ event }) => {
      const { sender, from } = event as Asked;
      return sender !== undefined && sender !== from;
    },
    isDecided: ({ context }) => context.decision !== undefined,
    isUndecided: ({ context }) => context.decision === undefined,
    mayRevoke: ({ context, event }) => {
      const { sender } = event as Message;
      return sender === undefined || sender === context.request?.from;
    },
    hasRoom: ({ context: { askers, waiters, policy } }) => askers.length + waiters.length < policy.waitersMax,
    isTooLate: ({ context, event }) => {
      const { output } = event as unknown as Done<Gathered>;
      return output.decision.ok && lastsMs(requestOf(context), output, context.policy) <= 0;
    },
    mayBe: ({ event }) => (event as unknown as Done<Gathered>).output.decision.ok,
    isTaken: ({ event }) => (event as unknown as Done<Reserved>).output.ok,
    isTakenForApproval: ({ context, event }) => {
      const decision = context.gathered?.decision;
      const { output } = event as unknown as Done<Reserved>;
      return output.ok && decision?.ok === true && decision.approval.required;
    },
    isTakenTooLate: ({ context, event }) => (event as unknown as Done<Reserved>).output.ok && context.overdue,
    mayLookAgain: ({ context }) => !context.overdue && context.misses < missesMax,
    isOverdue: ({ context }) => context.overdue,
    isApproved: ({ context, event }) =>
      saidByGate(context, event as GateSaid) && (event as GateSaid).approved,
    isDeclined: ({ context, event }) =>
      saidByGate(context, event as GateSaid) && !(event as GateSaid).approved,
    byLadder: ({ context, event }) => (event as Message).sender === ladderOf(context.id),
    ranOut: ({ event }) => {
      const { error } = event as unknown as ErrorActorEvent;
      return isCoxswainError(error) && (error.code === "ASK_TIMEOUT" || error.code === "DEADLINE_EXCEEDED");
    },
  },
  actions: {
    enter: assign((_, { stage }: { stage: (typeof delegationStages)[number] }) => ({ stage })),
    noteRequest: assign(({ context, event }) => ({
      request: delegationRequest.parse(event),
      askers: withAsker(context.askers, (event as Asked).replyTo),
    })),
    noteAsker: assign(({ context, event }) => ({
      askers: withAsker(context.askers, (event as Asked).replyTo),
    })),
    noteGathered: assign(({ event }) => ({ gathered: (event as unknown as Done<Gathered>).output })),
    decide: assign(({ context }) => ({ decision: (context.gathered as Gathered).decision })),
    noteBook: assign(({ context, event }) => {
      const { output } = event as unknown as Done<Reserved>;
      return { decision: decidedBy(context, output), reserved: output.ok };
    }),
    noteMiss: enqueueActions(({ enqueue, context }) => {
      enqueue.cancel("deadline");
      enqueue.assign({ misses: context.misses + 1, reserved: false });
    }),
    setDeadline: raise({ type: "deadline" }, { id: "deadline", delay: "untilDeadline" }),
    noteDeadline: assign({ overdue: true }),
    noteReserving: assign({ reserved: true }),
    noteGranting: assign({ granted: true }),
    noteToken: assign(({ event }) => ({ token: (event as unknown as Done<{ token: string }>).output.token })),
    tellDecision: enqueueActions(({ enqueue, context }) => {
      const decision = context.decision as Decision;
      for (const asker of context.askers) enqueue(reply(decision, { to: asker }));
      enqueue.assign({ askers: [] });
      enqueue.emit({ type: "decided", id: context.id, decision });
      for (const note of [decidedNote(context), ...deniedNotes(context)])
        enqueue(tell(auditor, keeper, note));
    }),
    openGate: tell(
      approval,
      ({ context }) => gateOf(context.id),
      ({ context }) => ({ type: "open", ...gateRequest(context) }),
    ),
    sayAssigned: emit(
      ({ context }) => ({ type: "assigned", id: context.id, to: requestOf(context).to }) as const,
    ),
    keepGate: tell(auditor, keeper, ({ context, event }) => gateNote(context, event as GateSaid)),
    keepAssigned: tell(auditor, keeper, ({ context }) => assignedNote(context)),
    keepLadder: tell(auditor, keeper, ({ context, event }) => ladderNote(context, event as LadderSaid)),
    keepEnding: tell(auditor, keeper, ({ context }) => endedNote(context)),
    // ---- how it ends ----
    endRefused: assign(({ context }) => ({
      result: { status: "refused", decision: context.decision as Decision } as const,
    })),
    endDeclined: assign(({ context, event }) => ({
      result: { status: "refused", decision: refusedByGate(context, event as GateSaid) } as const,
    })),
    endDone: assign(({ event }) => {
      const { output } = event as unknown as Done<{ result: unknown }>;
      return { result: { status: "done", result: output.result ?? null } as const };
    }),
    endFailed: assign(({ event }) => ({
      result: { status: "failed", ...failureOf((event as unknown as ErrorActorEvent).error) } as const,
    })),
    endExpired: assign({ result: { status: "expired", reason: "Its deadline has passed" } as const }),
    endUnanswered: assign(({ context }) => ({
      result: {
        status: "expired",
        reason: `${requestOf(context).to} had no result within ${workWithinMs(context)} ms; whether it is done is not known`,
      } as const,
    })),
    endRevoked: assign(({ event }) => ({
      result: { status: "revoked", reason: (event as Extract<Message, { type: "revoke" }>).reason } as const,
    })),
    giveBack: enqueueActions(({ enqueue, context }) => {
      const { reserved, result, id } = context;
      if (!reserved || result === undefined) return;
      const finished = { type: "finished", task: id, outcome: result.status } as const;
      enqueue(tell(workload, workloadOf(requestOf(context).to), finished));
      enqueue.assign({ reserved: false });
    }),
    endGrant: enqueueActions(({ enqueue, context }) => {
      const { granted, result, id } = context;
      if (!granted || result === undefined) return;
      const revoke = { type: "revoke", id, reason: `The delegation is ${result.status}` } as const;
      enqueue(tell(grants, treeOf(context).book, revoke));
      enqueue.assign({ granted: false, token: undefined });
    }),
    climb: enqueueActions(({ enqueue, context }) => {
      const { result, id } = context;
      if (result?.status !== "refused" || result.decision.ok || !result.decision.requiresEscalation) return;
      enqueue(tell(escalation, ladderOf(id), { type: "raise", ...ladderRequest(context, result.decision) }));
    }),
    report: enqueueActions(({ enqueue, context }) => {
      const { result, askers, waiters, id } = context;
      if (result === undefined) return;
      for (const asker of askers) enqueue(refuse(undecided(context), { to: asker }));
      for (const waiter of waiters) enqueue(reply(result, { to: waiter }));
      enqueue.assign({ askers: [], waiters: [] });
      enqueue.emit({ type: "ended", id, status: result.status });
    }),
    noteLadder: assign(({ event }) => {
      const { state, by, reason } = event as LadderSaid;
      return { settled: `${state} by ${by}${reason === "" ? "" : `: ${reason}`}` };
    }),
    refuseWaiter: refuse(({ context }) => `${context.policy.waitersMax} wait already, its limit`),
    noteWaiter: assign(({ context, event }) => {
      const { replyTo } = event as Extract<Message, { type: "result" }>;
      return replyTo === undefined ? {} : { waiters: [...context.waiters, replyTo] };
    }),
  },
});

/** The gate of this delegation, of exactly what was asked. */
function saidByGate({ id, gathered }: DelegationContext, { sender, hash }: GateSaid): boolean {
  return sender === gateOf(id) && hash === gathered?.hash;
}

function withAsker(
  askers: readonly ReplyTo<Decision>[],
  asker: ReplyTo<Decision> | undefined,
): readonly ReplyTo<Decision>[] {
  return asker === undefined ? askers : [...askers, asker];
}

/** What those are told who asked for a decision that was never made. */
export function undecided({ result }: DelegationContext): string {
  return `It is ${result?.status}: ${reasonOf(result) ?? ""}`;
}

export function reasonOf(result: DelegationContext["result"]): string | undefined {
  if (result === undefined || result.status === "done") return undefined;
  if (result.status !== "refused") return result.reason;
  return result.decision.ok ? undefined : result.decision.reason;
}
