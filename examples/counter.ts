import { createSystem, defineActor } from "coxswain";
import { reply } from "coxswain/machines";
import { defineProtocol, type MessageOf, question } from "coxswain/protocols";
import { assign, setup } from "xstate";
import { z } from "zod";

const count = z.object({ count: z.number() });
const counter = defineProtocol({
  name: "counter",
  accepts: { add: z.object({ by: z.number() }), read: question(z.object({}), count) },
});
const types = { context: {} as z.infer<typeof count>, events: {} as MessageOf<typeof counter> };
const machine = setup({ types }).createMachine({
  context: { count: 0 },
  on: {
    add: { actions: assign({ count: ({ context, event }) => context.count + event.by }) },
    read: { actions: reply(({ context }) => ({ count: context.count })) },
  },
});

await using system = await createSystem({ name: "counting" });
const ref = await system.spawn("tally", defineActor({ protocol: counter, machine }));
ref.tell({ type: "add", by: 5 });
console.log(await ref.ask({ type: "read" }));
