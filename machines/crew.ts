import { assign, type DoneActorEvent, type ErrorActorEvent, setup, spawnChild } from "xstate";
import { type ActorAddress, type MessageOf, type ReplyTo, work } from "../protocols/index.ts";
import { asking } from "./calls.ts";
import { refuse, reply } from "./verbs.ts";

interface Assignment {
  readonly worker: ActorAddress;
  readonly asker: ReplyTo<{ result: unknown }> | undefined;
}

interface CrewContext {
  /** Longest first; as often as a worker may be given another piece of work. */
  readonly idle: readonly ActorAddress[];
  /** By the id of the assignment; undefined once it is over. The same few ids come again, which keeps this fast. */
  readonly assigned: Readonly<Record<string, Assignment | undefined>>;
  readonly withinMs: number;
}

export interface CrewInput {
  readonly workers: readonly ActorAddress[];
  /** How long a worker may take for one piece of work, in milliseconds; default 60,000. */
  readonly withinMs?: number;
  /**
   * Pieces of work a worker is given at once; default 1: none waits for a busy worker while another is idle.
   * With 2, the next piece is there when one is done, which pays where work takes little longer than a message.
   */
  readonly ahead?: number;
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
      id: ({ context }) => nextId(context),
      input: ({ context, event }) => ({
        to: context.idle[0] as ActorAddress,
        with: { task: (event as MessageOf<typeof work>).task },
        withinMs: context.withinMs,
      }),
    }),
    noteAssignment: assign(({ context, event }) => ({
      idle: context.idle.slice(1),
      assigned: {
        ...context.assigned,
        [nextId(context)]: {
          worker: context.idle[0] as ActorAddress,
          asker: (event as MessageOf<typeof work>).replyTo,
        },
      },
    })),
    freeWorker: assign(({ context, event }) => {
      const { actorId } = event as Reported;
      const ended = context.assigned[actorId];
      if (ended === undefined) return {};
      return {
        assigned: { ...context.assigned, [actorId]: undefined },
        idle: [...context.idle, ended.worker],
      };
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
    idle: Array.from({ length: input.ahead ?? 1 }, () => input.workers).flat(),
    assigned: {},
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

/** `crew.worker1`, and for what it is given besides `crew.worker1+1`. */
function nextId({ idle, assigned }: CrewContext): string {
  const worker = idle[0] as ActorAddress;
  let id: string = worker;
  for (let n = 1; assigned[id] !== undefined; n++) id = `${worker}+${n}`;
  return id;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
