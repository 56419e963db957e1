import { headers, type NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../../src/server/index.ts";
import { isPubAck, isTo, natsProxy } from "../../../../src/testing/proxy/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { bytes, okOf, textOf, unique } from "../../transport/support.ts";
import { natsClient, ourTransport, waits } from "./support.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

const through = (bufferMaxBytes?: number) =>
  natsProxy({ target: server.url, ...(bufferMaxBytes === undefined ? {} : { bufferMaxBytes }) });

/** What arrives at a client, in order. */
function collect(client: NatsConnection, subject: string): string[] {
  const got: string[] = [];
  client.subscribe(subject, { callback: (_error, msg) => got.push(msg.string()) });
  return got;
}

describe("a message", () => {
  it("that is dropped on its way to the server reaches nobody, once", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got = collect(client, "news");
    const rule = proxy.drop(isTo("news", "toServer"));
    for (const text of ["1", "2", "3"]) client.publish("news", text);
    await client.flush();
    expect(got).toEqual(["2", "3"]);
    const frame = await rule.matched;
    expect(frame).toMatchObject({ direction: "toServer", op: "PUB", subject: "news", connection: 1 });
    expect(rule).toMatchObject({ count: 1, open: false });
    expect(proxy.counts).toMatchObject({ dropped: 1, connections: 1 });
  });

  it("that is dropped on its way to one client reaches the others", async () => {
    await using proxy = await through();
    await using one = await natsClient(proxy.url, { name: "one" });
    await using two = await natsClient(proxy.url, { name: "two" });
    const [atOne, atTwo] = [collect(one, "news"), collect(two, "news")];
    await one.flush();
    await two.flush();
    const [first] = proxy.connections.filter(({ name }) => name === "one");
    using rule = proxy.drop(
      (frame) => isTo("news", "toClient")(frame) && frame.connection === first?.number,
      { times: 2 },
    );
    for (const text of ["1", "2", "3"]) two.publish("news", text);
    await two.flush();
    await expect.poll(() => [atOne, atTwo], waits).toEqual([["3"], ["1", "2", "3"]]);
    expect(rule.count).toBe(2);
  });

  it("that is doubled arrives twice, with its headers and reply, and the next does not", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got: string[] = [];
    client.subscribe("news", {
      callback: (_error, msg) => got.push(`${msg.string()} ${msg.reply} ${msg.headers?.get("kind")}`),
    });
    proxy.duplicate(isTo("news", "toClient"), { copies: 2 });
    const fields = headers();
    fields.set("kind", "late");
    client.publish("news", "1", { headers: fields, reply: "back" });
    client.publish("news", "2", { headers: fields, reply: "back" });
    await client.flush();
    expect(got).toEqual(["1 back late", "1 back late", "1 back late", "2 back late"]);
    expect(proxy.counts.duplicated).toBe(2);
  });

  it("that is doubled on its way to the server is stored twice", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    const name = unique("doubled");
    const options = { subjects: [`${name}.>`], messagesMax: 100, bytesMax: 100_000 };
    const stream = okOf(await transport.store.stream(name, options));
    proxy.duplicate(isTo(`${name}.a`, "toServer"));
    expect(okOf(await stream.append(`${name}.a`, bytes("1")))).toBe(1);
    await expect.poll(async () => okOf(await stream.read()).map(textOf), waits).toEqual(["1", "1"]);
  });

  it("that is held is overtaken by others, and arrives when it is let go", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    const got: string[] = [];
    transport.subscribe("news.*", (delivery) => got.push(textOf(delivery)));
    await transport.flush();
    const rule = proxy.hold(isTo("news.a", "toClient"), { times: 2 });
    for (const text of ["1", "2", "3"]) transport.publish("news.a", bytes(text));
    transport.publish("news.b", bytes("4"));
    await transport.flush();
    expect(got).toEqual(["3", "4"]);
    expect(rule.release()).toBe(2);
    await expect.poll(() => got, waits).toEqual(["3", "4", "1", "2"]);
    expect(rule.release()).toBe(0);
    expect(proxy.counts).toMatchObject({ held: 2, released: 2, heldLost: 0 });
  });

  it("that is held for a time arrives by itself", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got = collect(client, "news");
    proxy.hold(isTo("news", "toServer"), { forMs: 150 });
    for (const text of ["1", "2"]) client.publish("news", text);
    await client.flush();
    expect(got).toEqual(["2"]);
    await expect.poll(() => got, waits).toEqual(["2", "1"]);
  });

  it("that is held is let go when its rule closes, and lost with its connection", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got = collect(client, "news");
    const first = proxy.hold(isTo("news", "toServer"));
    client.publish("news", "1");
    await client.flush();
    first.close();
    await client.flush();
    expect(got).toEqual(["1"]);
    const second = proxy.hold(isTo("news", "toServer"));
    client.publish("news", "2");
    await second.matched;
    proxy.closeAll();
    await expect.poll(() => proxy.counts.heldLost, waits).toBe(1);
    expect(second.release()).toBe(0);
  });

  it("that is delayed keeps its place: what is behind it waits too, what is before it does not", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    await using other = await natsClient(proxy.url);
    const got = collect(other, "news");
    await other.flush();
    const rule = proxy.delay((frame) => isTo("news", "toServer")(frame) && frame.payload[0] === 0x32, {
      byMs: 200,
    });
    const startedMs = performance.now();
    for (const text of ["1", "2", "3"]) client.publish("news", text);
    await rule.matched;
    await expect.poll(() => got.length, waits).toBe(1);
    await other.flush();
    await expect.poll(() => got, waits).toEqual(["1", "2", "3"]);
    expect(performance.now() - startedMs).toBeGreaterThan(195);
    expect(proxy.counts.delayed).toBe(1);
  });

  it("can be where the connection is reset: it is not delivered, what was before it is", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    const got: string[] = [];
    transport.subscribe("news.*", (delivery) => got.push(textOf(delivery)));
    await transport.flush();
    const rule = proxy.resetAt(isTo("news.2", "toClient"));
    for (const n of [1, 2, 3]) transport.publish(`news.${n}`, bytes(String(n)));
    await rule.matched;
    await expect.poll(() => proxy.counts.connections, waits).toBeGreaterThan(2);
    await expect.poll(() => transport.connected, waits).toBe(true);
    transport.publish("news.4", bytes("4"));
    await transport.flush();
    expect(got).toEqual(["1", "4"]);
  });
});

describe("rules", () => {
  it("are asked in the order they were made, and one alone takes a frame", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got = collect(client, "news");
    const first = proxy.drop(isTo("news", "toServer"));
    const second = proxy.duplicate(isTo("news", "toServer"), { times: Number.POSITIVE_INFINITY });
    for (const text of ["1", "2", "3"]) client.publish("news", text);
    second.close();
    await client.flush();
    expect([first.count, second.open]).toEqual([1, false]);
    expect(got).toEqual(["2", "3"]);
  });

  it("that end before they matched say so, and those whose predicate throws let the frame pass", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const got = collect(client, "news");
    const idle = proxy.drop(isTo("never"));
    idle.close();
    await expect(idle.matched).rejects.toMatchObject({ code: "CANCELLED" });
    const broken = proxy.drop((frame) => {
      if (frame.op === "PUB") throw new Error("planted");
      return false;
    });
    client.publish("news", "1");
    await client.flush();
    expect(got).toEqual(["1"]);
    await expect(broken.matched).rejects.toMatchObject({ code: "CANCELLED", message: /planted/ });
    expect(proxy.log.filter((line) => line.includes("planted"))).toHaveLength(1);
  });

  it("refuse what they cannot do", async () => {
    await using proxy = await through();
    const refused = { code: "OPTION_INVALID" };
    const all = (): boolean => true;
    const wrong: (() => unknown)[] = [
      () => proxy.drop(all, { times: 0 }),
      () => proxy.drop(undefined as never),
      () => proxy.drop(all, { time: 1 } as never),
      () => proxy.hold(all, { forMs: -1 }),
      () => proxy.duplicate(all, { copies: 1_001 }),
      () => proxy.delay(all, {} as never),
      () => proxy.resetAfter(1.5),
      () => proxy.resetAfter(1, { direction: "up" as never }),
      () => proxy.stall({ which: 7 as never }),
      () => proxy.halfOpen({ keeps: "nobody" as never }),
      () => proxy.closeAll("gently" as never),
      () => isTo("a..b"),
      () => isPubAck({ subject: "a b" }),
    ];
    for (const attempt of wrong) {
      expect(attempt, attempt.toString()).toThrow(expect.objectContaining(refused));
    }
    for (const target of ["tls://127.0.0.1", "http://127.0.0.1", "", undefined]) {
      await expect(natsProxy({ target: target as string })).rejects.toMatchObject(refused);
    }
    await expect(natsProxy({ target: "http://me:secret@host" })).rejects.not.toThrow("secret");
  });
});

it("more than may be held resets the connection, and says so", async () => {
  await using proxy = await through(10_000);
  await using client = await natsClient(proxy.url);
  const rule = proxy.hold(isTo("news", "toServer"), { times: Number.POSITIVE_INFINITY });
  for (let n = 0; n < 3; n++) client.publish("news", new Uint8Array(4_000));
  await expect.poll(() => proxy.counts, waits).toMatchObject({ overflows: 1, held: 2, heldLost: 2 });
  expect(proxy.log.some((line) => line.includes("more is held than bufferMaxBytes"))).toBe(true);
  expect(rule.release()).toBe(0);
});
