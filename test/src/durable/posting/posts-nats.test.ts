import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ActorAddress, boxPattern, limitsDefault } from "../../../../protocols/index.ts";
import type { PostingHost } from "../../../../src/durable/posting/host.ts";
import { OutboxPublisher } from "../../../../src/durable/posting/outbox-publisher.ts";
import { Posts } from "../../../../src/durable/posting/posts.ts";
import { realEnv } from "../../../../src/env/env.ts";
import { isPubAck, isTo, natsProxy } from "../../../../src/testing/proxy/index.ts";
import { connectNats, type NatsOptions, type NatsTransport } from "../../../../src/transport/nats.ts";
import type { Outcome, Stream, StreamOptions } from "../../../../src/transport/transport.ts";
import { eachServerVersion, testServer } from "../../../support/nats-server.ts";
import { okOf } from "../../transport/support.ts";
import { readByHighWater } from "./faulty-stream.ts";
import { message } from "./support.ts";

const waits = { timeout: 30_000, interval: 10 };
const receivers = Array.from({ length: 10 }, (_, n) => `account.n${n}`);

async function connected(
  servers: string,
  options: NatsOptions = {},
): Promise<NatsTransport & AsyncDisposable> {
  const transport = await connectNats({ servers, reconnectWaitMs: 50, ...options });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

async function boxOn(transport: NatsTransport, limits: Partial<StreamOptions> = {}): Promise<Stream> {
  const subjects = [boxPattern("t", "*")];
  const options = { kind: "queue", subjects, messagesMax: 100_000, bytesMax: 1e9, ...limits } as const;
  return okOf(await transport.store.stream("cx_t_box", options));
}

function hostOn(stream: Stream): PostingHost {
  return {
    env: realEnv,
    system: "t",
    zone: "main",
    stream,
    limits: limitsDefault,
    shardOf: () => "main_0",
    report: () => {},
  };
}

interface Sender {
  readonly posts: Posts;
  readonly ends: Outcome<number>[];
  /** Posts to each receiver in turn; gives what each is to apply. */
  send(count: number): void;
  readonly sent: Record<string, string[]>;
}

function senderOn(stream: Stream, name: string): Sender {
  const posts = new Posts(hostOn(stream), name);
  const ends: Outcome<number>[] = [];
  const sent: Record<string, string[]> = {};
  let n = 0;
  const send = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const to = receivers[n % receivers.length] as string;
      const type = `${name}-${n++}`;
      sent[to] = [...(sent[to] ?? []), type];
      expect(posts.post(message(to, type), undefined, (outcome) => void ends.push(outcome))).toBeUndefined();
    }
  };
  return { posts, ends, send, sent };
}

/** What the receivers have applied of one sender's messages. */
async function applied(stream: Stream, name: string): Promise<Record<string, string[]>> {
  const entries = okOf(await stream.read({ subject: boxPattern("t", "*") }));
  const reading = readByHighWater(entries);
  expect(reading.stale).toEqual([]);
  return Object.fromEntries(
    Object.entries(reading.applied).map(([to, types]) => [
      to,
      types.filter((type) => type.startsWith(`${name}-`)),
    ]),
  );
}

describe.each(eachServerVersion)("on a server %s", (version) => {
  test("what two nodes post at once is stored in the order of each, many messages an entry", async () => {
    await using server = await testServer({ version });
    await using one = await connected(server.url);
    await using two = await connected(server.url);
    const stream = await boxOn(one);
    const senders = [senderOn(stream, "one"), senderOn(await boxOn(two), "two")] as const;
    for (let round = 0; round < 10; round++) {
      for (const sender of senders) sender.send(400);
      await new Promise(setImmediate);
    }
    for (const { posts } of senders) expect(await posts.flush(30_000)).toBe(0);
    expect(await applied(stream, "one")).toEqual(senders[0].sent);
    expect(await applied(stream, "two")).toEqual(senders[1].sent);
    expect(okOf(await stream.count())).toBeLessThan(8_000 / 4);
  });

  test("acknowledgements and requests that are lost, and connections that break, lose, double and reorder nothing", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using transport = await connected(proxy.url, { storeTimeoutMs: 300 });
    await using straight = await connected(server.url);
    const box = isTo(boxPattern("t", "*"), "toServer");
    let seen = 0;
    // Every 5th frame, so that each way of losing is met by some line.
    const each =
      (of: typeof box, rest: number): typeof box =>
      (frame) =>
        of(frame) && ++seen % 5 === rest;
    const sender = senderOn(await boxOn(transport), "one");
    const rules = [
      proxy.drop(each(isPubAck({ stream: "cx_t_box" }), 0), { times: 12 }),
      proxy.drop(each(box, 1), { times: 12 }),
      proxy.duplicate(each(box, 2), { times: 12 }),
      proxy.resetAt(each(box, 3), { times: 3 }),
      proxy.resetAt(each(isPubAck({ stream: "cx_t_box" }), 4), { times: 3 }),
    ];
    let round = 0;
    await expect
      .poll(
        async () => {
          if (round++ < 400) sender.send(20);
          return rules.every((rule) => rule.count >= 3);
        },
        { timeout: 60_000, interval: 20 },
      )
      .toBe(true);
    for (const rule of rules) rule.close();
    expect(await sender.posts.flush(60_000)).toBe(0);
    expect(sender.ends.every(({ kind }) => kind === "ok")).toBe(true);
    expect(await applied(await boxOn(straight), "one")).toEqual(sender.sent);
  }, 150_000);

  test("what is posted while the server is killed and started again waits, and is stored in its order", async () => {
    const path = await mkdtemp(join(tmpdir(), "coxswain-posts-"));
    await using _ = { [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
    const first = await testServer({ version, storeDir: path });
    await using transport = await connected(first.url);
    const sender = senderOn(await boxOn(transport), "one");
    const outbox: number[] = [];
    const publisher = new OutboxPublisher(
      hostOn(await boxOn(transport)),
      "bank.clerk" as ActorAddress,
      (positions) => {
        outbox.push(...positions);
      },
    );
    const commit = (position: number): void =>
      publisher.publish([
        {
          to: "account.n0",
          position,
          incarnation: 1,
          seq: position,
          message: message("account.n0", `clerk-${position}`),
        },
      ]);
    sender.send(1_000);
    commit(1);
    process.kill(first.pid, "SIGKILL");
    await first.exited;
    await expect.poll(() => transport.connected, waits).toBe(false);
    sender.send(1_000);
    commit(2);
    commit(3);
    await using _second = await testServer({ version, storeDir: path, port: first.port });
    expect(await sender.posts.flush(30_000)).toBe(0);
    await expect.poll(() => outbox, waits).toEqual([1, 2, 3]);
    const stream = await boxOn(transport);
    expect(await applied(stream, "one")).toEqual(sender.sent);
    expect((await applied(stream, "clerk"))["account.n0"]).toEqual(["clerk-1", "clerk-2", "clerk-3"]);
  }, 60_000);

  test("what a full inbox refuses is told to its sender, and leaves no gap before what is taken later", async () => {
    await using server = await testServer({ version });
    await using transport = await connected(server.url);
    const stream = await boxOn(transport, { subjectMessagesMax: 2 });
    const posts = new Posts(hostOn(stream), "one");
    const end = async (type: string): Promise<string> => {
      const outcome = await new Promise<Outcome<number>>((settled) => {
        posts.post(message("account.a", type), undefined, settled);
      });
      return outcome.kind === "ok" ? "ok" : outcome.error.code;
    };
    expect([await end("m1"), await end("m2"), await end("m3"), await end("m4")]).toEqual([
      "ok",
      "ok",
      "MAILBOX_FULL",
      "MAILBOX_FULL",
    ]);
    const [before] = okOf(await stream.read());
    okOf(await stream.delete(1));
    expect(await end("m5")).toBe("ok");
    const entries = [before as NonNullable<typeof before>, ...okOf(await stream.read())];
    expect(readByHighWater(entries).applied).toEqual({ "account.a": ["m1", "m2", "m5"] });
  });
});
