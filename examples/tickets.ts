// All a machine can say, in one small office: answer now and later, refuse, ask another actor, call the
// outside, hold messages back, emit. Run it: coxswain run examples/tickets.ts
import { createSystem, defineActor } from "coxswain";
import { asking, type Call, fromCall, refuse, reply, tell } from "coxswain/machines";
import {
  type ActorAddress,
  actorAddress,
  defineProtocol,
  type EmittedOf,
  type MessageOf,
  question,
  type ReplyTo,
} from "coxswain/protocols";
import { assign, emit, setup } from "xstate";
import { z } from "zod";

const archive = defineProtocol({
  name: "archive",
  accepts: {
    store: z.object({ text: z.string() }),
    count: question(z.object({}), z.object({ count: z.number() })),
  },
});

const office = defineProtocol({
  name: "office",
  accepts: {
    hours: question(z.object({}), z.object({ open: z.string() })),
    ticket: question(z.object({ text: z.string() }), z.object({ number: z.number(), words: z.number() })),
    close: z.object({}),
    reopen: z.object({}),
  },
  emits: { issued: z.object({ number: z.number() }) },
});

const officeMachine = setup({
  types: {
    context: {} as {
      archive: ActorAddress;
      text: string;
      words: number;
      asker?: ReplyTo<{ number: number; words: number }>;
    },
    events: {} as MessageOf<typeof office>,
    emitted: {} as EmittedOf<typeof office>,
    input: {} as { archive: ActorAddress },
  },
  actors: {
    // A call to the outside. `signal` aborts when the asker withdraws or the state is left.
    countWords: fromCall(async ({ input, signal }: Call<{ text: string }>) => {
      signal.throwIfAborted();
      return input.text.split(/\s+/).length;
    }),
    archived: asking(archive, "count"),
  },
}).createMachine({
  id: "office",
  context: ({ input }) => ({ archive: input.archive, text: "", words: 0 }),
  initial: "open",
  on: { hours: { actions: reply({ open: "nine to five" }) } }, // now
  states: {
    open: {
      on: {
        ticket: [
          { guard: ({ event }) => event.text.trim() === "", actions: refuse("a ticket needs a text") },
          {
            target: "counting",
            // Kept, to answer later: plain data.
            actions: assign(({ event }) => ({
              text: event.text,
              ...(event.replyTo && { asker: event.replyTo }),
            })),
          },
        ],
        close: "closed",
      },
    },
    counting: {
      meta: { postpone: ["ticket", "close"] }, // they wait until the state changes
      invoke: {
        src: "countWords",
        input: ({ context }) => ({ text: context.text }),
        onDone: {
          target: "filing",
          actions: [
            assign({ words: ({ event }) => event.output }),
            tell(
              archive,
              ({ context }) => context.archive,
              ({ context }) => ({ type: "store", text: context.text }),
            ),
          ],
        },
        onError: {
          target: "open",
          actions: refuse("could not be read", { to: ({ context }) => context.asker }),
        },
      },
    },
    filing: {
      meta: { postpone: ["ticket", "close"] },
      invoke: {
        src: "archived",
        input: ({ context }) => ({ to: context.archive, with: {}, withinMs: 2_000 }),
        onDone: {
          target: "open",
          actions: [
            reply(({ context, event }) => ({ number: event.output.count, words: context.words }), {
              to: ({ context }) => context.asker,
            }),
            emit(({ event }) => ({ type: "issued", number: event.output.count })),
          ],
        },
        onError: {
          target: "open",
          actions: refuse("the archive does not answer", { to: ({ context }) => context.asker }),
        },
      },
    },
    closed: { on: { reopen: "open", ticket: { actions: refuse("we are closed") } } },
  },
});

const archiveActor = defineActor({
  protocol: archive,
  initial: () => [] as string[],
  receive: (texts, message, turn) => {
    if (message.type === "store") return [...texts, message.text];
    turn.reply({ count: texts.length });
    return texts;
  },
});

await using system = await createSystem({ name: "tickets" });
const shelf = await system.spawn("archive", archiveActor);
const desk = await system.spawn("office", defineActor({ protocol: office, machine: officeMachine }), {
  input: { archive: actorAddress(shelf.address) },
});
desk.on("issued", ({ number }) => console.log(`ticket ${number} was issued`));

console.log("hours:", (await desk.ask({ type: "hours" })).open);
const texts = ["the lamp is broken", "no coffee", "  "];
const tickets = texts.map((text) =>
  desk.ask({ type: "ticket", text }).catch((error: Error) => error.message),
);
for (const ticket of await Promise.all(tickets)) console.log(ticket);
desk.tell({ type: "close" });
console.log(
  await desk.ask({ type: "ticket", text: "anybody there?" }).catch((error: Error) => error.message),
);
