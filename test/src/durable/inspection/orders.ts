import { assign, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply } from "../../../../machines/index.ts";
import { defineProtocol, type MessageOf, question, type ReplyTo } from "../../../../protocols/index.ts";
import { defineActor } from "../../../../src/index.ts";

/** Agents with something of everything that a record can hold. */
export const orders = defineProtocol({
  name: "orders",
  accepts: {
    add: z.object({ item: z.string() }),
    close: z.object({}),
    note: z.object({ text: z.string() }),
    pay: z.object({}),
    total: question(z.object({}), z.object({ items: z.array(z.string()) })),
    receipt: question(z.object({}), z.object({ items: z.array(z.string()) })),
  },
});

const machine = setup({
  types: {
    context: {} as { items: string[]; asker: ReplyTo<{ items: string[] }> | undefined },
    events: {} as MessageOf<typeof orders>,
  },
  delays: { reminder: 3_600_000 },
  actors: {
    charge: fromCall(({ signal }: Call<{ items: number }>) => {
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }),
  },
}).createMachine({
  id: "order",
  context: { items: [], asker: undefined },
  initial: "open",
  on: {
    total: { actions: reply(({ context }) => ({ items: context.items })) },
    receipt: {
      actions: assign({ asker: ({ event }) => event.replyTo as ReplyTo<{ items: string[] }> | undefined }),
    },
  },
  states: {
    open: {
      after: { reminder: "stale" },
      on: {
        add: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
        pay: "paying",
        close: "closed",
      },
    },
    stale: { on: { pay: "paying" } },
    paying: {
      meta: { postpone: ["note"] },
      invoke: { id: "charge", src: "charge", input: ({ context }) => ({ items: context.items.length }) },
    },
    closed: { type: "final" },
  },
});

export const order = defineActor({ protocol: orders, machine, durability: "durable" });
