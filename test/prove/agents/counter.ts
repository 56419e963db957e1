import { assign, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { appendTo, rangesOf } from "./ranges.ts";

const state = z.object({ total: z.number(), from: rangesOf });
export type CounterState = z.infer<typeof state>;

/** Messages of several senders, each with numbers of its own. */
export const counter = defineProtocol({
  name: "counter",
  accepts: {
    add: question(z.object({ from: z.string(), n: z.number() }), z.object({ at: z.number() })),
    read: question(z.object({}), state),
  },
});

/** Counts, and keeps the numbers of each sender. `at` is the place of a message among all: no two may have the same. */
export const counterMachine = setup({
  types: { context: {} as CounterState, events: {} as MessageOf<typeof counter> },
}).createMachine({
  context: { total: 0, from: {} },
  on: {
    add: {
      actions: [
        assign(({ context, event }) => ({
          total: context.total + 1,
          from: appendTo(context.from, event.from, event.n),
        })),
        reply(({ context }) => ({ at: context.total })),
      ],
    },
    read: { actions: reply(({ context }) => context) },
  },
});
