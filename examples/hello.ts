// One actor, its machine, and everything you can do with it. Run it: coxswain run examples/hello.ts
import { createSystem, defineActor } from "coxswain";
import { reply } from "coxswain/machines";
import { defineProtocol, type EmittedOf, type MessageOf, question } from "coxswain/protocols";
import { assign, emit, setup } from "xstate";
import { z } from "zod";

const counter = defineProtocol({
  name: "counter",
  accepts: {
    add: z.object({ by: z.number() }),
    read: question(z.object({}), z.object({ count: z.number() })),
  },
  emits: { added: z.object({ count: z.number() }) },
});

const machine = setup({
  types: {
    context: {} as { count: number },
    events: {} as MessageOf<typeof counter>,
    emitted: {} as EmittedOf<typeof counter>,
  },
}).createMachine({
  context: { count: 0 },
  on: {
    add: {
      actions: [
        assign({ count: ({ context, event }) => context.count + event.by }),
        emit(({ context }) => ({ type: "added", count: context.count })),
      ],
    },
    read: { actions: reply(({ context }) => ({ count: context.count })) },
  },
});

await using system = await createSystem({ name: "hello" });
const ref = await system.spawn("tally", defineActor({ protocol: counter, machine }));
console.log(`Any NATS client may listen: nats sub "cx.hello.ev.>" -s ${system.url}`);

const events = ref.on("added");
ref.tell({ type: "add", by: 2 });
ref.tell({ type: "add", by: 3 });
console.log("asked:", await ref.ask({ type: "read" }));
for await (const { count } of events) {
  console.log("heard:", count);
  if (count === 5) break;
}
