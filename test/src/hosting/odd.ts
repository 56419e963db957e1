// An actor that does what a careless author's code may do in a worker.
import { isMainThread, parentPort } from "node:worker_threads";
import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { defineActor, hostedActor } from "../../../src/index.ts";

export const odd = defineProtocol({
  name: "odd",
  accepts: {
    do: z.object({ what: z.string() }),
    read: question(z.object({}), z.object({ ok: z.boolean() })),
  },
  emits: { happened: z.object({ what: z.unknown() }) },
});

const deeds: Record<string, () => void> = {
  throwLater: () => void setTimeout(() => void explode("thrown by a timer")),
  rejectLater: () => void Promise.reject(new Error("rejected by nobody's promise")),
  postNothing: () => post(null),
  postGarbage: () => post({ type: "over", turn: "own", verdict: "taken", words: [{ say: "send" }, null] }),
  postText: () => post("ready"),
};

function explode(text: string): never {
  throw new Error(text);
}

function post(value: unknown): void {
  if (isMainThread) process.send?.(value);
  else parentPort?.postMessage(value);
}

export const oddActor = defineActor({
  protocol: odd,
  machine: setup({
    types: { context: {} as { output: unknown }, events: {} as MessageOf<typeof odd> },
  }).createMachine({
    id: "odd",
    context: { output: undefined },
    initial: "here",
    on: { read: { actions: reply({ ok: true }) } },
    states: {
      here: {
        on: {
          do: [
            {
              guard: ({ event }) => event.what === "finish",
              target: "gone",
              actions: assign({ output: () => ({ close: () => {} }) }),
            },
            {
              guard: ({ event }) => event.what === "emit",
              actions: emit({ type: "happened", what: () => {} } as never),
            },
            { actions: ({ event }) => deeds[event.what]?.() },
          ],
        },
      },
      gone: { type: "final" },
    },
    output: ({ context }) => context.output,
  }),
});

/** It cannot be hosted once more. */
export const hostedTwice = hostedActor({
  protocol: odd,
  in: "thread",
  module: import.meta.url,
  name: "oddActor",
});
