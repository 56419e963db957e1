import {
  assign,
  cancel,
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
  grantRequest,
  ladderOf,
  ladderRequest,
  lastsMs,
  missesMax,
  refusedByGate,
  requestOf,
  reservationOf,
  startOf,
  treeOf,
  urgencyOf,
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

/**
 * Decides what becomes of one task that somebody delegates to somebody else.
 *
 * - `requested`: nobody has asked yet.
 * - `deciding`: what the decision depends on is looked up; then a place is taken in the target's book, which has the last
 *   word. Whether it was taken has to be known before anything else may happen; where somebody else was quicker, it is
 *   looked again.
 * - `awaitingApproval`: the gate is open.
 * - `assigned`: a grant for this one task is issued, then the target is asked.
 * - `over`: the place is given back, the grant is ended, and what came of it is told: once, however it ended.
 *   A result that comes later finds nobody. What may not be, but might be allowed, climbs a ladder.
 * - `forgotten`: final; its id is used up.
 *
 * The call `gather` must be provided.
 */
export const delegationMachine = setup({
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
}).createMachine({
  id: "delegation",
  context: ({ input }) => startOf(input),
  initial: "requested",
  on: {
    delegate: [
      {
        guard: "inAnothersName",
        actions: refuse(
          ({ event }) => `${event.sender} delegates in its own name, not in that of ${event.from}`,
        ),
      },
      { guard: "isDecided", actions: reply(({ context }) => context.decision as Decision) },
      { guard: "hasRoom", actions: "noteAsker" },
      { actions: "refuseWaiter" },
    ],
    result: [{ guard: "hasRoom", actions: "noteWaiter" }, { actions: "refuseWaiter" }],
    status: {
      actions: reply(({ context: { stage, result, settled } }) => {
        const reasons = [reasonOf(result), settled].filter((text) => text !== undefined);
        return reasons.length === 0 ? { stage } : { stage, reason: reasons.join("; ") };
      }),
    },
  },
  states: {
    requested: {
      on: { delegate: { guard: "inOwnName", target: "deciding", actions: "noteRequest" } },
    },
    deciding: {
      entry: { type: "enter", params: { stage: "deciding" } },
      initial: "gathering",
      states: {
        gathering: {
          on: { revoke: { guard: "mayRevoke", target: "#delegation.over.revoked", actions: "endRevoked" } },
          invoke: {
            id: "gather",
            src: "gather",
            input: ({ context }) => requestOf(context),
            onDone: [
              { guard: "isTooLate", target: "#delegation.over.expired", actions: "endExpired" },
              { guard: "mayBe", target: "reserving", actions: ["noteGathered", "setDeadline"] },
              {
                target: "#delegation.over.refused",
                actions: ["noteGathered", "decide", "tellDecision", "endRefused"],
              },
            ],
            onError: { target: "#delegation.over.failed", actions: "endFailed" },
          },
        },
        reserving: {
          meta: { postpone: ["revoke"] },
          entry: "noteReserving",
          on: { deadline: { actions: "noteDeadline" } },
          invoke: {
            id: "reserve",
            src: "reserve",
            input: ({ context }) => ({
              to: workloadOf(requestOf(context).to),
              with: reservationOf(context),
              withinMs: context.policy.answerWithinMs,
            }),
            onDone: [
              { guard: "isTakenTooLate", target: "#delegation.over.expired", actions: "endExpired" },
              {
                guard: "isTakenForApproval",
                target: "#delegation.awaitingApproval",
                actions: ["noteBook", "tellDecision"],
              },
              { guard: "isTaken", target: "#delegation.assigned", actions: ["noteBook", "tellDecision"] },
              { guard: "mayLookAgain", target: "gathering", actions: "noteMiss" },
              {
                target: "#delegation.over.refused",
                actions: ["noteBook", "tellDecision", "endRefused"],
              },
            ],
            onError: { target: "#delegation.over.failed", actions: "endFailed" },
          },
        },
      },
    },
    awaitingApproval: {
      entry: [{ type: "enter", params: { stage: "awaitingApproval" } }, "openGate"],
      on: {
        approvalDecided: [
          { guard: "isApproved", target: "assigned", actions: "keepGate" },
          { guard: "isDeclined", target: "over.refused", actions: ["keepGate", "endDeclined"] },
        ],
        revoke: { guard: "mayRevoke", target: "over.revoked", actions: "endRevoked" },
        deadline: { target: "over.expired", actions: "endExpired" },
      },
    },
    assigned: {
      entry: { type: "enter", params: { stage: "assigned" } },
      initial: "granting",
      states: {
        granting: {
          meta: { postpone: ["revoke"] },
          entry: "noteGranting",
          on: { deadline: { actions: "noteDeadline" } },
          invoke: {
            id: "issue",
            src: "issue",
            input: ({ context }) => ({
              to: treeOf(context).book,
              with: grantRequest(context),
              withinMs: context.policy.answerWithinMs,
            }),
            onDone: [
              { guard: "isOverdue", target: "#delegation.over.expired", actions: "endExpired" },
              { target: "working", actions: "noteToken" },
            ],
            onError: { target: "#delegation.over.failed", actions: "endFailed" },
          },
        },
        working: {
          entry: ["sayAssigned", "keepAssigned"],
          on: {
            revoke: { guard: "mayRevoke", target: "#delegation.over.revoked", actions: "endRevoked" },
            deadline: { target: "#delegation.over.expired", actions: "endExpired" },
          },
          invoke: {
            id: "work",
            src: "work",
            input: ({ context }) => ({
              to: requestOf(context).to,
              with: { task: requestOf(context).task },
              withinMs: workWithinMs(context),
              grant: context.token,
              priority: urgencyOf(requestOf(context)),
            }),
            onDone: { target: "#delegation.over.done", actions: "endDone" },
            onError: [
              { guard: "ranOut", target: "#delegation.over.expired", actions: "endUnanswered" },
              { target: "#delegation.over.failed", actions: "endFailed" },
            ],
          },
        },
      },
    },
    over: {
      entry: [cancel("deadline"), "giveBack", "endGrant", "climb", "report", "keepEnding"],
      initial: "done",
      on: {
        delegate: { guard: "isUndecided", actions: refuse(({ context }) => undecided(context)) },
        result: { actions: reply(({ context }) => context.result as never) },
        // What is over stays as it is.
        revoke: {},
        approvalDecided: {},
        escalationSettled: { guard: "byLadder", actions: ["noteLadder", "keepLadder"] },
      },
      after: { kept: "forgotten" },
      states: {
        done: { entry: { type: "enter", params: { stage: "done" } } },
        refused: { entry: { type: "enter", params: { stage: "refused" } } },
        failed: { entry: { type: "enter", params: { stage: "failed" } } },
        expired: { entry: { type: "enter", params: { stage: "expired" } } },
        revoked: { entry: { type: "enter", params: { stage: "revoked" } } },
      },
    },
    forgotten: { type: "final" },
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
function undecided({ result }: DelegationContext): string {
  return `It is ${result?.status}: ${reasonOf(result) ?? ""}`;
}

function reasonOf(result: DelegationContext["result"]): string | undefined {
  if (result === undefined || result.status === "done") return undefined;
  if (result.status !== "refused") return result.reason;
  return result.decision.ok ? undefined : result.decision.reason;
}
