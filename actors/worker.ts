import { fromCall, type Job, workerMachine } from "../machines/index.ts";
import { work } from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";

/**
 * A worker: takes one task at a time, in order, and answers with what `perform` returns.
 * What it throws becomes a refusal to the asker; the worker goes on.
 *
 * @example await system.spawn("crew.1", worker(async ({ task, signal }) => fetchAll(task, signal)))
 */
export function worker(perform: (job: Job) => Promise<unknown> | unknown): ActorDefinition<typeof work> {
  const machine = workerMachine.provide({
    actors: {
      perform: fromCall<unknown, { task: unknown }>((call) =>
        perform({
          task: call.input.task,
          get signal() {
            return call.signal;
          },
          progress: (value) => call.emit({ type: "workProgressed", progress: value }),
        }),
      ),
    },
  });
  return defineActor({ protocol: work, machine });
}
