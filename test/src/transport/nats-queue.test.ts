import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import { describe, expect, it } from "vitest";
import {
  type FramePredicate,
  isAnswerTo,
  isJetStreamApi,
  isTo,
  natsProxy,
} from "../../../src/testing/proxy/index.ts";
import { connectNats, type NatsOptions, type NatsTransport } from "../../../src/transport/nats.ts";
import type { Consumption, QueueEntry, Stream } from "../../../src/transport/transport.ts";
import { eachServerVersion, testCluster, testServer } from "../../support/nats-server.ts";
import { bytes, eventsOf, okOf, textOf } from "./support.ts";

const waits = { timeout: 30_000, interval: 10 };
const form = { subjects: ["box.>"], kind: "queue", messagesMax: 100_000, bytesMax: 100_000_000 } as const;
/** Nothing comes again for this reason while a test runs. */
const consuming = { name: "crew", subject: "box.>", ackWaitMs: 600_000, unacknowledgedMax: 50 };
const creations = isJetStreamApi("CONSUMER.DURABLE.CREATE.>");

type Closing = NatsTransport & AsyncDisposable;

async function connected(servers: string | readonly string[], options: NatsOptions = {}): Promise<Closing> {
  const transport = await connectNats({ servers, reconnectWaitMs: 50, ...options });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

const queueOf = async (transport: NatsTransport): Promise<Stream> =>
  okOf(await transport.store.stream("BOX", form));

interface Taker {
  readonly got: QueueEntry[];
  readonly texts: () => string[];
  readonly consumption: Consumption;
}

async function taking(
  stream: Stream,
  handler: (entry: QueueEntry) => void = () => {},
  options: Partial<typeof consuming> = {},
): Promise<Taker> {
  const got: QueueEntry[] = [];
  const consumption = okOf(
    await stream.consume({ ...consuming, ...options }, (entry) => {
      got.push(entry);
      handler(entry);
    }),
  );
  return { got, texts: () => got.map(textOf), consumption };
}

const acknowledge = (entry: QueueEntry): void => entry.acknowledge();

/** Appends without end, so many at once, until told to stop. */
function appending(stream: Stream, outstanding = 8): { stored: string[]; stop: () => Promise<void> } {
  const stored: string[] = [];
  let stopped = false;
  let count = 0;
  const run = async (): Promise<void> => {
    while (!stopped) {
      const text = String(++count);
      const outcome = await stream.append(`box.${count % 5}`, bytes(text));
      if (outcome.kind === "ok") stored.push(text);
      else await new Promise(setImmediate);
    }
  };
  const runs = Array.from({ length: outstanding }, run);
  return {
    stored,
    stop: async () => {
      stopped = true;
      await Promise.all(runs);
    },
  };
}

const doubled = (texts: readonly string[]): number => texts.length - new Set(texts).size;

async function appendAll(stream: Stream, texts: readonly string[]): Promise<void> {
  for (const text of texts) okOf(await stream.append("box.a", bytes(text)));
}

describe.each(eachServerVersion)("a queue on server %s", (version) => {
  it("loses nothing when the server is killed and is back, and doubles only what was taken before", async () => {
    const storeDir = await mkdtemp(join(tmpdir(), "coxswain-queue-"));
    const first = await testServer({ version, storeDir });
    const { port } = first;
    try {
      await using one = await connected(first.url);
      await using two = await connected(first.url);
      const stream = await queueOf(one);
      const { texts, consumption } = await taking(await queueOf(two), acknowledge);
      const appends = appending(stream);
      await expect.poll(() => texts().length, waits).toBeGreaterThan(2_000);
      process.kill(first.pid, "SIGKILL");
      await first.exited;
      const before = new Set(texts());
      await using _second = await testServer({ version, port, storeDir });
      const storedBefore = appends.stored.length;
      await expect.poll(() => appends.stored.length, waits).toBeGreaterThan(storedBefore + 1_000);
      await appends.stop();
      await expect.poll(async () => okOf(await stream.count()), waits).toBe(0);
      const seen = new Set(texts());
      expect(appends.stored.filter((text) => !seen.has(text))).toEqual([]);
      // To take an entry out is not written at once, but now and then: what was acknowledged before may come again, once.
      const again = texts()
        .slice(before.size)
        .filter((text) => before.has(text));
      expect(new Set(again).size).toBe(again.length);
      expect(doubled(texts())).toBe(again.length);
      consumption.close();
      await expect(consumption.ended).resolves.toBe("closed");
    } finally {
      await rm(storeDir, { recursive: true, force: true });
    }
  });

  it("goes on over connections that are reset, and doubles no more than was out", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using one = await connected(server.url);
    await using two = await connected(proxy.url, { reconnectWaitMs: 10 });
    const stream = await queueOf(one);
    const { texts } = await taking(await queueOf(two), acknowledge);
    const appends = appending(stream);
    for (let round = 1; round <= 5; round++) {
      const { length } = texts();
      await expect.poll(() => texts().length, waits).toBeGreaterThan(length + 300);
      proxy.closeAll("reset");
    }
    await appends.stop();
    await expect.poll(async () => okOf(await stream.count()), waits).toBe(0);
    const seen = new Set(texts());
    expect(appends.stored.filter((text) => !seen.has(text))).toEqual([]);
    expect(doubled(texts())).toBeLessThanOrEqual(5 * consuming.unacknowledgedMax);
  });

  it("has what was lost on the way come again at once, with all that is not acknowledged, in order", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using one = await connected(server.url);
    await using two = await connected(proxy.url);
    const stream = await queueOf(one);
    const { got, texts } = await taking(await queueOf(two));
    await appendAll(stream, ["1", "2"]);
    await expect.poll(texts, waits).toEqual(["1", "2"]);
    got[0]?.acknowledge();
    // One in the middle, seen by the gap; then the last one, seen by the server's next heartbeat.
    proxy.drop(isDelivery);
    await appendAll(stream, ["3", "4"]);
    await expect.poll(texts, waits).toEqual(["1", "2", "2", "3", "4"]);
    proxy.drop(isDelivery);
    await appendAll(stream, ["5"]);
    await expect.poll(texts, waits).toEqual(["1", "2", "2", "3", "4", "2", "3", "4", "5"]);
  });

  it("is not taken back by a former owner that was cut off and did not know", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using one = await connected(proxy.url, { livenessMs: 600_000 });
    await using two = await connected(server.url);
    const stream = await queueOf(two);
    const former = await taking(await queueOf(one));
    await appendAll(stream, ["1", "2", "3"]);
    await expect.poll(former.texts, waits).toEqual(["1", "2", "3"]);
    const stall = proxy.stall();
    const owner = await taking(stream);
    former.got[0]?.acknowledge();
    await expect.poll(owner.texts, waits).toEqual(["1", "2", "3"]);
    stall.close();
    await expect(former.consumption.ended).resolves.toBe("taken");
    await appendAll(stream, ["4"]);
    await expect.poll(owner.texts, waits).toEqual(["1", "2", "3", "4"]);
    expect(okOf(await stream.count())).toBe(4);
    expect(former.texts()).toEqual(["1", "2", "3"]);
  });

  it("is not taken back in the moment in which its owner makes its consumer anew", async () => {
    await using server = await testServer({ version });
    await using formerProxy = await natsProxy({ target: server.url });
    await using ownerProxy = await natsProxy({ target: server.url });
    await using one = await connected(formerProxy.url);
    await using two = await connected(ownerProxy.url);
    const formers = await queueOf(one);
    const former = await taking(formers);
    const owned = await queueOf(two);
    const owner = await taking(owned);
    await appendAll(owned, ["1"]);
    await expect.poll(owner.texts, waits).toEqual(["1"]);
    const held = ownerProxy.hold((frame) => frame.direction === "toServer" && creations(frame));
    const looked = formerProxy.hold(isAnswerTo(isJetStreamApi("CONSUMER.NAMES.>")));
    ownerProxy.closeAll("reset");
    await held.matched;
    formerProxy.closeAll("reset");
    await looked.matched;
    looked.release();
    // The answers to these come behind the one that was held: it has had time to make one.
    for (let n = 0; n < 3; n++) okOf(await formers.count());
    held.release();
    await expect(former.consumption.ended).resolves.toBe("taken");
    await appendAll(owned, ["2"]);
    await expect.poll(owner.texts, waits).toEqual(["1", "1", "2"]);
    expect(former.got).toEqual([]);
  });

  it("that an operator has deleted is gone, and not made again behind his back", async () => {
    await using server = await testServer({ version });
    await using one = await connected(server.url);
    const events = eventsOf(one);
    const stream = await queueOf(one);
    const { consumption } = await taking(stream);
    const nc = await connect({ servers: server.url });
    const manager = await nc.jetstreamManager();
    await manager.streams.delete("BOX");
    await expect(consumption.ended).resolves.toBe("gone");
    expect(await stream.append("box.a", bytes("1"))).toMatchObject({ error: { code: "STORE_FAILED" } });
    expect(await manager.streams.names().next()).toEqual([]);
    await nc.close();
    expect(events).toEqual([]);
  });

  it("whose consumer an operator has deleted has it again, with what was not acknowledged", async () => {
    await using server = await testServer({ version });
    await using one = await connected(server.url);
    const stream = await queueOf(one);
    const { got, texts } = await taking(stream);
    await appendAll(stream, ["1", "2"]);
    await expect.poll(texts, waits).toEqual(["1", "2"]);
    got[0]?.acknowledge();
    const nc = await connect({ servers: server.url });
    const { consumers } = await nc.jetstreamManager();
    for (const { name } of await consumers.list("BOX").next()) await consumers.delete("BOX", name);
    await nc.close();
    await appendAll(stream, ["3"]);
    await expect.poll(texts, waits).toEqual(["1", "2", "2", "3"]);
  });

  it("does not come again because its owner was too busy to hear the server", async () => {
    await using server = await testServer({ version });
    await using one = await connected(server.url, { livenessMs: 600_000 });
    const stream = await queueOf(one);
    const { texts } = await taking(stream);
    await appendAll(stream, ["1"]);
    await expect.poll(texts, waits).toEqual(["1"]);
    const until = performance.now() + 4_200;
    while (performance.now() < until);
    // A heartbeat or two later, silence would have been seen.
    await appendAll(stream, ["2"]);
    await expect.poll(texts, waits).toContain("2");
    expect(texts()).toEqual(["1", "2"]);
  });

  it("of which it is not known whether it was taken is taken at the next try", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using one = await connected(proxy.url);
    const stream = await queueOf(one);
    await appendAll(stream, ["1"]);
    proxy.resetAt(isAnswerTo(creations));
    expect(await stream.consume(consuming, () => {})).toMatchObject({
      kind: "unknown",
      error: { code: "CONNECTION_LOST" },
    });
    await expect.poll(() => one.connected, waits).toBe(true);
    const { texts } = await taking(stream);
    await expect.poll(texts, waits).toEqual(["1"]);
  });
});

/** An entry on its way to its consumer. */
const isDelivery: FramePredicate = isTo("box.>", "toClient");

describe("a queue with three replicas", () => {
  it("goes on when the leader is killed, and loses nothing", { timeout: 120_000 }, async () => {
    await using cluster = await testCluster("2.10.27");
    await using one = await connected(cluster.urls, { replicas: 3 });
    await using two = await connected(cluster.urls, { replicas: 3 });
    const stream = await queueOf(one);
    const former = await taking(stream);
    await appendAll(stream, ["first"]);
    await expect.poll(former.texts, waits).toEqual(["first"]);
    const { texts, consumption } = await taking(await queueOf(two), acknowledge);
    await expect(former.consumption.ended).resolves.toBe("taken");
    const appends = appending(stream);
    await expect.poll(() => texts().length, waits).toBeGreaterThan(500);
    const nc = await connect({ servers: [...cluster.urls] });
    const info = await (await nc.jetstreamManager()).streams.info("BOX");
    await nc.close();
    const named = new RegExp(`Name: +${info.cluster?.leader}$`);
    const leader = cluster.servers.find(({ log }) => log.some((line) => named.test(line)));
    expect(leader).toBeDefined();
    process.kill(leader?.pid ?? 0, "SIGKILL");
    const before = appends.stored.length;
    await expect
      .poll(() => appends.stored.length, { ...waits, timeout: 60_000 })
      .toBeGreaterThan(before + 500);
    await appends.stop();
    const seen = (): Set<string> => new Set(texts());
    await expect
      .poll(() => appends.stored.filter((text) => !seen().has(text)), { ...waits, timeout: 60_000 })
      .toEqual([]);
    await expect.poll(async () => okOf(await stream.count()), waits).toBe(0);
    consumption.close();
    await expect(consumption.ended).resolves.toBe("closed");
  });

  it("is taken, and a bucket read and watched, though nobody answers for the consumers that are made first: they are made anew", {
    timeout: 60_000,
  }, async () => {
    await using cluster = await testCluster("2.10.27");
    await using proxy = await natsProxy({ target: cluster.urls[0] as string });
    // What waits for an answer that does not come waits for ever.
    await using one = await connected(proxy.url, { replicas: 3, storeTimeoutMs: 600_000 });
    const stream = await queueOf(one);
    await appendAll(stream, ["first"]);
    const bucket = okOf(await one.store.bucket("keys"));
    okOf(await bucket.put("key", bytes("value")));
    const deaf = [creations, isJetStreamApi("CONSUMER.DELETE.>")].map((request) =>
      proxy.drop(isAnswerTo(request), { times: 2 }),
    );
    const { texts } = await taking(stream);
    // Each of them may have delivered it before it was given up.
    await expect.poll(() => [...new Set(texts())], waits).toEqual(["first"]);
    expect(deaf.map(({ count }) => count)).toEqual([2, 2]);
    const reading = proxy.drop(isAnswerTo(isJetStreamApi("CONSUMER.CREATE.KV_keys")), { times: 3 });
    expect(okOf(await bucket.entries()).map(({ key }) => key)).toEqual(["key"]);
    expect(reading.count).toBe(3);
    const watching = proxy.drop(isAnswerTo(isJetStreamApi("CONSUMER.CREATE.KV_keys")), { times: 3 });
    const seen: string[] = [];
    const watch = okOf(await bucket.watch(({ key, value }) => seen.push(`${key} ${String(value)}`)));
    okOf(await bucket.put("other", bytes("1")));
    await expect.poll(() => seen.length, waits).toBe(2);
    expect(watching.count).toBe(3);
    watch.close();
  });
});
