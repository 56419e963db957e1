import { assign, emit, fromCallback, raise, sendTo, setup } from "xstate";
import type { EmittedOf, MessageOf, ReplyOf, supervision } from "../protocols/index.ts";
import type { DownEvent, ShutdownEvent } from "./others.ts";
import { considered } from "./supervision/administration.ts";
import { answerOf, restartedFact, restartFailedFact, settled } from "./supervision/carried-out.ts";
import { closingWith, decided, gaveUpFact, noted, owesTurn } from "./supervision/decide.ts";
import type { CarriedOut, Halt, Plan } from "./supervision/plan.ts";
import {
  type RetryEvent,
  type SupervisorContext,
  type SupervisorInput,
  supervisorContext,
  type Work,
} from "./supervision/supervisor-context.ts";
import { reply, stopSelf } from "./verbs.ts";

type Asked = MessageOf<typeof supervision>;
type Reply = ReplyOf<typeof supervision, Asked["type"]>;

/** Changes of the children wait until the hands are free; lists and counts do not. */
const changesWait = {
  postpone: ["startChild", "terminateChild", "restartChild", "deleteChild", "replaceChildren"],
};
const hands = {
  id: "hands",
  src: "hands",
  input: ({ context }: { context: SupervisorContext }) => (context.work as Work).plan,
} as const;
/** What is asked and needs no hands is answered at once, and holds from then on. */
const change = [
  { guard: "needsHands", target: "working", actions: "takeOn" },
  { actions: ["answer", "change"] },
] as const;
/** What others may ask for while the hands are free. */
const asked = {
  "coxswain.shutdown": { target: "#supervisor.closing", actions: ["noteShutdown", "planToStop"] },
  startChild: change,
  terminateChild: change,
  restartChild: change,
  deleteChild: { actions: ["answer", "change"] },
  replaceChildren: { actions: ["answer", "change"] },
} as const;

/**
 * Decides what becomes of children that end: restarts them as their specs and the strategy say, and gives up
 * once more than `intensity` restarts fall within `periodMs`. What it decides is carried out, one plan at a
 * time, by `hands`, whoever provides them: they get a {@link Plan}, may be told to halt, and say
 * `carriedOut` once.
 *
 * - `judging`: whether flags and specs hold is being found out; left at once.
 * - `unsound`: final; they do not, and the error says why.
 * - `ignored`: final; there is nothing to supervise.
 * - `starting`: the children are being started, in order. `halting`: one asked it to stop meanwhile.
 * - `abandoning`: a child did not start, or the stop came first; those that are up are being stopped.
 * - `supervising.idle`: no plan is being carried out; the next failure, try or change is decided at once.
 * - `supervising.pausing`: none is either, though a failure waits: so many followed each other that those who
 *   ask for a change have their turn first.
 * - `supervising.working`: one is; failures and tries are kept in order, changes postponed, lists answered.
 *   `halting`: the supervisor is to stop, and waits for the step at hand.
 * - `closing`: all children are being stopped, last started first.
 * - `closed`: final; no child runs. The outcome is `stopped`.
 *
 * A try again after a start that failed is an event of its own, so that a stop or a change gets in before it.
 *
 * Source: OTP supervisor.
 */
export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as Asked | DownEvent | ShutdownEvent | RetryEvent | CarriedOut,
    input: {} as SupervisorInput,
    emitted: {} as EmittedOf<typeof supervision>,
    tags: {} as "starting",
  },
  actors: { hands: fromCallback<Halt, Plan>(() => {}) },
  guards: {
    unsound: ({ context }) => context.verdict === "unsound",
    nothingToDo: ({ context }) => context.verdict === "ignored",
    allUp: ({ context, event }) => context.ending === undefined && (event as CarriedOut).failed === undefined,
    needsHands: ({ context, event }) => considered(context, event as Asked).work !== undefined,
    hasWork: ({ context }) => context.work !== undefined,
    owesTurn: ({ context }) => owesTurn(context),
    givesUp: ({ context }) => context.ending?.kind === "gaveUp",
    endsItself: ({ context }) => context.ending !== undefined,
    restartFailed: ({ context, event }) =>
      context.work?.for === "restart" && (event as CarriedOut).failed !== undefined,
    restarted: ({ context }) => context.work?.for === "restart",
  },
  actions: {
    throwFault: ({ context }) => {
      throw context.fault;
    },
    note: assign(({ context, event }) => noted(context, event as DownEvent | RetryEvent)),
    decide: assign(({ context }) => decided(context)),
    goOn: assign(({ context }) => decided({ ...context, inARow: 0 })),
    settle: assign(({ context, event }) => settled(context, event as CarriedOut)),
    noteShutdown: assign(({ context, event }) => ({
      ending: context.ending ?? { kind: "asked", reason: (event as ShutdownEvent).reason },
    })),
    planToStop: assign(({ context }) => closingWith(context)),
    halt: sendTo("hands", { type: "halt" } satisfies Halt),
    takeOn: assign(({ context, event }) => {
      const { context: after = context, work } = considered(context, event as Asked);
      return { ...after, work, inARow: 0 };
    }),
    answer: reply(({ context, event }) => considered(context, event as Asked).reply as Reply),
    change: assign(({ context, event }) => considered(context, event as Asked).context ?? {}),
    answerAsker: reply(({ context, event }) => answerOf(context.work, event as CarriedOut), {
      to: ({ context }) => (context.work?.for === "asker" ? context.work.asker : undefined),
    }),
    tryLater: raise(({ context }) => context.retry as RetryEvent, {
      delay: ({ context }) => context.retryInMs,
    }),
    sayRestarted: emit(({ context }) => restartedFact(context)),
    sayRestartFailed: emit(({ context, event }) => restartFailedFact(context, event as CarriedOut)),
    sayGaveUp: emit(({ context }) => gaveUpFact(context)),
    sayEscalated: emit(({ context }) => {
      return { ...gaveUpFact(context), type: "escalated", to: context.superior } as const;
    }),
    stopSelf: stopSelf(({ context }) => {
      const { ending } = context;
      if (ending?.kind === "gaveUp") return `gave up on ${ending.child}: ${ending.reason}`;
      return ending !== undefined && "reason" in ending ? ending.reason : undefined;
    }),
  },
}).createMachine({
  id: "supervisor",
  context: ({ input }) => supervisorContext(input),
  initial: "judging",
  on: {
    whichChildren: { actions: "answer" },
    countChildren: { actions: "answer" },
    getChild: { actions: "answer" },
  },
  states: {
    judging: {
      always: [
        { guard: "unsound", target: "unsound" },
        { guard: "nothingToDo", target: "ignored" },
        { target: "starting" },
      ],
    },
    unsound: { type: "final", entry: "throwFault" },
    ignored: { type: "final" },
    starting: {
      tags: "starting",
      meta: changesWait,
      invoke: hands,
      initial: "rising",
      on: {
        "coxswain.down": { actions: "note" },
        carriedOut: [
          { guard: "allUp", target: "supervising", actions: ["settle", "decide"] },
          { target: "abandoning", actions: ["settle", "planToStop"] },
        ],
      },
      states: {
        rising: { on: { "coxswain.shutdown": { target: "halting", actions: ["noteShutdown", "halt"] } } },
        halting: {},
      },
    },
    abandoning: {
      tags: "starting",
      meta: changesWait,
      invoke: hands,
      on: {
        carriedOut: { target: "closed", actions: "settle" },
        "coxswain.shutdown": { actions: "noteShutdown" },
      },
    },
    supervising: {
      initial: "idle",
      states: {
        idle: {
          always: [
            {
              guard: "givesUp",
              target: "#supervisor.closing",
              actions: ["sayGaveUp", "sayEscalated", "planToStop"],
            },
            { guard: "endsItself", target: "#supervisor.closing", actions: "planToStop" },
            { guard: "hasWork", target: "working" },
            { guard: "owesTurn", target: "pausing" },
          ],
          on: {
            ...asked,
            "coxswain.down": { actions: ["note", "decide"] },
            retry: { actions: ["note", "decide"] },
          },
        },
        pausing: {
          after: { 0: { target: "idle", actions: "goOn" } },
          on: {
            ...asked,
            "coxswain.down": { actions: "note" },
            retry: { actions: "note" },
          },
        },
        working: {
          meta: changesWait,
          invoke: hands,
          initial: "carrying",
          on: {
            "coxswain.down": { actions: "note" },
            retry: { actions: "note" },
          },
          states: {
            carrying: {
              on: {
                carriedOut: [
                  {
                    guard: "restartFailed",
                    target: "#supervisor.supervising.idle",
                    actions: ["sayRestartFailed", "settle", "tryLater", "decide"],
                  },
                  {
                    guard: "restarted",
                    target: "#supervisor.supervising.idle",
                    actions: ["sayRestarted", "settle", "decide"],
                  },
                  {
                    target: "#supervisor.supervising.idle",
                    actions: ["answerAsker", "settle", "decide"],
                  },
                ],
                "coxswain.shutdown": { target: "halting", actions: ["noteShutdown", "halt"] },
              },
            },
            halting: {
              on: {
                carriedOut: {
                  target: "#supervisor.closing",
                  actions: ["answerAsker", "settle", "planToStop"],
                },
              },
            },
          },
        },
      },
    },
    closing: {
      meta: changesWait,
      invoke: hands,
      on: {
        carriedOut: { target: "closed", actions: "settle" },
        "coxswain.shutdown": { actions: "noteShutdown" },
      },
    },
    closed: { type: "final", entry: "stopSelf" },
  },
});
