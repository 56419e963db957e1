import { createSystem } from "coxswain";
import { Arrivals, tellMany } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { sink, sinkActor } from "./protocols.ts";

const address = "sink.one";

await serveSide({
  far: async ({ url }: SideConfig) => {
    const system = await createSystem({ name: "bench", node: "far", servers: url });
    await system.spawn(address, sinkActor);
    return { close: async () => void (await system.drain()) };
  },
  near: async ({ url, quick }: SideConfig) => {
    const system = await createSystem({ name: "bench", node: "near", servers: url });
    const ref = system.ref(address, sink);
    const complete = new Arrivals();
    ref.on("complete", () => complete.one());
    const total = quick ? 10_000 : 200_000;
    return {
      round: async () => {
        await ref.ask({ type: "expect", count: total });
        const perSecond = await tellMany(
          total,
          (i) => void ref.tell({ type: "add", i }),
          () => complete.expect(1),
        );
        return { perSecond };
      },
      close: async () => void (await system.drain()),
    };
  },
});
