import { connect, type NatsConnection } from "nats";
import { askMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";

const subject = (side: string): string => `raw.${side.replaceAll(/[^a-z]/gi, "-")}`;

await serveSide({
  far: async ({ url, side }: SideConfig) => {
    const nc = await connect({ servers: url });
    nc.subscribe(subject(side), { callback: (_error, message) => void message.respond(message.data) });
    await nc.flush();
    return { close: () => nc.close() };
  },
  near: async ({ url, quick, side }: SideConfig) => {
    const nc = await connect({ servers: url, noAsyncTraces: side.includes("noAsyncTraces") });
    const payload = new TextEncoder().encode(text200);
    const to = subject(side);
    const ask = side.includes("own inbox")
      ? ownInbox(nc, to, payload)
      : (): Promise<unknown> => nc.request(to, payload, { timeout: 10_000 });
    return {
      round: (name) =>
        name === "x1" ? askMany(ask, quick ? 200 : 4_000, 1) : askMany(ask, quick ? 2_000 : 40_000, 64),
      close: () => nc.close(),
    };
  },
});

/** One subscription and a number for each question: the least an ask can cost with this client. No timer, no refusal. */
function ownInbox(nc: NatsConnection, to: string, payload: Uint8Array): () => Promise<unknown> {
  const waiting = new Map<string, (data: Uint8Array) => void>();
  let count = 0;
  nc.subscribe("inbox.bench.*", {
    callback: (_error, message) => {
      const token = message.subject.slice("inbox.bench.".length);
      waiting.get(token)?.(message.data);
      waiting.delete(token);
    },
  });
  return () =>
    new Promise((resolve) => {
      const token = String(count++);
      waiting.set(token, resolve);
      nc.publish(to, payload, { reply: `inbox.bench.${token}` });
    });
}
