import { assign, enqueueActions, setup } from "xstate";
import type { desk, EmittedOf, MessageOf } from "../../protocols/index.ts";
import { reply } from "../verbs.ts";

type Ask = Extract<MessageOf<typeof desk>, { type: "ask" }>;
type Withdraw = Extract<MessageOf<typeof desk>, { type: "withdraw" }>;
type Kept = Omit<Ask, "type" | "replyTo">;

interface DeskContext {
  /** By ladder, oldest first. */
  readonly asks: Readonly<Record<string, Kept>>;
  /** Asks that were beyond {@link asksMax}. */
  readonly more: number;
  /** Not told of yet, by cause. */
  readonly untold: Readonly<Record<string, { readonly count: number; readonly subjects: readonly string[] }>>;
}

/** A desk's record has to hold them: each is a kilobyte at most. */
const asksMax = 500;
const reasonMax = 300;
const causesMax = 100;
const subjectsMax = 5;
const others = "others";

/** A second: nobody reads faster, and a thousand failures of one cause are one thing to know. */
const paceMs = 1_000;

function kept({ asks, more }: DeskContext, ask: Ask): Pick<DeskContext, "asks" | "more"> {
  if (Object.keys(asks).length >= asksMax) return { asks, more: more + 1 };
  const { from, subject, cause, level, reason, untilMs } = ask;
  const entry = { from, subject, cause, level, reason: reason.slice(0, reasonMax), untilMs };
  return { asks: { ...asks, [from]: entry }, more };
}

function added({ untold }: DeskContext, { cause, subject }: Ask): DeskContext["untold"] {
  const known = Object.hasOwn(untold, cause) || Object.keys(untold).length < causesMax;
  const under = known ? cause : others;
  const { count, subjects } = Object.hasOwn(untold, under) ? (untold[under] ?? none) : none;
  return { ...untold, [under]: { count: count + 1, subjects: [...subjects, subject].slice(0, subjectsMax) } };
}
const none = { count: 0, subjects: [] as readonly string[] };

function without({ asks, more }: DeskContext, from: string): Pick<DeskContext, "asks" | "more"> {
  if (!Object.hasOwn(asks, from)) return { asks, more: Math.max(0, more - 1) };
  const { [from]: _, ...rest } = asks as Record<string, Kept>;
  return { asks: rest, more };
}

/**
 * Decides how what waits for somebody is brought to their notice: what comes alone at once, and of a storm one notice a second
 * for each cause.
 *
 * - `quiet`: everything has been told; the next ask is told at once.
 * - `pacing`: something was told within the last second; what comes is told together when that is over.
 */
export const deskMachine = setup({
  types: {
    context: {} as DeskContext,
    events: {} as MessageOf<typeof desk>,
    emitted: {} as EmittedOf<typeof desk>,
  },
  delays: { pace: paceMs },
  guards: {
    isKnown: ({ context, event }) => Object.hasOwn(context.asks, (event as Ask).from),
    hasUntold: ({ context }) => Object.keys(context.untold).length > 0,
  },
  actions: {
    keep: assign(({ context, event }) => ({
      ...kept(context, event as Ask),
      untold: added(context, event as Ask),
    })),
    drop: assign(({ context, event }) => without(context, (event as Withdraw).from)),
    notice: enqueueActions(({ enqueue, context }) => {
      for (const [cause, { count, subjects }] of Object.entries(context.untold))
        enqueue.emit({ type: "noticed", cause, count, subjects: [...subjects] });
      enqueue.assign({ untold: {} });
    }),
    show: reply(({ context }) => ({ asks: Object.values(context.asks), more: context.more })),
  },
}).createMachine({
  id: "desk",
  context: { asks: {}, more: 0, untold: {} },
  initial: "quiet",
  on: { withdraw: { actions: "drop" }, waiting: { actions: "show" } },
  states: {
    quiet: {
      on: { ask: [{ guard: "isKnown" }, { target: "pacing", actions: "keep" }] },
    },
    pacing: {
      entry: "notice",
      on: { ask: [{ guard: "isKnown" }, { actions: "keep" }] },
      after: { pace: [{ guard: "hasUntold", target: "pacing", reenter: true }, { target: "quiet" }] },
    },
  },
});
