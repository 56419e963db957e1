import { assign, setup } from "xstate";
import { z } from "zod";
import { reply, tell } from "../../../machines/index.ts";
import { actorAddress, defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { appendTo, ranges, rangesOf } from "./ranges.ts";

export const openingBalance = 1_000;

const paid = z.object({ count: z.number(), amount: z.number() });
const got = z.object({ ns: ranges, amount: z.number() });
const state = z.object({
  balance: z.number(),
  /** Transfers asked for, by who asked, the declined ones too. */
  from: rangesOf,
  paid: z.record(z.string(), paid),
  got: z.record(z.string(), got),
});
export type AccountState = z.infer<typeof state>;

const transfer = z.object({ from: z.string(), n: z.number(), to: z.string(), amount: z.number() });

/** Money goes from one account to another: taken here and told there in one turn. */
export const account = defineProtocol({
  name: "account",
  accepts: {
    transfer: question(transfer, z.object({ done: z.boolean() })),
    credit: z.object({ payer: z.string(), n: z.number(), amount: z.number() }),
    read: question(z.object({}), state),
  },
});

type Message = MessageOf<typeof account>;
type Transfer = Extract<Message, { type: "transfer" }>;

function debited(context: AccountState, { from, n, to, amount }: Transfer): AccountState {
  const before = context.paid[to] ?? { count: 0, amount: 0 };
  return {
    ...context,
    balance: context.balance - amount,
    from: appendTo(context.from, from, n),
    paid: { ...context.paid, [to]: { count: before.count + 1, amount: before.amount + amount } },
  };
}

function credited(context: AccountState, event: Extract<Message, { type: "credit" }>): AccountState {
  const { payer, n, amount } = event;
  const before = context.got[payer] ?? { ns: [], amount: 0 };
  const ns = appendTo({ [payer]: before.ns }, payer, n)[payer] ?? [];
  return {
    ...context,
    balance: context.balance + amount,
    got: { ...context.got, [payer]: { ns, amount: before.amount + amount } },
  };
}

/** Numbers what it pays to each other account, so that the one paid can tell what was lost, doubled or out of order. */
export const accountMachine = setup({
  types: {
    context: {} as AccountState & { readonly self: string },
    events: {} as Message,
    input: {} as { readonly self: string },
  },
}).createMachine({
  context: ({ input }) => ({ self: input.self, balance: openingBalance, from: {}, paid: {}, got: {} }),
  on: {
    transfer: [
      {
        guard: ({ context, event }) => event.amount <= context.balance,
        actions: [
          assign(({ context, event }) => debited(context, event)),
          tell(
            account,
            ({ event }) => actorAddress(event.to),
            ({ context, event }) => ({
              type: "credit",
              payer: context.self,
              n: context.paid[event.to]?.count ?? 0,
              amount: event.amount,
            }),
          ),
          reply({ done: true }),
        ],
      },
      {
        actions: [
          assign(({ context, event }) => ({ from: appendTo(context.from, event.from, event.n) })),
          reply({ done: false }),
        ],
      },
    ],
    credit: { actions: assign(({ context, event }) => credited(context, event)) },
    read: { actions: reply(({ context: { self: _self, ...rest } }) => rest) },
  },
});
