import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { asking, reply, tell } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  defineProtocol,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { counter } from "../../support/counter.ts";

const sum = z.object({ sum: z.number() });

/** A durable account: it counts, tells another, asks another, and says so. */
export const book = defineProtocol({
  name: "book",
  accepts: {
    add: z.object({ by: z.number() }),
    pass: z.object({ to: z.string(), by: z.number() }),
    read: question(z.object({}), sum),
    readOther: question(z.object({ of: z.string() }), sum),
  },
  emits: { added: sum },
});

const machine = setup({
  types: {
    context: {} as { sum: number; asker?: ReplyTo<{ sum: number }>; other?: ActorAddress },
    events: {} as MessageOf<typeof book>,
    emitted: {} as { type: "added"; sum: number },
  },
  actors: { read: asking(book, "read") },
}).createMachine({
  id: "book",
  context: { sum: 0 },
  initial: "open",
  on: {
    add: {
      actions: [
        assign({ sum: ({ context, event }) => context.sum + event.by }),
        emit(({ context }) => ({ type: "added", sum: context.sum })),
      ],
    },
    pass: {
      actions: tell(
        book,
        ({ event }) => actorAddress(event.to),
        ({ event }) => ({ type: "add", by: event.by }),
      ),
    },
    read: { actions: reply(({ context }) => ({ sum: context.sum })) },
  },
  states: {
    open: {
      on: {
        readOther: {
          target: "asking",
          actions: assign({
            asker: ({ event }) => event.replyTo,
            other: ({ event }) => actorAddress(event.of),
          }),
        },
      },
    },
    asking: {
      invoke: {
        src: "read",
        input: ({ context }) => ({ to: context.other as ActorAddress, with: {}, withinMs: 5_000 }),
        onDone: {
          target: "open",
          actions: reply(({ event }) => event.output, { to: ({ context }) => context.asker }),
        },
        onError: "open",
      },
    },
  },
});

const durability = { history: true } as const;

/** Of one node each: types that need the same labels are to be hosted together. */
export const bookActor = defineActor({
  protocol: book,
  machine,
  durability: { ...durability, needs: ["books"] },
});
export const billActor = defineActor({
  protocol: book,
  machine,
  durability: { ...durability, needs: ["bills"] },
});

/** A volatile actor that asks another in its turn. */
export const teller = defineProtocol({
  name: "teller",
  accepts: { count: question(z.object({ of: z.string() }), z.object({ count: z.number() })) },
});

export const tellerActor = defineActor({
  protocol: teller,
  machine: setup({
    types: {
      context: {} as { asker?: ReplyTo<{ count: number }>; of?: ActorAddress },
      events: {} as MessageOf<typeof teller>,
    },
    actors: { read: asking(counter, "read") },
  }).createMachine({
    id: "teller",
    context: {},
    initial: "open",
    states: {
      open: {
        on: {
          count: {
            target: "asking",
            actions: assign({
              asker: ({ event }) => event.replyTo,
              of: ({ event }) => actorAddress(event.of),
            }),
          },
        },
      },
      asking: {
        invoke: {
          src: "read",
          input: ({ context }) => ({ to: context.of as ActorAddress, with: {}, withinMs: 5_000 }),
          onDone: {
            target: "open",
            actions: reply(({ event }) => event.output, { to: ({ context }) => context.asker }),
          },
          onError: "open",
        },
      },
    },
  }),
});
