import { cancel } from "xstate";
import type { Decision } from "../../protocols/index.ts";
import { refuse, reply } from "../verbs.ts";
import {
  grantRequest,
  requestOf,
  reservationOf,
  startOf,
  treeOf,
  urgencyOf,
  workloadOf,
  workWithinMs,
} from "./delegation-context.ts";
import { delegationSetup, reasonOf, undecided } from "./delegation-setup.ts";

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
export const delegationMachine = delegationSetup.createMachine({
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
