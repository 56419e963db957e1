import { type DoneActorEvent, setup, spawnChild } from "xstate";
import { type Call, fromCall, reply } from "../../machines/index.ts";
import { type CallerGrant, type MessageOf, type ReplyTo, toWireError, work } from "../../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../../src/index.ts";

/** What a caller's code is given: a call of its own for each piece of work, and the grant that came with it. */
export interface Asked {
  readonly task: unknown;
  readonly call: Call<unknown>;
  readonly grant: CallerGrant | undefined;
}

interface Done {
  readonly result: unknown;
  readonly to: ReplyTo<{ result?: unknown }> | undefined;
}

/** An actor that runs a test's own code for each piece of work, all at a time. What it throws is its result, as `{ code, message }`. */
export function caller(
  run: (asked: Asked) => Promise<unknown> | unknown,
  options: { readonly grant?: "required" | { readonly of: readonly string[] } } = {},
): ActorDefinition<typeof work> {
  type Work = MessageOf<typeof work>;
  const machine = setup({
    types: { events: {} as Work | DoneActorEvent<Done> },
    actors: {
      run: fromCall(async (call: Call<Work>): Promise<Done> => {
        const { task, underGrant: grant, replyTo: to } = call.input;
        try {
          return { result: await run({ task, call, grant }), to };
        } catch (error) {
          const { code, message } = toWireError(error);
          return { result: { code, message }, to };
        }
      }),
    },
  }).createMachine({
    on: {
      work: { actions: spawnChild("run", { input: ({ event }) => event as Work }) },
      "xstate.done.actor.*": {
        actions: reply(({ event }) => ({ result: (event as DoneActorEvent<Done>).output.result }), {
          to: ({ event }) => (event as DoneActorEvent<Done>).output.to,
        }),
      },
    },
  });
  return defineActor({ protocol: work, machine, ...options });
}
