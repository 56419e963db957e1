import { assign, emit, setup } from "xstate";
import type { MessageOf, ReplyTo, work } from "../protocols/index.ts";
import { fromCall } from "./calls.ts";
import { refuse, reply } from "./verbs.ts";

interface WorkerContext {
  readonly task: unknown;
  readonly asker: ReplyTo<{ result: unknown }> | undefined;
}

/** What a worker does with a task: `progress` is published while it goes on, `signal` aborts when the asker withdraws. */
export interface Job {
  readonly task: unknown;
  readonly signal: AbortSignal;
  progress(value: unknown): void;
}

/**
 * Decides how one worker goes through its tasks: one at a time, the next waits.
 *
 * - `idle`: nothing to do.
 * - `working`: the call runs; further work is postponed.
 *
 * The call `perform` must be provided.
 */
export const workerMachine = setup({
  types: {
    context: {} as WorkerContext,
    events: {} as MessageOf<typeof work>,
    emitted: {} as
      | { type: "workStarted"; task: unknown }
      | { type: "workProgressed"; progress: unknown }
      | { type: "workDone"; task: unknown }
      | { type: "workFailed"; task: unknown; reason: string },
  },
  actors: {
    perform: fromCall<unknown, { task: unknown }>(() => {
      throw new Error("Expected the call perform to be provided");
    }),
  },
}).createMachine({
  id: "worker",
  context: { task: undefined, asker: undefined },
  initial: "idle",
  states: {
    idle: {
      on: {
        work: {
          target: "working",
          actions: assign(({ event }) => ({ task: event.task, asker: event.replyTo })),
        },
      },
    },
    working: {
      meta: { postpone: ["work"] },
      entry: emit(({ context }) => ({ type: "workStarted", task: context.task })),
      invoke: {
        src: "perform",
        input: ({ context }) => ({ task: context.task }),
        onDone: {
          target: "idle",
          actions: [
            emit(({ context }) => ({ type: "workDone", task: context.task })),
            reply(({ event }) => ({ result: event.output ?? null }), { to: ({ context }) => context.asker }),
          ],
        },
        onError: {
          target: "idle",
          actions: [
            emit(({ context, event }) => ({
              type: "workFailed",
              task: context.task,
              reason: reasonOf(event.error),
            })),
            refuse(({ event }) => reasonOf(event.error), { to: ({ context }) => context.asker }),
          ],
        },
      },
    },
  },
});

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
