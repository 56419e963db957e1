import { createSystem } from "coxswain";
import { askMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { echo, echoActor } from "./protocols.ts";

const address = "echo.one";

await serveSide({
  far: async ({ url }: SideConfig) => {
    const system = await createSystem({ name: "bench", node: "far", servers: url });
    await system.spawn(address, echoActor);
    return { close: async () => void (await system.drain()) };
  },
  near: async ({ url, quick }: SideConfig) => {
    const system = await createSystem({ name: "bench", node: "near", servers: url });
    const ref = system.ref(address, echo);
    const ask = (): Promise<unknown> => ref.ask({ type: "say", text: text200 });
    return {
      round: (name) =>
        name === "x1" ? askMany(ask, quick ? 200 : 4_000, 1) : askMany(ask, quick ? 2_000 : 40_000, 64),
      close: async () => void (await system.drain()),
    };
  },
});
