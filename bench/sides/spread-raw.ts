import { connect, type Msg } from "nats";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { makespan, spread, work, workersEach } from "../kit/tasks.ts";

await serveSide({
  far: async ({ url }: SideConfig) => {
    const nc = await connect({ servers: url });
    const waiting: Msg[] = [];
    let busy = 0;
    const pump = (): void => {
      while (busy < workersEach) {
        const message = waiting.shift();
        if (message === undefined) return;
        busy++;
        void work(Number(message.string())).then(() => {
          busy--;
          message.respond();
          pump();
        });
      }
    };
    nc.subscribe("raw.work", {
      queue: "hands",
      callback: (_error, message) => {
        waiting.push(message);
        pump();
      },
    });
    await nc.flush();
    return { close: () => nc.close() };
  },
  near: async ({ url, quick }: SideConfig) => {
    const nc = await connect({ servers: url });
    const ask = (ms: number): Promise<unknown> => nc.request("raw.work", String(ms), { timeout: 60_000 });
    return {
      round: (kind) => makespan(kind, quick, (times) => spread(times, times.length, ask)),
      close: () => nc.close(),
    };
  },
});
