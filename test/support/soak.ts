import { z } from "zod";
import { defineProtocol, question } from "../../protocols/index.ts";
import { type ActorSystem, defineActor } from "../../src/index.ts";

/** Whatever may become of a message can be made to become of these. */
export const target = defineProtocol({
  name: "target",
  accepts: {
    work: z.object({ n: z.number() }),
    crash: z.object({}),
    end: z.object({}),
    pass: z.object({ to: z.string() }),
    ask: question(z.object({ n: z.number() }), z.object({ n: z.number() })),
    silent: question(z.object({}), z.object({})),
  },
});

export const targetActor = defineActor({
  protocol: target,
  waitingMax: 20,
  initial: () => 0,
  receive: (count, message, turn) => {
    if (message.type === "crash") throw new Error("planted");
    if (message.type === "ask") turn.reply({ n: message.n });
    if (message.type === "end") turn.stop("asked to");
    if (message.type === "pass") turn.tell(target, message.to as never, { type: "work", n: count });
    return count + 1;
  },
});

/** Another protocol than any actor's here. */
export const stranger = defineProtocol({ name: "stranger", accepts: { work: z.object({ n: z.number() }) } });

/** What all nodes of a system did with what all of them sent. */
export function sum(systems: readonly ActorSystem[]): { sent: number; ended: number; deadLost: number } {
  const totals = { sent: 0, ended: 0, deadLost: 0 };
  for (const { counts } of systems) {
    totals.sent += counts.sent;
    totals.ended += counts.handled + counts.refused + counts.dead;
    totals.deadLost += counts.deadLost;
  }
  return totals;
}
