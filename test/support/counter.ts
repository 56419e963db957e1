import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../machines/index.ts";
import { defineProtocol, type EmittedOf, type MessageOf, question } from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";

export const counter = defineProtocol({
  name: "counter",
  version: "1.2",
  accepts: {
    add: z.object({ by: z.number() }),
    lock: z.object({}),
    unlock: z.object({}),
    fail: z.object({ text: z.string() }),
    read: question(z.object({}), z.object({ count: z.number() })),
    /** As `read`, but postponed while locked. */
    total: question(z.object({}), z.object({ count: z.number() })),
  },
  emits: { added: z.object({ count: z.number() }) },
});

export const counterMachine = setup({
  types: {
    context: {} as { count: number },
    events: {} as MessageOf<typeof counter>,
    emitted: {} as EmittedOf<typeof counter>,
    input: {} as { from: number } | undefined,
  },
}).createMachine({
  id: "counter",
  context: ({ input }) => ({ count: input?.from ?? 0 }),
  initial: "open",
  on: {
    total: { actions: reply(({ context }) => ({ count: context.count })) },
    read: { actions: reply(({ context }) => ({ count: context.count })) },
    fail: {
      actions: ({ event }) => {
        throw new Error(event.text);
      },
    },
  },
  states: {
    open: {
      on: {
        add: {
          actions: [
            assign({ count: ({ context, event }) => context.count + event.by }),
            emit(({ context }) => ({ type: "added", count: context.count })),
          ],
        },
        lock: "locked",
      },
    },
    locked: { meta: { postpone: ["add", "total"] }, on: { unlock: "open" } },
  },
});

export const counterActor = defineActor({ protocol: counter, machine: counterMachine });
