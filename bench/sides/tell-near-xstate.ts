import { createActor } from "xstate";
import { Arrivals, tellMany } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { tallyMachine, tallyTransition } from "./protocols.ts";

/** A message of raw XState is a function call: nothing is checked, copied or queued. */
await serveSide({
  near: ({ side, quick }: SideConfig) => {
    const arrivals = new Arrivals();
    const heard = (): void => arrivals.one();
    const machine = side.includes("machine");
    const actor = machine ? createActor(tallyMachine(heard)) : createActor(tallyTransition(heard));
    actor.start();
    const total = quick ? 10_000 : 200_000;
    return {
      round: async () => {
        const perSecond = await tellMany(
          total,
          (i) => actor.send({ type: "add", i }),
          () => arrivals.expect(total),
        );
        return { perSecond };
      },
    };
  },
});
