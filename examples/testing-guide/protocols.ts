import { defineProtocol, question } from "coxswain/protocols";
import { z } from "zod";

const job = z.object({ job: z.string() });

/** What a ledger may be told and asked. */
export const billing = defineProtocol({
  name: "billing",
  accepts: { charge: job, charges: question(job, z.object({ count: z.number() })) },
});

/** What a worker may be told, and what it says. */
export const work = defineProtocol({ name: "work", accepts: { charged: job }, emits: { paid: job } });
