import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../../src/server/index.ts";
import { type NatsProxy, natsProxy } from "../../../../src/testing/proxy/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { bytes, okOf, textOf, unique } from "../../transport/support.ts";
import { flushed, natsClient, ourTransport, waits } from "./support.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

const through = (): Promise<NatsProxy> => natsProxy({ target: server.url });

describe("a reset after byte n", () => {
  /** Different from each other, so that a doubled one would be seen. */
  const texts = ["one", "two", "three", "four"];
  const every = 13;
  const honest = { ok: [1], unknown: [0, 1], rejected: [0] };

  it.each(["toServer", "toClient"] as const)(
    "%s, for a sweep of n: what was acknowledged is stored once, and of the rest each outcome is honest",
    async (direction) => {
      const name = unique(`sweep-${direction}`);
      const options = { subjects: [`${name}.>`], messagesMax: 100_000, bytesMax: 10_000_000 };
      await using checker = await ourTransport({ servers: server.url });
      const stored = okOf(await checker.store.stream(name, options));
      /** Appends all texts on a connection that breaks after `n` bytes. @returns what became of each, and the bytes that passed */
      const appendAll = async (subject: string, n: number) => {
        await using proxy = await through();
        await using transport = await ourTransport({ servers: proxy.url, reconnectWaitMs: 5 });
        const stream = okOf(await transport.store.stream(name, options));
        const { bytesToServer, bytesToClient } = proxy.counts;
        using rule = proxy.resetAfter(n, { direction });
        const kinds: ("ok" | "unknown" | "rejected")[] = [];
        for (const text of texts) {
          await expect.poll(() => transport.connected, waits).toBe(true);
          kinds.push((await stream.append(subject, bytes(text))).kind);
        }
        const passed =
          direction === "toServer"
            ? proxy.counts.bytesToServer - bytesToServer
            : proxy.counts.bytesToClient - bytesToClient;
        return { kinds, passed, reached: rule.count };
      };
      const { passed } = await appendAll(`${name}.n0000`, 1_000_000);
      expect(passed).toBeGreaterThan(200);
      const seen = new Set<string>();
      for (let n = 0; n < passed; n += every) {
        const subject = `${name}.n${String(n + 1).padStart(4, "0")}`;
        const { kinds, reached } = await appendAll(subject, n);
        expect(reached, `n = ${n} of ${passed}`).toBe(1);
        const found = okOf(await stored.read({ subject })).map(textOf);
        for (const [i, kind] of kinds.entries()) {
          seen.add(kind);
          const count = found.filter((text) => text === texts[i]).length;
          expect(honest[kind], `n = ${n}: ${kinds}, stored ${found}`).toContain(count);
        }
      }
      expect([...seen]).toEqual(expect.arrayContaining(["ok", "unknown"]));
    },
    60_000,
  );

  it("is for as many connections as it is told, and can be for some only", async () => {
    await using proxy = await through();
    await using one = await natsClient(proxy.url, { name: "one" });
    await using two = await natsClient(proxy.url, { name: "two" });
    const rule = proxy.resetAfter(10, { which: ({ name }) => name === "two" });
    one.publish("news", "a longer text");
    await one.flush();
    expect(rule.count).toBe(0);
    two.publish("news", "a longer text");
    expect((await rule.matched).name).toBe("two");
    await expect.poll(() => proxy.counts.connections, waits).toBe(3);
    await flushed(two);
    await one.flush();
    expect(proxy.connections.map(({ number, name }) => [number, name])).toEqual([
      [1, "one"],
      [3, "two"],
    ]);
    // Both are on their way to it, and the first one ends the rule.
    const first = proxy.resetAfter(10);
    one.publish("news", "a longer text");
    expect((await first.matched).name).toBe("one");
    two.publish("news", "a longer text");
    await two.flush();
    expect([first.count, proxy.counts.resets]).toEqual([1, 2]);
  });

  it("in the middle of a frame leaves the server with half of it, which it drops", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    await using other = await natsClient(server.url);
    const got: string[] = [];
    other.subscribe("news", { callback: (_error, msg) => got.push(msg.string()) });
    await other.flush();
    const rule = proxy.resetAfter("PUB news 4\r\nfu".length);
    client.publish("news", "full");
    await rule.matched;
    await expect.poll(() => proxy.counts.connections, waits).toBe(2);
    await flushed(client);
    client.publish("news", "next");
    await client.flush();
    await expect.poll(() => got, waits).toEqual(["next"]);
  });
});
