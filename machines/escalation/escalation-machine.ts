import { assign, type DoneActorEvent, enqueueActions, setup } from "xstate";
import type { z } from "zod";
import {
  type ActorAddress,
  actorAddress,
  delegation,
  desk,
  type EmittedOf,
  type escalation,
  type MessageOf,
  type raised,
} from "../../protocols/index.ts";
import { type Call, fromCall } from "../calls.ts";
import { refuse, reply, tell } from "../verbs.ts";

type Raise = Extract<MessageOf<typeof escalation>, { type: "raise" }>;
type Decide = Extract<MessageOf<typeof escalation>, { type: "decide" }>;

export interface EscalationInput {
  /** The ladder's own: whoever is asked decides there. */
  readonly self: ActorAddress;
}

interface EscalationContext extends EscalationInput {
  readonly raised: z.infer<typeof raised> | undefined;
  /** Who is asked, in order; the operator last. */
  readonly names: readonly string[];
  /** Which of them is asked, from 1; the last that was, once it is over. */
  readonly level: number;
  /** Why it climbs, from the first on. */
  readonly reasons: readonly string[];
  /** Until when the level that is asked has time, in epoch milliseconds; 0 before that is reckoned. */
  readonly untilMs: number;
  /** How it ended, and who said so: a level, or the last one's silence. */
  readonly end: { readonly state: "resolved" | "failed"; readonly by: string } | undefined;
}

const operator = "operator";
const reasonMax = 1_000;

/** Each level is asked once, and the operator last. */
function namesOf({ path }: Pick<Raise, "path">): readonly string[] {
  return [...new Set(path.filter((name) => name !== operator)), operator];
}

function nameAt({ names, level }: EscalationContext): string {
  return names[level - 1] ?? "";
}

function isLast({ names, level }: EscalationContext): boolean {
  return level === names.length;
}

function objection(context: EscalationContext, { level, by, sender }: Decide): string | undefined {
  const { self, level: asked, end, raised: about } = context;
  if (about === undefined) return `Expected a ladder that was raised, nobody is asked by ${self} yet`;
  if (end !== undefined) return `Expected a ladder that goes on, ${self} has ${end.state} by ${end.by}`;
  if (sender !== undefined && by !== sender)
    return `Expected ${sender} to decide as itself on ${self}, got "${by}"`;
  if (level === asked) return undefined;
  return `Expected a decision of level ${asked} (${nameAt(context)}), which is asked now, got one of level ${level}`;
}

function standing({ raised: about, end }: EscalationContext): "raised" | "asking" | "resolved" | "failed" {
  return end?.state ?? (about === undefined ? "raised" : "asking");
}

const outcomes = { resolve: "resolved it", fail: "failed it", passOn: "passed it on" } as const;

function climbed({ reasons }: EscalationContext, reason: string): readonly string[] {
  return [...reasons, reason.slice(0, reasonMax)];
}

/**
 * Decides who is asked about what one level cannot decide: each in order, each once, each for as long, at last the operator.
 *
 * - `raised`: nothing is raised yet.
 * - `asking`: one level is asked; the time it has runs. `reckoning`: until when, for its desk; `asked`: its desk knows.
 * - `resolved`, `failed`: somebody has decided, or the operator's time was over too. For good.
 *
 * Levels only rise, and who is asked decides or passes on: every ladder ends, at the latest after the sum of the waits.
 */
export const escalationMachine = setup({
  types: {
    context: {} as EscalationContext,
    events: {} as MessageOf<typeof escalation> | DoneActorEvent<number>,
    emitted: {} as EmittedOf<typeof escalation>,
    input: {} as EscalationInput,
  },
  actors: { now: fromCall((call: Call<undefined>) => call.nowMs()) },
  delays: { wait: ({ context }) => context.raised?.waitMs ?? 0 },
  guards: {
    objectionable: ({ context, event }) => objection(context, event as Decide) !== undefined,
    resolves: ({ event }) => (event as Decide).decision === "resolve",
    fails: ({ context, event }) => {
      const { decision } = event as Decide;
      return decision === "fail" || (decision === "passOn" && isLast(context));
    },
    isLast: ({ context }) => isLast(context),
  },
  actions: {
    noteRaised: assign(({ event }) => {
      const { subject, reason, cause, path, waitMs, reportTo } = event as Raise;
      const to = reportTo === undefined ? {} : { reportTo };
      const about = { subject, reason, cause, path, waitMs, ...to };
      return { raised: about, names: namesOf(about), reasons: [reason] };
    }),
    rise: assign(({ context }) => ({ level: context.level + 1, untilMs: 0 })),
    noteUntil: assign(({ context, event }) => ({
      untilMs: (event as DoneActorEvent<number>).output + (context.raised?.waitMs ?? 0),
    })),
    noteDecision: assign(({ context, event }) => {
      const { by, decision, reason } = event as Decide;
      return { reasons: climbed(context, `${by} ${outcomes[decision]}${reason && `: ${reason}`}`) };
    }),
    noteSilence: assign(({ context }) => ({
      reasons: climbed(context, `${nameAt(context)} did not decide within ${context.raised?.waitMs} ms`),
    })),
    resolve: assign(({ event }) => ({ end: { state: "resolved", by: (event as Decide).by } as const })),
    fail: assign(({ event }) => ({ end: { state: "failed", by: (event as Decide).by } as const })),
    failUnanswered: assign({ end: { state: "failed", by: "deadline" } as const }),
    askLevel: enqueueActions(({ enqueue, context }) => {
      const { self: from, level, reasons, untilMs } = context;
      const { subject = "", cause = "" } = context.raised ?? {};
      const of = nameAt(context);
      enqueue.emit({ type: "asked", subject, level, of, reasons: [...reasons], untilMs });
      const reason = reasons.at(-1) ?? "";
      enqueue(
        tell(desk, actorAddress(`escalationDesk.${of}`), {
          type: "ask",
          from,
          subject,
          cause,
          level,
          reason,
          untilMs,
        }),
      );
    }),
    withdraw: tell(
      desk,
      ({ context }) => actorAddress(`escalationDesk.${nameAt(context)}`),
      ({ context }) => ({ type: "withdraw", from: context.self }),
    ),
    answer: reply(({ context }) => ({ state: standing(context) })),
    answerStatus: reply(({ context }) => ({
      state: standing(context),
      level: context.level,
      asked: nameAt(context),
      reasons: [...context.reasons],
    })),
    object: refuse(({ context, event }) => objection(context, event as Decide) ?? ""),
    report: enqueueActions(({ enqueue, context: { self, raised: about, end, reasons } }) => {
      const { subject = "", reportTo } = about ?? {};
      const { state = "failed", by = "" } = end ?? {};
      enqueue.emit({ type: "settled", subject, state, by });
      const [id, reason] = [self.slice(self.indexOf(".") + 1), reasons.at(-1) ?? ""];
      if (reportTo !== undefined)
        enqueue(tell(delegation, reportTo, { type: "escalationSettled", id, subject, state, by, reason }));
    }),
  },
}).createMachine({
  id: "escalation",
  context: ({ input }) => ({
    ...{ self: input.self, raised: undefined, names: [], level: 0, reasons: [], untilMs: 0, end: undefined },
  }),
  initial: "raised",
  on: {
    // The first counted.
    raise: {},
    status: { actions: "answerStatus" },
    decide: { actions: "object" },
  },
  states: {
    raised: { on: { raise: { target: "asking", actions: "noteRaised" } } },
    asking: {
      entry: "rise",
      on: {
        decide: [
          { guard: "objectionable", actions: "object" },
          { guard: "resolves", target: "resolved", actions: ["noteDecision", "resolve", "answer"] },
          { guard: "fails", target: "failed", actions: ["noteDecision", "fail", "answer"] },
          { target: "asking", reenter: true, actions: ["noteDecision", "answer"] },
        ],
      },
      after: {
        wait: [
          { guard: "isLast", target: "failed", actions: ["noteSilence", "failUnanswered"] },
          { target: "asking", reenter: true, actions: "noteSilence" },
        ],
      },
      initial: "reckoning",
      states: {
        reckoning: { invoke: { src: "now", onDone: { target: "asked", actions: "noteUntil" } } },
        asked: { entry: "askLevel", exit: "withdraw" },
      },
    },
    resolved: { entry: "report" },
    failed: { entry: "report" },
  },
});
