import { assign, setup } from "xstate";
import { z } from "zod";
import { tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf } from "../../../../protocols/index.ts";
import type { TeamOptions } from "../../../../src/testing/team/index.ts";

const bar = defineProtocol({ name: "bar", accepts: { order: z.object({}) } });
const guests = defineProtocol({ name: "guests", accepts: { coffee: z.object({}) } });

/** Makes a coffee for whoever orders one. */
const barista = setup({ types: { events: {} as MessageOf<typeof bar> } }).createMachine({
  on: { order: { actions: tell(guests, ({ event }) => event.sender as ActorAddress, { type: "coffee" }) } },
});

/** Orders a coffee, and again if none has come within a minute. */
const guest = (handsBack: boolean) =>
  setup({
    types: { context: {} as { drunk: number }, events: {} as MessageOf<typeof guests> },
    actions: {
      order: tell(bar, "barista" as ActorAddress, { type: "order" }),
      drink: assign({ drunk: ({ context }) => context.drunk + 1 }),
    },
  }).createMachine({
    context: { drunk: 0 },
    initial: "thirsty",
    states: {
      thirsty: {
        entry: "order",
        after: { 60000: { target: "thirsty", reenter: true } },
        on: { coffee: { target: "happy", actions: "drink" } },
      },
      happy: { on: { coffee: { actions: handsBack ? [] : "drink" } } },
    },
  });

const shop = (handsBack: boolean, count = 2) => {
  const members = {
    barista: { machine: barista },
    guest: { machine: guest(handsBack), count, symmetric: true },
  } as const;
  return {
    members,
    channels: { lossesMax: 1, inFlightMax: 3 },
    safe: { "one coffee each": ({ members }) => members.guest.every(({ context }) => context.drunk <= 1) },
    reachable: { "all are happy": ({ members }) => members.guest.every(({ value }) => value === "happy") },
  } satisfies TeamOptions<typeof members>;
};

/** A guest drinks whatever comes. */
export const hastyShop = shop(false);
/** A guest hands a second coffee back. */
export const soundShop = shop(true);
/** Four of them, over a worse network. */
export const largerShop = { ...shop(true, 4), channels: { lossesMax: 2, inFlightMax: 7 } };
