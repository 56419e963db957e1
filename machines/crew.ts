import { assign, type DoneActorEvent, type ErrorActorEvent, setup, spawnChild } from "xstate";
import { type ActorAddress, type MessageOf, type ReplyTo, work } from "../protocols/index.ts";
import { asking, refuse, reply } from "./verbs.ts";

interface Assignment {
  readonly worker: ActorAddress;
  readonly asker: ReplyTo<{ result: unknown }> | undefined;
}

interface CrewContext {
  readonly idle: readonly ActorAddress[];
  /** By the id of the running assignment. */
  readonly assigned: Readonly<Record<string, Assignment>>;
  readonly count: number;
  readonly withinMs: number;
}

export interface CrewInput {
  readonly workers: readonly ActorAddress[];
  /** How long a worker may take for one piece of work, in milliseconds; default 60,000. */
  readonly withinMs?: number;
}

type Reported = DoneActorEvent<{ result: unknown }> | ErrorActorEvent;

/**
 * Decides which worker gets the next piece of work: the one that has been idle longest.
 *
 * - `ready`: at least one worker is idle.
 * - `busy`: none is; further work is postponed, in order.
 *
 * A worker's refusal or loss is told to whoever asked; the worker counts as idle again, the others go on.
 */
export const crewMachine = setup({
  types: {
    context: {} as CrewContext,
    events: {} as MessageOf<typeof work> | Reported,
    input: {} as CrewInput,
  },
  actors: { assignment: asking(work, "work") },
  guards: {
    lastIdle: ({ context }) => context.idle.length === 1,
  },
  actions: {
    assignWork: spawnChild("assignment", {
      id: ({ context }) => `assignment${context.count}`,
      input: ({ context, event }) => ({
        to: context.idle[0] as ActorAddress,
        with: { task: (event as MessageOf<typeof work>).task },
        withinMs: context.withinMs,
      }),
    }),
    noteAssignment: assign(({ context, event }) => ({
      idle: context.idle.slice(1),
      count: context.count + 1,
      assigned: {
        ...context.assigned,
        [`assignment${context.count}`]: {
          worker: context.idle[0] as ActorAddress,
          asker: (event as MessageOf<typeof work>).replyTo,
        },
      },
    })),
    freeWorker: assign(({ context, event }) => {
      const { [(event as Reported).actorId]: ended, ...assigned } = context.assigned;
      return ended === undefined ? {} : { assigned, idle: [...context.idle, ended.worker] };
    }),
    giveResult: reply(({ event }) => (event as DoneActorEvent<{ result: unknown }>).output, {
      to: ({ context, event }) => context.assigned[(event as Reported).actorId]?.asker,
    }),
    giveRefusal: refuse(({ event }) => reasonOf((event as ErrorActorEvent).error), {
      to: ({ context, event }) => context.assigned[(event as Reported).actorId]?.asker,
    }),
  },
}).createMachine({
  id: "crew",
  context: ({ input }) => ({
    idle: input.workers,
    assigned: {},
    count: 0,
    withinMs: input.withinMs ?? 60_000,
  }),
  initial: "ready",
  on: {
    "xstate.done.actor.*": { target: ".ready", actions: ["giveResult", "freeWorker"] },
    "xstate.error.actor.*": { target: ".ready", actions: ["giveRefusal", "freeWorker"] },
  },
  states: {
    ready: {
      on: {
        work: [
          { guard: "lastIdle", target: "busy", actions: ["assignWork", "noteAssignment"] },
          { actions: ["assignWork", "noteAssignment"] },
        ],
      },
    },
    busy: { meta: { postpone: ["work"] } },
  },
});

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
