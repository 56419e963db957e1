import { fanOutMachine } from "../machines/index.ts";
import { fanOut } from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";

/** Asks several for work, in parallel or in sequence, and answers with all their results. */
export const coordinator: ActorDefinition<typeof fanOut> = defineActor({
  protocol: fanOut,
  machine: fanOutMachine,
});
