import { createSystem } from "coxswain";
import { Arrivals, tellMany } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { type Kind, tallyActor } from "./protocols.ts";

/** The side's name ends in the kind of actor. Each message is checked twice and copied, as between two processes. */
await serveSide({
  near: async ({ side, quick }: SideConfig) => {
    const system = await createSystem({ name: "bench", transport: "memory" });
    const arrivals = new Arrivals();
    const kind = side.slice(side.lastIndexOf(" ") + 1) as Kind;
    const definition = tallyActor(kind, () => arrivals.one());
    const ref = await system.spawn("tally.one", definition);
    const total = quick ? 10_000 : 200_000;
    return {
      round: async () => {
        const perSecond = await tellMany(
          total,
          (i) => void ref.tell({ type: "add", i }),
          () => arrivals.expect(total),
        );
        return { perSecond };
      },
      close: async () => void (await system.drain()),
    };
  },
});
