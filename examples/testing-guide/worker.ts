import { tell } from "coxswain/machines";
import { actorAddress, type EmittedOf, type MessageOf } from "coxswain/protocols";
import { assign, emit, setup } from "xstate";
import { billing, type work } from "./protocols.ts";

const charging = setup({
  types: {
    context: {} as { job: string; tries: number },
    events: {} as MessageOf<typeof work>,
    emitted: {} as EmittedOf<typeof work>,
    input: {} as { job: string },
  },
  actions: {
    count: assign({ tries: ({ context }) => context.tries + 1 }),
    charge: tell(billing, actorAddress("ledger"), ({ context }) => ({ type: "charge", job: context.job })),
    sayPaid: emit(({ context }) => ({ type: "paid", job: context.job })),
  },
  guards: { mayTryAgain: ({ context }) => context.tries < 2 },
  delays: { patience: 5_000 },
});

// #region machine
export const worker = charging.createMachine({
  id: "worker",
  context: ({ input }) => ({ job: input.job, tries: 0 }),
  initial: "charging",
  states: {
    charging: { entry: ["count", "charge"], on: { charged: "paid" }, after: { patience: "late" } },
    late: { always: { guard: "mayTryAgain", target: "charging" }, on: { charged: "paid" } },
    paid: { entry: "sayPaid", on: { charged: {} } },
  },
});
// #endregion
