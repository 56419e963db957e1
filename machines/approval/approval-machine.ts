import { assign, type DoneActorEvent, emit, enqueueActions, setup } from "xstate";
import type { z } from "zod";
import {
  type approval,
  type approvalRequest,
  delegation,
  type EmittedOf,
  type MessageOf,
} from "../../protocols/index.ts";
import { type Call, fromCall } from "../calls.ts";
import { refuse, reply, tell } from "../verbs.ts";

type Open = Extract<MessageOf<typeof approval>, { type: "open" }>;
type Decide = Extract<MessageOf<typeof approval>, { type: "decide" }>;

export interface ApprovalInput {
  /** The gate's key: whoever is told of the decision knows it by that. */
  readonly id: string;
}

export interface ApprovalContext extends ApprovalInput {
  /** What is to be approved; undefined before it is opened. */
  readonly request: z.infer<typeof approvalRequest> | undefined;
  /** When its deadline is, in epoch milliseconds; 0 before that is reckoned. */
  readonly untilMs: number;
  /** Undefined as long as nobody has decided. */
  readonly decision: { readonly approved: boolean; readonly by: string; readonly reason: string } | undefined;
}

/** Who decides where nobody did in time: nobody's name. */
const deadline = "deadline";

/** Why a decision does not count; undefined where it does. */
function objection({ id, request }: ApprovalContext, { by, hash, sender }: Decide): string | undefined {
  if (request === undefined) return `Expected a gate that was opened, nothing is asked of approval ${id} yet`;
  if (hash !== request.hash)
    return `Expected a decision on "${request.hash}", which approval ${id} is about, got one on "${hash}"`;
  if (by === deadline) return `Expected a decider, got "${deadline}", which is nobody's name`;
  if (sender !== undefined && by !== sender)
    return `Expected ${sender} to decide as itself on approval ${id}, got "${by}"`;
  if (request.deciders.length === 0 || request.deciders.includes(by)) return undefined;
  return `Expected one of ${request.deciders.join(", ")} to decide on approval ${id}, got "${by}"`;
}

/** What a gate says of itself. */
function holding({ request, untilMs, decision }: ApprovalContext) {
  const { approved, by = "", reason = "" } = decision ?? {};
  const open = request === undefined ? "unopened" : "open";
  const state = approved === undefined ? open : approved ? "approved" : "refused";
  return { state, by, reason, summary: request?.summary ?? "", hash: request?.hash ?? "", untilMs } as const;
}

/**
 * Decides what a gate says: one request, one decision, the first. What it is about is named by a hash, so that nothing
 * else can be put in its place.
 *
 * - `unopened`: nothing is asked yet, and nothing can be decided.
 * - `opening`: the request is known, its deadline is being reckoned; whoever decides or asks waits for that.
 * - `open`: waits for a decider until the deadline; then what the request says for that case holds.
 * - `approved`, `refused`: for good; whoever decides now gets the decision that holds.
 *
 * A decision on another hash, by somebody who is not among the deciders, or of an actor in another's name, is refused and
 * changes nothing. Under whose name a script or a foreign client may speak, the server's permissions say.
 */
export const approvalMachine = setup({
  types: {
    context: {} as ApprovalContext,
    events: {} as MessageOf<typeof approval> | DoneActorEvent<number>,
    emitted: {} as EmittedOf<typeof approval>,
    input: {} as ApprovalInput,
  },
  actors: { now: fromCall((call: Call<undefined>) => call.nowMs()) },
  delays: { deadline: ({ context }) => context.request?.withinMs ?? 0 },
  guards: {
    refuses: ({ context, event }) =>
      objection(context, event as Decide) === undefined && !(event as Decide).approve,
    approves: ({ context, event }) =>
      objection(context, event as Decide) === undefined && (event as Decide).approve,
    approvesUnasked: ({ context }) => context.request?.otherwise === "approve",
  },
  actions: {
    noteRequest: assign(({ event }) => {
      const { summary, hash, deciders, withinMs, otherwise, reportTo } = event as Open;
      const to = reportTo === undefined ? {} : { reportTo };
      return { request: { summary, hash, deciders, withinMs, otherwise, ...to } };
    }),
    noteUntil: assign(({ context, event }) => ({
      untilMs: (event as DoneActorEvent<number>).output + (context.request?.withinMs ?? 0),
    })),
    sayWanted: emit(({ context }): EmittedOf<typeof approval> => {
      const { summary, hash, untilMs } = holding(context);
      return { type: "approvalWanted", summary, hash, untilMs };
    }),
    noteDecision: assign(({ event }) => {
      const { approve, by, reason } = event as Decide;
      return { decision: { approved: approve, by, reason } };
    }),
    noteDeadline: assign(({ context }) => {
      const { otherwise, withinMs } = context.request as NonNullable<ApprovalContext["request"]>;
      const reason = `nobody decided within ${withinMs} ms`;
      return { decision: { approved: otherwise === "approve", by: deadline, reason } };
    }),
    answerDecided: reply(({ context }) => {
      const { state, by, reason } = holding(context);
      return { outcome: "decided", state, by, reason } as const;
    }),
    answerConflict: reply(({ context }) => {
      const { state, by, reason } = holding(context);
      return { outcome: "conflict", state, by, reason } as const;
    }),
    answerStatus: reply(({ context }) => holding(context)),
    object: refuse(({ context, event }) => objection(context, event as Decide) ?? ""),
    report: enqueueActions(({ enqueue, context: { id, request, decision } }) => {
      const { reportTo, hash = "" } = request ?? {};
      const { approved = false, by = "", reason = "" } = decision ?? {};
      enqueue.emit({ type: "approvalDecided", approved, by, reason });
      if (reportTo !== undefined)
        enqueue(tell(delegation, reportTo, { type: "approvalDecided", id, hash, approved, by, reason }));
    }),
  },
}).createMachine({
  id: "approval",
  context: ({ input }) => ({ id: input.id, request: undefined, untilMs: 0, decision: undefined }),
  initial: "unopened",
  on: {
    // The first counted.
    open: {},
    status: { actions: "answerStatus" },
  },
  states: {
    unopened: {
      on: { open: { target: "opening", actions: "noteRequest" }, decide: { actions: "object" } },
    },
    opening: {
      meta: { postpone: ["decide", "status"] },
      invoke: {
        src: "now",
        onDone: {
          target: "open",
          actions: ["noteUntil", "sayWanted"],
        },
      },
    },
    open: {
      on: {
        decide: [
          { guard: "approves", target: "approved", actions: ["noteDecision", "answerDecided"] },
          { guard: "refuses", target: "refused", actions: ["noteDecision", "answerDecided"] },
          { actions: "object" },
        ],
      },
      after: {
        deadline: [
          { guard: "approvesUnasked", target: "approved", actions: "noteDeadline" },
          { target: "refused", actions: "noteDeadline" },
        ],
      },
    },
    approved: { entry: "report", on: { decide: { actions: "answerConflict" } } },
    refused: { entry: "report", on: { decide: { actions: "answerConflict" } } },
  },
});
