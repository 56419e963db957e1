import { createSystem } from "coxswain";
import { Arrivals, heldBytes } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { type Kind, tally, tallyActor } from "./protocols.ts";

/** The side's name ends in the kind of actor. Addresses are kept by the system, not by us. */
await serveSide({
  near: async ({ side }: SideConfig) => {
    const system = await createSystem({ name: "bench", transport: "memory" });
    const arrivals = new Arrivals();
    const kind = side.slice(side.lastIndexOf(" ") + 1) as Kind;
    const definition = tallyActor(kind, () => arrivals.one());
    await system.spawn("idle.first", definition);
    return {
      round: async (size) => {
        const count = Number(size);
        const before = heldBytes();
        const began = performance.now();
        for (let i = 0; i < count; i++) await system.spawn(`idle.${i}`, definition);
        const createMs = performance.now() - began;
        const bytesEach = (heldBytes() - before) / count;
        const all = arrivals.expect(count);
        const told = performance.now();
        for (let i = 0; i < count; i++) {
          system.ref(`idle.${i}`, tally).tell({ type: "add", i: 1 });
          if (i % 1_000 === 999) await new Promise(setImmediate);
        }
        await all;
        return { createMs, bytesEach, tellMs: performance.now() - told };
      },
      close: async () => void (await system.drain({ withinMs: 0 })),
    };
  },
});
