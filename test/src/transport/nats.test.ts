import { connect } from "nats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { connectNats, type NatsOptions } from "../../../src/transport/nats.ts";
import { eachServerVersion, reconfigure, testServer } from "../../support/nats-server.ts";
import { transportContract } from "./contract.ts";
import { bytes, envelope, eventsOf, okOf, type Pair, textOf, unique } from "./support.ts";

async function makePair(server: EmbeddedServer, options: NatsOptions = {}): Promise<Pair> {
  const one = await connectNats({ servers: server.url, ...options });
  const two = await connectNats({ servers: server.url, ...options });
  return {
    one,
    two,
    [Symbol.asyncDispose]: async () => {
      await one.close();
      await two.close();
    },
  };
}

describe.each(eachServerVersion)("on nats-server %s", (version) => {
  let server: EmbeddedServer;
  beforeAll(async () => {
    server = await testServer({ version });
  });
  afterAll(() => server.stop());

  transportContract("nats", () => makePair(server));

  it("what a user may not publish or subscribe to is reported with its subject, and the rest goes on", async () => {
    const permissions = { publish: { deny: ["secret.>"] }, subscribe: { deny: ["private.>"] } };
    const users = [{ user: "bow", password: "rosin", permissions }];
    await using strict = await testServer({ version, config: { authorization: { users } } });
    await using pair = await makePair(strict, { user: "bow", pass: "rosin" });
    const events = eventsOf(pair.one);
    const got: string[] = [];
    pair.one.subscribe("open", (delivery) => got.push(textOf(delivery)));
    expect(pair.one.publish("secret.plan", bytes("x"))).toBeUndefined();
    pair.one.subscribe("private.>", (delivery) => got.push(textOf(delivery)));
    pair.one.subscribe("private.work", (delivery) => got.push(textOf(delivery)), { queue: "crew" });
    pair.one.publish("open", bytes("fine"));
    await expect.poll(() => got).toEqual(["fine"]);
    await expect.poll(() => events.length).toBe(3);
    const denied = (subject: string, operation: string): object => ({
      type: "error",
      subject,
      error: { code: "PERMISSION_DENIED", details: { subject, operation } },
    });
    expect(events).toMatchObject([
      denied("secret.plan", "publish"),
      denied("private.>", "subscription"),
      denied("private.work", "subscription"),
    ]);
    expect(pair.one.connected).toBe(true);
  });

  it("a permission that is taken away while connected is reported", async () => {
    const users = [{ user: "bow", password: "rosin", permissions: { publish: [">"], subscribe: [">"] } }];
    await using server = await testServer({ version, config: { authorization: { users } } });
    await using pair = await makePair(server, { user: "bow", pass: "rosin" });
    const events = eventsOf(pair.one);
    pair.one.subscribe("news.*", () => {});
    await pair.one.flush();
    await reconfigure(server, (text) =>
      text.replace(/"?subscribe"?\s*[:=]?\s*\[[^\]]*\]/, 'subscribe: ["other"]'),
    );
    await expect
      .poll(() => events)
      .toContainEqual(
        expect.objectContaining({
          type: "error",
          subject: "news.*",
          error: expect.objectContaining({ code: "PERMISSION_DENIED" }),
        }),
      );
  });

  it("a store call that the user may not make is refused at once", async () => {
    const permissions = { publish: { deny: ["$JS.API.>"] } };
    const users = [{ user: "bow", password: "rosin", permissions }];
    await using strict = await testServer({ version, config: { authorization: { users } } });
    await using pair = await makePair(strict, { user: "bow", pass: "rosin" });
    expect(await pair.one.store.bucket("leases")).toMatchObject({
      kind: "rejected",
      error: { code: "PERMISSION_DENIED" },
    });
  });

  it("a server without JetStream has no store, and says so", async () => {
    await using plain = await testServer({ version, config: { jetstream: false } });
    await using pair = await makePair(plain);
    const refused = { kind: "rejected", error: { code: "STORE_FAILED" } };
    const bucket = await pair.one.store.bucket("leases");
    expect(bucket).toMatchObject(refused);
    expect(bucket).toMatchObject({ error: { message: expect.stringContaining("JetStream is disabled") } });
    expect(
      await pair.one.store.stream("dead", { subjects: ["dead.>"], messagesMax: 1, bytesMax: 1 }),
    ).toMatchObject(refused);
  });

  it("a bucket that an operator has deleted is missed, and not made again behind his back", async () => {
    await using pair = await makePair(server);
    const name = unique("deleted");
    const bucket = okOf(await pair.one.store.bucket(name));
    await bucket.put("a", bytes("1"));
    const events = eventsOf(pair.two);
    const watched = okOf(await pair.two.store.bucket(name));
    okOf(await watched.watch(() => {}));
    const nc = await connect({ servers: server.url });
    await (await nc.jetstreamManager()).streams.delete(`KV_${name}`);
    await nc.close();
    const refused = { kind: "rejected", error: { code: "STORE_FAILED" } };
    expect(await bucket.put("a", bytes("2"))).toMatchObject(refused);
    expect(await bucket.get("a")).toMatchObject(refused);
    await expect
      .poll(() => events, { timeout: 10_000 })
      .toMatchObject([{ type: "error", subject: name, error: { code: "STORE_FAILED" } }]);
  });

  it("a bucket is one for any NATS client too", async () => {
    await using pair = await makePair(server);
    const name = unique("foreign");
    const bucket = okOf(await pair.one.store.bucket(name));
    okOf(await bucket.put("crew.a", bytes("ours")));
    const nc = await connect({ servers: server.url });
    const kv = await nc.jetstream().views.kv(name, { bindOnly: true });
    expect((await kv.get("crew.a"))?.string()).toBe("ours");
    await kv.put("crew.b", "theirs");
    await kv.delete("crew.a");
    await nc.close();
    expect(okOf(await bucket.entries()).map(({ key }) => key)).toEqual(["crew.b"]);
    expect(okOf(await bucket.get("crew.a"))).toBeUndefined();
    expect(okOf(await bucket.create("crew.a", bytes("again")))).toBeGreaterThan(0);
  });

  it("a smaller limit of the server holds for publish, for bodies and for the store", async () => {
    await using small = await testServer({ version, payloadMaxBytes: 2_000 });
    await using pair = await makePair(small);
    expect(pair.one.payloadMaxBytes).toBe(2_000);
    const tooLarge = { code: "PAYLOAD_TOO_LARGE" };
    expect(pair.one.publish("news", new Uint8Array(2_001))).toMatchObject(tooLarge);
    expect(pair.one.publish("news", envelope("x".repeat(1_990)))).toMatchObject(tooLarge);
    const bucket = okOf(await pair.one.store.bucket("leases"));
    expect(await bucket.put("a", new Uint8Array(2_001))).toMatchObject({ kind: "rejected", error: tooLarge });
  });
});

describe("a raised limit of the server", () => {
  it("lets larger bodies through", async () => {
    await using server = await testServer({ payloadMaxBytes: 4 * 1_048_576 });
    await using pair = await makePair(server);
    const got: number[] = [];
    pair.one.subscribe("news", ({ payload }) => got.push((payload as Uint8Array).length));
    expect(pair.one.publish("news", envelope("x".repeat(2 * 1_048_576)))).toBeUndefined();
    await expect.poll(() => got.length).toBe(1);
  });
});

describe("replicas", () => {
  it("are refused on an old server", async () => {
    await using server = await testServer({ version: "2.9.10" });
    await expect(connectNats({ servers: server.url, replicas: 3 })).rejects.toMatchObject({
      code: "SERVER_TOO_OLD",
    });
  });
});
