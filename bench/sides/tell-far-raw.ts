import { connect } from "nats";
import { Arrivals, tellMany } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";

await serveSide({
  far: async ({ url }: SideConfig) => {
    const nc = await connect({ servers: url });
    let left = 0;
    nc.subscribe("raw.expect", {
      callback: (_error, message) => {
        left = Number(message.string());
        message.respond();
      },
    });
    nc.subscribe("raw.add", {
      callback: () => {
        if (--left === 0) nc.publish("raw.complete");
      },
    });
    await nc.flush();
    return { close: () => nc.close() };
  },
  near: async ({ url, quick }: SideConfig) => {
    const nc = await connect({ servers: url });
    const complete = new Arrivals();
    nc.subscribe("raw.complete", { callback: () => complete.one() });
    const payload = new TextEncoder().encode('{"i":12345}');
    const total = quick ? 10_000 : 200_000;
    return {
      round: async () => {
        await nc.request("raw.expect", String(total), { timeout: 10_000 });
        const perSecond = await tellMany(
          total,
          () => nc.publish("raw.add", payload),
          () => complete.expect(1),
        );
        return { perSecond };
      },
      close: () => nc.close(),
    };
  },
});
