import { describe, expect, it, test } from "vitest";
import { isAnswerTo, isJetStreamApi, isPubAck, natsProxy } from "../../../src/testing/proxy/index.ts";
import { positionOf } from "../../../src/transport/entry-position.ts";
import { readStored } from "../../../src/transport/jetstream-answer.ts";
import { connectNats, type NatsOptions, type NatsTransport } from "../../../src/transport/nats.ts";
import { NatsRequests } from "../../../src/transport/nats-requests.ts";
import type { Outcome } from "../../../src/transport/transport.ts";
import { testServer } from "../../support/nats-server.ts";
import { type SimulatedEnv, simulatedEnv } from "../../support/simulated-env.ts";
import { bytes, eventsOf, okOf, textOf } from "./support.ts";

const waits = { timeout: 15_000, interval: 10 };
const form = { subjects: ["work.>"], messagesMax: 10_000, bytesMax: 100_000_000 };
const lost = { kind: "unknown", error: { code: "CONNECTION_LOST" } };
const denied = { kind: "rejected", error: { code: "PERMISSION_DENIED" } };
const tooLarge = { kind: "rejected", error: { code: "PAYLOAD_TOO_LARGE" } };

async function connected(
  servers: string,
  options: NatsOptions = {},
): Promise<NatsTransport & AsyncDisposable> {
  const transport = await connectNats({ servers, reconnectWaitMs: 20, ...options });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

describe("what is asked of the store", () => {
  it("gets its own answer each, in whatever order they come", async () => {
    await using server = await testServer();
    await using proxy = await natsProxy({ target: server.url });
    await using transport = await connected(proxy.url);
    const stream = okOf(await transport.store.stream("WORK", form));
    const held = proxy.hold(isPubAck({ subject: "work.held" }), { times: 2 });
    const slow = [stream.append("work.held", bytes("1")), stream.append("work.held", bytes("2"))];
    const quick = await Promise.all([1, 2, 3].map((n) => stream.append(`work.${n}`, bytes("x"))));
    expect(quick.map(okOf)).toEqual([3, 4, 5]);
    expect(okOf(await stream.count())).toBe(5);
    held.release();
    expect((await Promise.all(slow)).map(okOf)).toEqual([1, 2]);
  });

  it("is unknown after its timeout, and an answer that comes late goes to nobody", async () => {
    await using server = await testServer();
    await using proxy = await natsProxy({ target: server.url });
    await using transport = await connected(proxy.url, { storeTimeoutMs: 300 });
    const stream = okOf(await transport.store.stream("WORK", form));
    const late = {
      kind: "unknown",
      error: { code: "STORE_FAILED", message: expect.stringContaining("300 ms") },
    };
    const held = proxy.hold(isPubAck({ subject: "work.held" }), { times: 2 });
    const asked = [stream.append("work.held", bytes("1")), stream.append("work.held", bytes("2"))];
    expect(await Promise.all(asked)).toMatchObject([late, late]);
    held.release();
    expect(okOf(await stream.append("work.quick", bytes("x")))).toBe(3);
  });

  it("is unknown as soon as the connection is lost, all of it, and goes on with the next", async () => {
    await using server = await testServer();
    await using proxy = await natsProxy({ target: server.url });
    await using transport = await connected(proxy.url, { storeTimeoutMs: 600_000 });
    const stream = okOf(await transport.store.stream("WORK", form));
    const bucket = okOf(await transport.store.bucket("records"));
    proxy.drop(isPubAck(), { times: Number.POSITIVE_INFINITY });
    const dropped = proxy.drop(isAnswerTo(isJetStreamApi("STREAM.MSG.GET.>")));
    const asked = [
      ...Array.from({ length: 300 }, () => stream.append("work.a", bytes("x"))),
      bucket.update("a", bytes("1"), 0),
      bucket.get("a"),
    ];
    await dropped.matched;
    proxy.closeAll("reset");
    for (const outcome of await Promise.all(asked)) expect(outcome).toMatchObject(lost);
    await expect.poll(() => transport.connected, waits).toBe(true);
    expect(okOf(await bucket.get("a"))).toMatchObject({ value: bytes("1") });
    expect(okOf(await stream.count())).toBe(300);
  });

  it("is refused alone where a subject is forbidden, and altogether where the answers are", async () => {
    const users = [
      {
        user: "bow",
        password: "a",
        permissions: { publish: { deny: ["work.secret", "$JS.API.STREAM.MSG.>"] } },
      },
      { user: "stern", password: "b", permissions: { subscribe: ["mine.>"] } },
    ];
    await using server = await testServer({ config: { authorization: { users } } });
    await using one = await connected(server.url, { user: "bow", pass: "a" });
    const events = eventsOf(one);
    const stream = okOf(await one.store.stream("WORK", form));
    const outcomes = await Promise.all(
      ["work.a", "work.secret", "work.b"].map((subject) => stream.append(subject, bytes("x"))),
    );
    expect(outcomes).toMatchObject([{ kind: "ok" }, denied, { kind: "ok" }]);
    const bucket = okOf(await one.store.bucket("records"));
    expect(await bucket.get("a")).toMatchObject(denied);
    expect(await bucket.update("a", bytes("1"), 0)).toMatchObject({ kind: "ok" });
    await expect.poll(() => events.length, waits).toBe(2);
    for (const event of events) expect(event).toMatchObject({ error: { code: "PERMISSION_DENIED" } });

    await using two = await connected(server.url, { user: "stern", pass: "b" });
    // Also the next time: the subscription is tried again.
    for (let n = 0; n < 2; n++) expect(await two.store.bucket("records")).toMatchObject(denied);
    await using three = await connected(server.url, { user: "stern", pass: "b", inboxPrefix: "mine" });
    expect(await three.store.bucket("records")).toMatchObject({ kind: "ok" });
  });

  it("takes payloads of any size up to the limit, header fields included, and copies them", async () => {
    await using server = await testServer({ payloadMaxBytes: 50_000 });
    await using transport = await connected(server.url);
    const events = eventsOf(transport);
    const stream = okOf(await transport.store.stream("WORK", form));
    const sizes = [0, 1, 8_191, 8_192, 8_193, 20_000, 50_000];
    const written = sizes.map((size, n) => {
      const payload = new Uint8Array(size).fill(n + 1);
      const appended = stream.append(`work.${n}`, payload);
      payload.fill(0);
      return appended;
    });
    expect((await Promise.all(written)).map(okOf)).toEqual(sizes.map((_, n) => n + 1));
    expect(await stream.append("work.a", new Uint8Array(50_001))).toMatchObject(tooLarge);
    const read = okOf(await stream.read());
    expect(read.map(({ payload }) => payload)).toEqual(
      sizes.map((size, n) => new Uint8Array(size).fill(n + 1)),
    );
    const bucket = okOf(await transport.store.bucket("records"));
    let revision = 0;
    for (const size of [10, 8_193, 49_900]) {
      revision = okOf(await bucket.update("a", new Uint8Array(size).fill(1), revision));
      expect(okOf(await bucket.get("a"))).toMatchObject({ revision, value: new Uint8Array(size).fill(1) });
    }
    // The server would close the connection.
    expect(await bucket.update("a", new Uint8Array(49_990), revision)).toMatchObject(tooLarge);
    expect(okOf(await bucket.update("a", bytes("1"), revision))).toBe(revision + 1);
    expect(events).toEqual([]);
  });

  it("may have other letters than ASCII in its subject", async () => {
    await using server = await testServer();
    await using transport = await connected(server.url);
    const stream = okOf(await transport.store.stream("WORK", form));
    okOf(await stream.append("work.straße", bytes("1")));
    expect(okOf(await stream.read({ subject: "work.straße" })).map(textOf)).toEqual(["1"]);
  });

  it("is refused while the transport is being drained, or closed", async () => {
    await using server = await testServer();
    await using proxy = await natsProxy({ target: server.url });
    const transport = await connected(proxy.url);
    const stream = okOf(await transport.store.stream("WORK", form));
    transport.subscribe("slow", () => {});
    await transport.flush();
    const drained = transport.drain();
    const outcomes = [stream.append("work.a", bytes("x"))];
    await drained;
    outcomes.push(stream.append("work.a", bytes("x")));
    const [during, after] = await Promise.all(outcomes);
    expect(during?.kind).not.toBe("ok");
    expect(after).toMatchObject({ kind: "rejected", error: { code: "TRANSPORT_CLOSED" } });
  });
});

describe("requests on one link", () => {
  /** A client that keeps what is asked of it, and lets a test answer. */
  function asking(): {
    env: SimulatedEnv;
    requests: NatsRequests;
    ask: (subject: string) => Promise<Outcome<string>>;
    answer: (count: number, text: string) => void;
  } {
    const env = simulatedEnv();
    const asked: string[] = [];
    let hear: (error: null, msg: object) => void = () => {};
    const nc = {
      subscribe: (_: string, { callback }: { callback: typeof hear }) => {
        hear = callback;
      },
    };
    const writer = {
      request: (_subject: string, _payload: unknown, reply: string) => void asked.push(reply),
    };
    const options = { env, storeTimeoutMs: 100, inboxPrefix: undefined };
    const requests = new NatsRequests(() => nc as never, writer as never, options);
    const read = (msg: { data: Uint8Array }): Outcome<string> => ({
      kind: "ok",
      value: textOf({ payload: msg.data }),
    });
    return {
      env,
      requests,
      ask: (subject) => requests.request({ subject, payload: bytes(""), read }),
      answer: (count, text) => hear(null, { subject: asked[count], data: bytes(text) }),
    };
  }

  /** What has settled, in order. */
  function settling(asks: readonly Promise<Outcome<string>>[]): string[] {
    const settled: string[] = [];
    asks.forEach((each, n) => {
      void each.then((outcome) => {
        settled.push(`${n} ${outcome.kind === "ok" ? outcome.value : outcome.error.code}`);
      });
    });
    return settled;
  }

  test("are unknown each at its own time, and leave no timer behind", async () => {
    const { env, ask, answer } = asking();
    const asks = [ask("a"), ask("b")];
    env.advance(40);
    asks.push(ask("c"));
    const settled = settling(asks);
    answer(1, "yes");
    env.advance(59);
    await Promise.resolve();
    expect(settled).toEqual(["1 yes"]);
    env.advance(1);
    await Promise.resolve();
    expect(settled).toEqual(["1 yes", "0 STORE_FAILED"]);
    answer(0, "too late");
    env.advance(39);
    await Promise.resolve();
    expect(settled).toHaveLength(2);
    env.advance(1);
    await Promise.resolve();
    expect(settled).toEqual(["1 yes", "0 STORE_FAILED", "2 STORE_FAILED"]);
    expect(env.pendingTimers).toBe(0);
  });

  test("are refused where their subject is forbidden, and only there", async () => {
    const { requests, ask, answer } = asking();
    const asks = [ask("a"), ask("secret"), ask("b")];
    const settled = settling(asks);
    requests.forbidden("subscription", "secret", undefined);
    requests.forbidden("publish", "other", undefined);
    requests.forbidden("publish", "secret", undefined);
    answer(0, "yes");
    await Promise.resolve();
    expect(settled).toEqual(["1 PERMISSION_DENIED", "0 yes"]);
    requests.lost("it broke");
    await Promise.resolve();
    expect(settled.at(-1)).toBe("2 CONNECTION_LOST");
  });
});

describe("an answer to what was published into a stream", () => {
  const read = (answer: string): unknown => {
    const data = bytes(answer);
    return readStored("WORK", { data, json: () => JSON.parse(answer) } as never);
  };

  test.each([
    ['{"stream":"WORK", "seq":7}', 7],
    ['{"stream":"WORK", "seq":9007199254740991}', 9_007_199_254_740_991],
    ['{"stream":"WORK","seq":8}', 8],
    ['{"stream":"WORK", "domain":"hub", "seq":9}', 9],
    ['{"stream":"WORK", "seq":10,"duplicate": true}', 10],
    ['{ "seq": 11, "stream": "WORK" }', 11],
  ])("%s is its sequence number", (answer, sequence) => {
    expect(read(answer)).toEqual({ kind: "ok", value: sequence });
  });

  test.each([
    ['{"stream":"WORK2", "seq":7}', { kind: "rejected", error: { code: "STORE_FAILED" } }],
    ['{"stream":"WOR", "seq":7}', { kind: "rejected", error: { code: "STORE_FAILED" } }],
    ['{"stream":"WORK", "seq":7', { kind: "unknown", error: { code: "STORE_FAILED" } }],
    ["", { kind: "unknown", error: { code: "STORE_FAILED" } }],
    [
      '{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"WORK","seq":0}',
      { kind: "rejected", error: { code: "STORE_FULL", details: { jetStreamCode: 10_077 } } },
    ],
    [
      '{"error":{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"}}',
      { kind: "rejected", error: { code: "MAILBOX_FULL" } },
    ],
    [
      '{"error":{"code":503,"err_code":10077,"description":"disk on fire"}}',
      { kind: "rejected", error: { code: "STORE_FAILED" } },
    ],
    [
      '{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}',
      { kind: "rejected", error: { code: "STORE_FULL" } },
    ],
  ])("%s is %o", (answer, expected) => {
    expect(read(answer)).toMatchObject(expected);
  });
});

test("where an entry stands is read from its reply subject, with a domain or without", () => {
  const position = { sequence: 12, delivered: 345, storedAtMs: 1_795_287_446_767 };
  for (const reply of [
    "$JS.ACK.WORK.crew.1.12.345.1795287446767999999.4",
    "$JS.ACK.hub.ACCOUNT.WORK.crew.1.12.345.1795287446767999999.4",
    "$JS.ACK._.ACCOUNT.WORK.crew.1.12.345.1795287446767999999.4.random",
  ]) {
    expect(positionOf(reply)).toEqual(position);
  }
  expect(positionOf("")).toMatchObject({ delivered: 0 });
});
