import { assign, setup } from "xstate";
import { z } from "zod";
import { asking, refuse, reply, tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";

/** Small protocols and machines of which the tests make teams. */
export const letters = defineProtocol({
  name: "letters",
  accepts: { letter: z.object({ n: z.number() }), stop: z.object({}) },
});
export const bank = defineProtocol({
  name: "bank",
  accepts: { balance: question(z.object({ of: z.string() }), z.object({ amount: z.number() })) },
});

const addressee = (text: string): ActorAddress => text as ActorAddress;

/** Sends letters 1, 2, … to `to` when it starts. */
export const writer = (count: number, to = "reader") =>
  setup({}).createMachine({
    id: "writer",
    entry: Array.from({ length: count }, (_, i) =>
      tell(letters, addressee(to), { type: "letter", n: i + 1 }),
    ),
  });

/** Remembers what it got, in order. */
export const reader = setup({
  types: { context: {} as { got: readonly number[] }, events: {} as MessageOf<typeof letters> },
}).createMachine({
  id: "reader",
  context: { got: [] },
  on: { letter: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) }, stop: {} },
});

/** Keeps letters until it is told to stop, and reads none after. */
export const sleeper = setup({
  types: { context: {} as { got: readonly number[] }, events: {} as MessageOf<typeof letters> },
}).createMachine({
  id: "sleeper",
  context: { got: [] },
  initial: "asleep",
  states: {
    asleep: { meta: { postpone: ["letter"] }, on: { stop: "awake" } },
    awake: {
      on: { letter: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } },
    },
  },
});

type BalanceEvent = MessageOf<typeof bank>;

/** Answers at once, or refuses whoever asks for what is not there. */
export const teller = setup({ types: { events: {} as BalanceEvent } }).createMachine({
  id: "teller",
  on: {
    balance: [
      { guard: ({ event }) => event.of === "nobody", actions: refuse("no such account") },
      { actions: reply({ amount: 7 }) },
    ],
  },
});

/** Asks once, and keeps what came of it. */
export const customer = setup({
  types: { context: {} as { of: string; got: unknown }, input: {} as { of: string } },
  actors: { balance: asking(bank, "balance") },
}).createMachine({
  id: "customer",
  context: ({ input }) => ({ of: input.of, got: undefined }),
  initial: "asking",
  states: {
    asking: {
      invoke: {
        src: "balance",
        input: ({ context }) => ({ to: addressee("teller"), with: { of: context.of }, withinMs: 100 }),
        onDone: { target: "told", actions: assign({ got: ({ event }) => event.output.amount }) },
        onError: {
          target: "told",
          actions: assign({ got: ({ event }) => (event.error as { code: string }).code }),
        },
      },
    },
    told: {},
  },
});

/** Asks `echo` for 1, then, if that takes too long, for 2 and 3; `wrong` if it ever takes an answer for another's. */
export const persistent = setup({
  types: { context: {} as { asked: number; wrong: boolean } },
  actors: { balance: asking(bank, "balance") },
  guards: { mayAskAgain: ({ context }) => context.asked < 3 },
}).createMachine({
  id: "persistent",
  context: { asked: 0, wrong: false },
  initial: "asking",
  states: {
    asking: {
      entry: assign({ asked: ({ context }) => context.asked + 1 }),
      invoke: {
        src: "balance",
        input: ({ context }) => ({ to: addressee("echo"), with: { of: `${context.asked}` }, withinMs: 10 }),
        onDone: {
          target: "over",
          actions: assign({ wrong: ({ context, event }) => event.output.amount !== context.asked }),
        },
        onError: [{ guard: "mayAskAgain", target: "asking", reenter: true }, "over"],
      },
    },
    over: {},
  },
});

/** Asks twice, slowly: a deadline is due after two shorter timers, and the first result is forgotten. */
export const forgetful = setup({
  types: { context: {} as { asked: number; got: number } },
  actors: { balance: asking(bank, "balance") },
  guards: { isFirst: ({ context }) => context.asked === 1 },
}).createMachine({
  id: "forgetful",
  context: { asked: 0, got: 0 },
  initial: "asking",
  states: {
    asking: {
      entry: assign({ asked: ({ context }) => context.asked + 1 }),
      invoke: {
        src: "balance",
        input: ({ context }) => ({ to: addressee("echo"), with: { of: `${context.asked}` }, withinMs: 10 }),
        onDone: [
          { guard: "isFirst", target: "resting" },
          { target: "over", actions: assign({ got: ({ event }) => event.output.amount }) },
        ],
        onError: [{ guard: "isFirst", target: "resting" }, "over"],
      },
      after: { 1: { actions: [] }, 2: { actions: [] } },
    },
    resting: { after: { 5: "asking" } },
    over: {},
  },
});

/** Answers with what it was asked for. */
export const echo = setup({ types: { events: {} as BalanceEvent } }).createMachine({
  id: "echo",
  on: { balance: { actions: reply(({ event }) => ({ amount: Number(event.of) })) } },
});
