import { type ActorDefinition, type DurabilityOptions, defineActor } from "coxswain";
import { reply } from "coxswain/machines";
import { defineProtocol, type MessageOf, question } from "coxswain/protocols";
import { assign, setup } from "xstate";
import { z } from "zod";

const seen = z.object({ count: z.number(), pid: z.number() });

export const tally = defineProtocol({
  name: "tally",
  accepts: {
    add: z.object({ by: z.number(), note: z.string() }),
    ask: question(z.object({ by: z.number(), note: z.string() }), seen),
    read: question(z.object({}), seen),
  },
});

/** An agent that counts, says how far it is and in which process. */
export function tallyActor(durability: "durable" | DurabilityOptions): ActorDefinition<typeof tally> {
  const machine = setup({
    types: { context: {} as { count: number }, events: {} as MessageOf<typeof tally> },
    actions: {
      add: assign(({ context, event }) => ({ count: context.count + ("by" in event ? event.by : 0) })),
      tell: reply(({ context }) => ({ count: (context as { count: number }).count, pid: process.pid })),
    },
  }).createMachine({
    id: "tally",
    context: { count: 0 },
    initial: "on",
    states: {
      on: { on: { add: { actions: "add" }, ask: { actions: ["add", "tell"] }, read: { actions: "tell" } } },
    },
  });
  return defineActor({ protocol: tally, machine, durability }) as ActorDefinition<typeof tally>;
}
