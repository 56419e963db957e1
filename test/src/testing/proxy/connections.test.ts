import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../../src/server/index.ts";
import { isTo, type NatsProxy, natsProxy } from "../../../../src/testing/proxy/index.ts";
import type { TransportEvent } from "../../../../src/transport/transport.ts";
import { testServer } from "../../../support/nats-server.ts";
import { bytes, eventsOf, okOf, textOf, unique } from "../../transport/support.ts";
import { flushed, natsClient, ourTransport, waits } from "./support.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await testServer({ config: { http: "127.0.0.1:-1" } });
});
afterAll(() => server.stop());

const through = (): Promise<NatsProxy> => natsProxy({ target: server.url });
const typesOf = (events: readonly TransportEvent[]): string[] => events.map(({ type }) => type);

/** How many connections of this name the server knows. */
async function knownTo({ log }: EmbeddedServer, name: string): Promise<number> {
  const [, port] = log.flatMap((line) => /http monitor on 127\.0\.0\.1:(\d+)/.exec(line) ?? []);
  const answer = await fetch(`http://127.0.0.1:${port}/connz`);
  const { connections } = (await answer.json()) as { connections: { name?: string }[] };
  return connections.filter((connection) => connection.name === name).length;
}

describe("without a rule", () => {
  it("our transport and the nats client come through it, and come back to it", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    await using client = await natsClient(proxy.url, { name: "theirs" });
    expect(transport.url).toBe(proxy.url);
    expect(transport.info).toMatchObject({ host: proxy.host, port: proxy.port });
    const got: string[] = [];
    client.subscribe("news", { callback: (_error, msg) => got.push(msg.string()) });
    await client.flush();
    for (let round = 1; round <= 3; round++) {
      const before = proxy.counts.connections;
      expect(proxy.closeAll(round === 2 ? "end" : "reset")).toBe(2);
      // Our transport tries a server by a connection of its own first.
      await expect.poll(() => proxy.counts.connections, waits).toBe(before + 3);
      await expect.poll(() => [transport.connected, proxy.connections.length], waits).toEqual([true, 2]);
      await flushed(client);
      transport.publish("news", bytes(String(round)));
      await transport.flush();
      await expect.poll(() => got.at(-1), waits).toBe(String(round));
    }
    expect(got).toEqual(["1", "2", "3"]);
    expect(proxy.counts).toMatchObject({ resets: 4, unreadable: 0, overflows: 0, dropped: 0 });
  });

  it("an end of one side is handed on: a drained client leaves the server, and no connection is left", async () => {
    await using proxy = await through();
    const name = unique("drained");
    await using client = await natsClient(proxy.url, { name });
    client.publish("news", "last");
    expect(await knownTo(server, name)).toBe(1);
    await client.drain();
    await expect.poll(() => knownTo(server, name), waits).toBe(0);
    await expect.poll(() => proxy.connections, waits).toEqual([]);
    expect(proxy.counts.resets).toBe(0);
  });

  it("a server that dies is noticed, and found again at its place", async () => {
    const first = await testServer();
    await using proxy = await natsProxy({ target: first.url });
    await using transport = await ourTransport({ servers: proxy.url });
    process.kill(first.pid, "SIGKILL");
    await expect.poll(() => transport.connected, waits).toBe(false);
    await expect.poll(() => proxy.log.some((line) => line.includes("ECONNREFUSED")), waits).toBe(true);
    await first.exited;
    await using _second = await testServer({ port: first.port });
    await expect.poll(() => transport.connected, waits).toBe(true);
    expect(await transport.flush()).toMatchObject({ kind: "ok" });
  });
});

describe("a stall", () => {
  it("is noticed by our liveness check; the store's outcome is unknown, and nothing is doubled after it", async () => {
    await using proxy = await through();
    const name = unique("stalled");
    const quick = { servers: proxy.url, name, livenessMs: 300, connectTimeoutMs: 150 };
    await using transport = await ourTransport(quick);
    await using other = await ourTransport({ servers: server.url });
    const bucket = okOf(await transport.store.bucket(name));
    const events = eventsOf(transport);
    const got: string[] = [];
    transport.subscribe(name, (delivery) => got.push(textOf(delivery)));
    await transport.flush();
    const rule = proxy.stall();
    const put = bucket.put("a", bytes("1"));
    other.publish(name, bytes("lost"));
    expect(await put).toMatchObject({ kind: "unknown", error: { code: "CONNECTION_LOST" } });
    expect(events[0]).toMatchObject({
      type: "disconnected",
      reason: expect.stringContaining("pings"),
    });
    // The server has not been told: it keeps the old connection, and a new one gets no word from it.
    expect(await knownTo(server, name)).toBe(1);
    await expect
      .poll(
        () => events.some((event) => event.type === "error" && /no word/.test(event.error.message)),
        waits,
      )
      .toBe(true);
    expect(transport.connected).toBe(false);
    rule.close();
    await expect.poll(() => transport.connected, waits).toBe(true);
    await expect.poll(() => knownTo(server, name), waits).toBe(1);
    await transport.flush();
    other.publish(name, bytes("1"));
    await expect.poll(() => got, waits).toEqual(["1"]);
    // It had left the client, so the server got it late.
    expect(okOf(await bucket.get("a"))?.value).toEqual(bytes("1"));
    expect((await rule.matched).name).toBe(name);
  });

  it("of one direction and connection leaves the others alone, and what waited arrives in order", async () => {
    await using proxy = await through();
    await using one = await natsClient(proxy.url, { name: "one" });
    await using two = await natsClient(proxy.url, { name: "two" });
    const got: Record<string, string[]> = { one: [], two: [] };
    one.subscribe("news", { callback: (_error, msg) => got.one?.push(msg.string()) });
    two.subscribe("news", { callback: (_error, msg) => got.two?.push(msg.string()) });
    await one.flush();
    await two.flush();
    const rule = proxy.stall({ which: ({ name }) => name === "one", direction: "toClient" });
    expect(rule.count).toBe(1);
    for (const text of ["1", "2"]) one.publish("news", text);
    await expect.poll(() => got.two, waits).toEqual(["1", "2"]);
    for (const text of ["3", "4"]) two.publish("news", text);
    await two.flush();
    expect(got).toEqual({ one: [], two: ["1", "2", "3", "4"] });
    expect(rule.release()).toBe(1);
    await expect.poll(() => got.one, waits).toEqual(["1", "2", "3", "4"]);
  });

  it("ends by itself after its time", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const startedMs = performance.now();
    const rule = proxy.stall({ forMs: 200 });
    await client.flush();
    expect(performance.now() - startedMs).toBeGreaterThan(195);
    expect(rule.open).toBe(false);
    await client.flush();
  });

  it("has the sender wait once the buffer is full: memory stays bounded, and all arrives after it", async () => {
    const bufferMaxBytes = 200_000;
    await using proxy = await natsProxy({ target: server.url, bufferMaxBytes });
    await using reader = await natsClient(server.url);
    await using transport = await ourTransport({
      servers: proxy.url,
      livenessMs: 60_000,
      outboundMaxBytes: 1_000_000,
    });
    const subject = unique("flood");
    let arrived = 0;
    reader.subscribe(subject, { callback: () => arrived++ });
    await reader.flush();
    const before = process.memoryUsage().arrayBuffers;
    using rule = proxy.stall();
    let sent = 0;
    let refused: unknown;
    const payload = new Uint8Array(50_000);
    for (; sent < 4_000 && refused === undefined; sent++) {
      refused = transport.publish(subject, payload);
      if (sent % 10 === 0) await new Promise(setImmediate);
    }
    // It was pressed back through the proxy's buffer and the kernel's, up to the client's own limit.
    expect(refused).toMatchObject({ code: "TRANSPORT_FULL" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
    expect(arrived).toBe(0);
    rule.close();
    await expect.poll(() => arrived, waits).toBe(sent - 1);
    expect(proxy.counts.overflows).toBe(0);
  });
});

describe("a half-open connection", () => {
  it("of which the client's side is left is noticed by our liveness check, while the server has forgotten it", async () => {
    await using proxy = await through();
    const name = unique("half");
    await using transport = await ourTransport({ servers: proxy.url, name, livenessMs: 300 });
    await using other = await ourTransport({ servers: server.url });
    const events = eventsOf(transport);
    const got: string[] = [];
    other.subscribe(name, (delivery) => got.push(textOf(delivery)));
    await other.flush();
    const rule = proxy.halfOpen();
    expect(rule).toMatchObject({ count: 1, open: false });
    await expect.poll(() => knownTo(server, name), waits).toBe(0);
    expect(transport.connected).toBe(true);
    transport.publish(name, bytes("lost"));
    await expect.poll(() => typesOf(events), waits).toEqual(["disconnected", "connected"]);
    transport.publish(name, bytes("1"));
    await expect.poll(() => got, waits).toEqual(["1"]);
    expect(proxy.counts.halfOpened).toBe(1);
  });

  it("of which the server's side is left stands there as if its client lived", async () => {
    await using proxy = await through();
    const name = unique("dead");
    await using transport = await ourTransport({ servers: proxy.url, name });
    const events = eventsOf(transport);
    proxy.halfOpen({ keeps: "server" });
    await expect.poll(() => typesOf(events), waits).toEqual(["disconnected", "connected"]);
    expect(await knownTo(server, name)).toBe(2);
  });
});

describe("new connections", () => {
  it("are refused so many times, and then let in", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    const events = eventsOf(transport);
    const rule = proxy.refuse({ times: 3 });
    proxy.closeAll();
    await expect.poll(() => typesOf(events).at(-1), waits).toBe("connected");
    expect([rule.count, rule.open, proxy.counts.refused]).toEqual([3, false, 3]);
    expect(await transport.flush()).toMatchObject({ kind: "ok" });
  });

  it("are refused until the rule is closed; those that are open go on", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    {
      using _rule = proxy.refuse();
      await expect(ourTransport({ servers: proxy.url })).rejects.toMatchObject({ family: "operator" });
      await client.flush();
    }
    await using transport = await ourTransport({ servers: proxy.url });
    expect(transport.connected).toBe(true);
  });
});

it("a closed proxy leaves nobody behind", async () => {
  const proxy = await through();
  await using client = await natsClient(proxy.url, { reconnect: false });
  const rule = proxy.drop(isTo("news"));
  const held = proxy.hold((frame) => frame.op === "PING");
  void client.flush();
  await held.matched;
  expect(proxy.connections).toHaveLength(1);
  await Promise.all([proxy.close(), proxy.close()]);
  expect(await client.closed()).toMatchObject({ code: "ECONNRESET" });
  expect(proxy.connections).toEqual([]);
  await expect(rule.matched).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(natsClient(proxy.url)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});
