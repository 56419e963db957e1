import { assign, emit, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply, tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import { type DurabilityOptions, defineActor } from "../../../../src/index.ts";

export const till = defineProtocol({
  name: "till",
  accepts: {
    sell: z.object({ price: z.number() }),
    lend: z.object({ to: z.string(), sum: z.number() }),
    pay: z.object({ sum: z.number() }),
    close: z.object({}),
    open: z.object({}),
    break: z.object({}),
    note: z.object({ text: z.string() }),
    read: question(z.object({}), z.object({ sum: z.number(), sales: z.number(), state: z.string() })),
    end: z.object({}),
  },
  emits: { sold: z.object({ sum: z.number() }) },
});

export interface TillContext {
  readonly sum: number;
  readonly sales: number;
  readonly receipt: string;
  readonly note: string;
}

export interface TillChanges {
  /** How much of a price it takes. */
  readonly share?: number;
  /** What the bank says to a payment; default its key. */
  readonly bank?: (call: Call<{ sum: number }>) => Promise<string>;
  readonly napMs?: number;
  readonly lendsTwice?: boolean;
  readonly durability?: DurabilityOptions;
}

/** A till that sells, lends to others, pays into a bank (a call), takes a nap (a timer), and is closed at times (it postpones). */
export function tillActor({
  share = 1,
  bank = async ({ key }) => key,
  napMs = 1_000,
  lendsTwice = false,
  durability = {},
}: TillChanges = {}) {
  type Loan = Extract<MessageOf<typeof till>, { type: "lend" }>;
  const lend = tell(
    till,
    ({ event }) => (event as unknown as Loan).to as ActorAddress,
    ({ event }) => ({ type: "sell", price: (event as unknown as Loan).sum }),
  );
  const machine = setup({
    types: {
      context: {} as TillContext,
      events: {} as MessageOf<typeof till>,
      emitted: {} as { type: "sold"; sum: number },
    },
    actors: { pay: fromCall<string, { sum: number }>((call: Call<{ sum: number }>) => bank(call)) },
    delays: { nap: napMs },
    actions: {
      take: assign({
        sum: ({ context, event }) => context.sum + share * (event as { price: number }).price,
        sales: ({ context }) => context.sales + 1,
      }),
    },
  }).createMachine({
    id: "till",
    context: { sum: 0, sales: 0, receipt: "", note: "" },
    initial: "open",
    on: {
      read: {
        actions: reply(({ context, self }) => ({
          sum: context.sum,
          sales: context.sales,
          state: String(self.getSnapshot().value),
        })),
      },
      note: { actions: assign({ note: ({ event }) => event.text }) },
      break: {
        actions: assign(() => {
          throw new Error("broken on purpose");
        }),
      },
      end: ".ended",
    },
    states: {
      open: {
        on: {
          sell: { actions: ["take", emit(({ context }) => ({ type: "sold", sum: context.sum }))] },
          lend: {
            actions: [
              assign({ sum: ({ context, event }) => context.sum - event.sum }),
              lend as never,
              ...(lendsTwice ? [lend as never] : []),
            ],
          },
          pay: "paying",
          close: "closed",
        },
      },
      paying: {
        meta: { postpone: ["sell"] },
        invoke: {
          src: "pay",
          input: ({ event }) => ({ sum: (event as { sum: number }).sum }),
          onDone: { target: "open", actions: assign({ receipt: ({ event }) => event.output }) },
          onError: {
            target: "open",
            actions: assign({ receipt: ({ event }) => (event.error as Error).message }),
          },
        },
      },
      closed: { meta: { postpone: ["sell"] }, on: { open: "open" }, after: { nap: "open" } },
      ended: { type: "final" },
    },
  });
  return defineActor({ protocol: till, machine, durability: { history: true, ...durability } });
}
