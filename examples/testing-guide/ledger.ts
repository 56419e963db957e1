import { reply, tell } from "coxswain/machines";
import type { ActorAddress, MessageOf } from "coxswain/protocols";
import { assign, setup } from "xstate";
import { type billing, work } from "./protocols.ts";

const booking = setup({
  types: { context: {} as { charged: readonly string[] }, events: {} as MessageOf<typeof billing> },
  actions: {
    book: assign({ charged: ({ context, event }) => [...context.charged, event.job] }),
    answer: tell(
      work,
      ({ event }) => event.sender as ActorAddress,
      ({ event }) => ({
        type: "charged",
        job: event.job,
      }),
    ),
    count: reply(({ context, event }) => ({
      count: context.charged.filter((job) => job === event.job).length,
    })),
  },
  guards: {
    isLast: ({ context, event }) => context.charged.at(-1) === event.job,
    isBooked: ({ context, event }) => context.charged.includes(event.job),
  },
});

// #region hasty
export const hastyLedger = booking.createMachine({
  id: "ledger",
  context: { charged: [] },
  on: {
    charge: { actions: ["book", "answer"] },
    charges: { actions: "count" },
  },
});
// #endregion

export const forgetfulLedger = booking.createMachine({
  id: "ledger",
  context: { charged: [] },
  on: {
    // #region forgetful
    charge: [{ guard: "isLast", actions: "answer" }, { actions: ["book", "answer"] }],
    // #endregion
    charges: { actions: "count" },
  },
});

export const ledger = booking.createMachine({
  id: "ledger",
  context: { charged: [] },
  on: {
    // #region sound
    charge: [{ guard: "isBooked", actions: "answer" }, { actions: ["book", "answer"] }],
    // #endregion
    charges: { actions: "count" },
  },
});
