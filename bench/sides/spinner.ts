import { defineActor } from "coxswain";
import { defineProtocol } from "coxswain/protocols";
import { z } from "zod";

/** Goes round for ever when it is told to. */
export const spinner = defineProtocol({ name: "spinner", accepts: { spin: z.object({}) } });

export const spinnerActor = defineActor({
  protocol: spinner,
  initial: () => 0,
  receive: () => {
    for (;;);
  },
});
