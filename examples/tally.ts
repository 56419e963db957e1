// A counter that lives until Ctrl-C, as a plain reducer. Look at it from a second terminal:
//   coxswain run examples/tally.ts
//   coxswain ps          coxswain tap          node examples/subscribe-with-nats.ts <the URL>
import { closeOnSignals, createSystem, defineActor } from "coxswain";
import { defineProtocol, question } from "coxswain/protocols";
import { z } from "zod";

const counter = defineProtocol({
  name: "counter",
  accepts: {
    add: z.object({ by: z.number() }),
    read: question(z.object({}), z.object({ count: z.number() })),
  },
  emits: { added: z.object({ count: z.number() }) },
});

const tally = defineActor({
  protocol: counter,
  initial: () => 0,
  receive: (count, message, turn) => {
    if (message.type === "read") {
      turn.reply({ count });
      return count;
    }
    turn.emit({ type: "added", count: count + message.by });
    return count + message.by;
  },
});

const system = await createSystem({ name: process.env.COXSWAIN_SYSTEM ?? "tally" });
closeOnSignals(system);
await system.spawn("crew", tally);
await system.spawn("crew.bow", tally);
console.log(`${system.name} runs at ${system.url}`);
