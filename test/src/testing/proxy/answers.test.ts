import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../../src/server/index.ts";
import {
  type Frame,
  isAnswerTo,
  isConsumerAck,
  isJetStreamApi,
  isKvAnswer,
  isPubAck,
  type NatsProxy,
  natsProxy,
} from "../../../../src/testing/proxy/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { bytes, okOf, unique } from "../../transport/support.ts";
import { natsClient, ourTransport } from "./support.ts";

let server: EmbeddedServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

const through = (): Promise<NatsProxy> => natsProxy({ target: server.url });

describe("an acknowledgement of JetStream", () => {
  it("that is dropped makes our store answer unknown, though the value is stored", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url, storeTimeoutMs: 300 });
    const name = unique("leases");
    const bucket = okOf(await transport.store.bucket(name));
    const rule = proxy.drop(isPubAck({ subject: `$KV.${name}.a` }));
    expect(await bucket.put("b", bytes("0"))).toMatchObject({ kind: "ok" });
    expect(await bucket.put("a", bytes("1"))).toMatchObject({
      kind: "unknown",
      error: { code: "STORE_FAILED" },
    });
    const { request } = await rule.matched;
    expect(request).toMatchObject({ subject: `$KV.${name}.a`, payload: bytes("1") });
    expect(okOf(await bucket.get("a"))?.value).toEqual(bytes("1"));
  });

  it("that is dropped leaves whoever asks again with a race lost against itself", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url, storeTimeoutMs: 300 });
    const bucket = okOf(await transport.store.bucket(unique("race")));
    proxy.drop(isPubAck());
    expect(await bucket.create("a", bytes("1"))).toMatchObject({ kind: "unknown" });
    expect(await bucket.create("a", bytes("1"))).toMatchObject({
      kind: "rejected",
      error: { code: "ADDRESS_TAKEN" },
    });
  });

  it("is told from the API's answers, of any inbox, and a refusal is one as well", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url, inboxPrefix: "_MINE" });
    const name = unique("told");
    const acks: Frame[] = [];
    const see = (frame: Frame): boolean => {
      if (isPubAck({ stream: `KV_${name}` })(frame)) acks.push(frame);
      return false;
    };
    using _watching = proxy.drop(see);
    const bucket = okOf(await transport.store.bucket(name));
    expect(acks).toHaveLength(0);
    okOf(await bucket.put("a", bytes("1")));
    okOf(await bucket.get("a"));
    okOf(await bucket.entries());
    expect(acks).toHaveLength(1);
    expect(acks[0]?.subject).toMatch(/^_MINE\./);
    expect(await bucket.update("a", bytes("2"), 99)).toMatchObject({ kind: "rejected" });
    const said = acks.slice(1).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
    expect(said).toMatchObject([{ error: { err_code: 10071 } }]);
  });

  it("can be held while a reader already sees what it acknowledges", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url });
    await using reader = await ourTransport({ servers: server.url });
    const name = unique("held");
    const bucket = okOf(await transport.store.bucket(name));
    const rule = proxy.hold(isPubAck({ stream: `KV_${name}` }));
    let settled = false;
    const put = bucket.put("a", bytes("1")).finally(() => {
      settled = true;
    });
    await rule.matched;
    expect(okOf(await okOf(await reader.store.bucket(name)).get("a"))?.value).toEqual(bytes("1"));
    await transport.flush();
    expect(settled).toBe(false);
    rule.release();
    expect(await put).toEqual({ kind: "ok", value: 1 });
  });
});

describe("answers about a bucket", () => {
  it("are told apart by key, and reads from writes; a dropped read is unknown", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url, storeTimeoutMs: 300 });
    const name = unique("kv");
    const bucket = okOf(await transport.store.bucket(name));
    for (const key of ["a", "b"]) okOf(await bucket.put(key, bytes(key)));
    const rule = proxy.drop(isKvAnswer({ bucket: name, key: "a", to: "read" }));
    okOf(await bucket.get("b"));
    okOf(await bucket.put("a", bytes("2")));
    expect(await bucket.get("a")).toMatchObject({ kind: "unknown" });
    expect(rule.count).toBe(1);
    const write = proxy.drop(isKvAnswer({ bucket: name, to: "write" }));
    okOf(await bucket.get("a"));
    expect(await bucket.put("b", bytes("3"))).toMatchObject({ kind: "unknown" });
    expect(write.count).toBe(1);
  });

  it("of the nats client's direct reads are told as well", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const name = unique("direct");
    const kv = await client.jetstream({ timeout: 300 }).views.kv(name, { allow_direct: true });
    await kv.put("a", "1");
    await kv.put("b", "2");
    const rule = proxy.drop(isKvAnswer({ bucket: name, key: "a", to: "read" }));
    expect((await kv.get("b"))?.string()).toBe("2");
    await expect(kv.get("a")).rejects.toThrow();
    expect(rule.count).toBe(1);
    expect((await kv.get("a"))?.string()).toBe("1");
  });
});

describe("requests", () => {
  it("to JetStream's API can be dropped by what they ask, and answers to them too", async () => {
    await using proxy = await through();
    await using transport = await ourTransport({ servers: proxy.url, storeTimeoutMs: 300 });
    const name = unique("api");
    const bucket = okOf(await transport.store.bucket(name));
    okOf(await bucket.put("a", bytes("1")));
    const asked = proxy.drop(isJetStreamApi(`CONSUMER.CREATE.KV_${name}`));
    expect(await bucket.entries()).toMatchObject({ kind: "unknown" });
    expect((await asked.matched).direction).toBe("toServer");
    const answered = proxy.drop(isAnswerTo(isJetStreamApi("CONSUMER.CREATE.>")));
    expect(await bucket.entries()).toMatchObject({ kind: "unknown" });
    expect((await answered.matched).direction).toBe("toClient");
    expect(okOf(await bucket.entries())).toHaveLength(1);
  });

  it("nobody listens to have an answer with a status", async () => {
    await using proxy = await through();
    await using client = await natsClient(proxy.url);
    const rule = proxy.drop((frame) => isAnswerTo("void.*")(frame) && frame.status === 503);
    await expect(client.request("void.a", "?", { timeout: 200 })).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(client.request("void.a", "?", { timeout: 200 })).rejects.toMatchObject({ code: "503" });
    expect((await rule.matched).op).toBe("HMSG");
  });
});

it("a consumer's acknowledgement that is dropped has the message delivered again", async () => {
  await using proxy = await through();
  await using client = await natsClient(proxy.url);
  const name = unique("work");
  const manager = await client.jetstreamManager();
  await manager.streams.add({ name, subjects: [`${name}.>`] });
  await manager.consumers.add(name, {
    durable_name: "worker",
    ack_policy: "explicit" as never,
    ack_wait: 300_000_000,
  });
  const js = client.jetstream();
  await js.publish(`${name}.a`, "1");
  const rule = proxy.drop(isConsumerAck("+ACK"));
  const consumer = await js.consumers.get(name, "worker");
  const first = await consumer.next({ expires: 5_000 });
  first?.ack();
  await rule.matched;
  const again = await consumer.next({ expires: 5_000 });
  expect(again).toMatchObject({ redelivered: true, seq: first?.seq });
  expect(await again?.ackAck()).toBe(true);
});
