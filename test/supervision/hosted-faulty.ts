import { setup } from "xstate";
import { z } from "zod";
import { fromCall, reply, type ShutdownEvent } from "../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../protocols/index.ts";
import { defineActor } from "../../src/actor.ts";

/** What only a wall helps against; and what fails as it does anywhere. */
export const loops = ["loop", "loopInCall", "loopInTimer", "loopInGuard"] as const;
export const blowUps = ["heap", "heapInCall"] as const;
const sieges = [...loops, ...blowUps, "throw"] as const;
export type Siege = (typeof sieges)[number];

export const hostedFaulty = defineProtocol({
  name: "hostedFaulty",
  accepts: {
    fail: z.object({ how: z.enum(sieges) }),
    ping: question(z.object({ n: z.number() }), z.object({ n: z.number() })),
  },
});
type Event = MessageOf<typeof hostedFaulty> | ShutdownEvent;

function goRound(): never {
  for (;;);
}

function grow(): never {
  // Literals only: in a loop that calls nothing but V8's own functions no thread can be looked into, nor ended.
  const kept: unknown[] = [];
  for (;;) kept.push({ n: kept.length, more: [1, 2, 3] });
}

const is =
  (...hows: Siege[]) =>
  ({ event }: { event: Event }): boolean =>
    event.type === "fail" && hows.includes(event.how);

/** Runs in a thread of its own, which loads this module itself. */
export const hostedFaultyActor = defineActor({
  protocol: hostedFaulty,
  machine: setup({
    types: { events: {} as Event },
    actors: { goesRound: fromCall(goRound), grows: fromCall(grow) },
    actions: {
      goRound,
      grow,
      fail: () => {
        throw new Error("planted in a thread");
      },
    },
  }).createMachine({
    initial: "up",
    on: { ping: { actions: reply(({ event }) => ({ n: event.n })) } },
    states: {
      up: {
        on: {
          fail: [
            { guard: (args) => is("loopInGuard")(args) && goRound() },
            { guard: is("loop"), actions: "goRound" },
            { guard: is("loopInCall"), target: "calling" },
            { guard: is("loopInTimer"), target: "waiting" },
            { guard: is("heap"), actions: "grow" },
            { guard: is("heapInCall"), target: "growing" },
            { actions: "fail" },
          ],
        },
      },
      calling: { invoke: { src: "goesRound" } },
      growing: { invoke: { src: "grows" } },
      waiting: { after: { 1: { actions: "goRound" } } },
    },
  }),
});
