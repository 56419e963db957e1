import { tell } from "coxswain/machines";
import { type ActorAddress, defineProtocol, type MessageOf } from "coxswain/protocols";
import { assign, setup } from "xstate";
import { z } from "zod";

const bar = defineProtocol({ name: "bar", accepts: { order: z.object({}) } });
const guests = defineProtocol({ name: "guests", accepts: { coffee: z.object({}) } });

const barista = setup({ types: { events: {} as MessageOf<typeof bar> } }).createMachine({
  on: { order: { actions: tell(guests, ({ event }) => event.sender as ActorAddress, { type: "coffee" }) } },
});

/** Orders a coffee, and again if none has come within a minute; hands a second one back. */
const guest = setup({
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
    happy: { on: { coffee: {} } },
  },
});

export interface Shop {
  readonly guests: number;
  readonly lossesMax: number;
  readonly inFlightMax: number;
  /** As many as there are, and what is left of them when guests that differ in name only are folded. */
  readonly states: number;
  readonly foldedStates: number;
}

export const shops: Readonly<Record<string, Shop>> = {
  small: { guests: 3, lossesMax: 2, inFlightMax: 6, states: 17_277, foldedStates: 3_244 },
  large: { guests: 4, lossesMax: 2, inFlightMax: 7, states: 228_945, foldedStates: 12_737 },
};

/** The team as options of `checkTeam`, each time with machines of its own. */
export const shopTeam = ({ guests: count, lossesMax, inFlightMax }: Shop, fold: boolean) =>
  ({
    members: {
      barista: { machine: barista.provide({}) },
      guest: { machine: guest.provide({}), count, symmetric: true },
    },
    channels: { lossesMax, inFlightMax },
    fold,
    safe: {
      "one coffee each": ({ members }: { members: { guest: readonly { context: { drunk: number } }[] } }) =>
        members.guest.every(({ context }) => context.drunk <= 1),
    },
  }) as const;

/** One round: the first check of the process, and one when the code is warm. Each has to find as many states as there are. */
export function timeChecks(check: () => number, expected: number, warmups: number): Record<string, number> {
  const perSecond = (): number => {
    const began = performance.now();
    const states = check();
    if (states !== expected) throw new Error(`Expected ${expected} states, found ${states}`);
    tookMs = performance.now() - began;
    return (states / tookMs) * 1_000;
  };
  let tookMs = 0;
  const coldPerSecond = perSecond();
  for (let i = 0; i < warmups; i++) perSecond();
  return { coldPerSecond, perSecond: perSecond(), checkMs: tookMs };
}
