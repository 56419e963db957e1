import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type ActorAddress,
  actorAddress,
  boxPattern,
  decodeBoxEntry,
  decodeEnvelope,
  defineProtocol,
  type Envelope,
  parseBox,
  question,
} from "../../../../protocols/index.ts";
import { answer } from "../../../../src/answers.ts";
import { DeadLetters, deadLetterStream } from "../../../../src/dead-letters.ts";
import { openGateway } from "../../../../src/durable/posting/gateway.ts";
import { Posts } from "../../../../src/durable/posting/posts.ts";
import { realEnv } from "../../../../src/env/env.ts";
import { Node, type Report } from "../../../../src/node.ts";
import { ActorRef } from "../../../../src/ref.ts";
import { createMemoryHub, type MemoryHub } from "../../../../src/transport/memory.ts";
import type { Stream, Transport } from "../../../../src/transport/transport.ts";
import { okOf } from "../../transport/support.ts";
import { FaultyStream } from "./faulty-stream.ts";

const bank = defineProtocol({
  name: "bank",
  accepts: { add: z.object({ by: z.number() }), read: question(z.object({}), z.object({ sum: z.number() })) },
});
const waits = { timeout: 5_000, interval: 5 };
const alice = actorAddress("account.alice");

interface Member {
  readonly node: Node;
  readonly posts: Posts;
  readonly reports: Report[];
  ref(address: string): ActorRef<typeof bank>;
}

const inboxSize = 3;

async function inboxesOn(transport: Transport): Promise<Stream> {
  return okOf(
    await transport.store.stream("cx_t_box", {
      kind: "queue",
      subjects: [boxPattern("t", "*")],
      messagesMax: 1_000,
      bytesMax: 1_000_000,
      subjectMessagesMax: inboxSize,
    }),
  );
}

/** A node to which all below `account` is durable. */
async function member(hub: MemoryHub, name: string, instead?: Stream): Promise<Member> {
  const reports: Report[] = [];
  const transport = hub.connect();
  const node = new Node({
    system: "t",
    name,
    zone: "main",
    incarnation: `of-${name}`,
    env: realEnv,
    transport,
    facts: { changed: false },
    telemetry: undefined,
    catalogue: new Map(),
    onReport: (report) => void reports.push(report),
  });
  const letters = deadLetterStream("t");
  node.deadLetters = new DeadLetters(node, okOf(await transport.store.stream(letters.name, letters.options)));
  const stream = instead ?? (await inboxesOn(transport));
  const shardOf = (to: string): string | undefined => (to.startsWith("account.") ? "main_0" : undefined);
  const { env, system, zone, limits } = node;
  const report = (one: Report): void => node.report(one);
  const posts = new Posts({ env, system, zone, stream, limits, shardOf, report }, node.incarnation);
  node.durable = {
    isDurable: (to) => shardOf(to) !== undefined,
    post: (...given) => posts.post(...given),
  };
  node.open();
  return { node, posts, reports, ref: (address) => new ActorRef(node, bank, actorAddress(address)) };
}

interface Received {
  readonly zone: string;
  readonly to: ActorAddress;
  readonly envelope: Envelope;
  readonly reply: string | undefined;
  readonly json: boolean;
}

/** All that lies in the inboxes, oldest first. */
async function inInboxes(stream: Stream): Promise<Received[]> {
  const entries = okOf(await stream.read({ subject: boxPattern("t", "*") }));
  return entries.flatMap(({ subject, payload }) => {
    const { zone, to } = parseBox("t", subject) as NonNullable<ReturnType<typeof parseBox>>;
    return decodeBoxEntry(payload).messages.map(({ frame, reply }) => {
      return { zone, to, envelope: decodeEnvelope(frame), reply, json: frame[0] === 0x7b };
    });
  });
}

const said = ({ envelope }: Received): string =>
  `${envelope.type} ${JSON.stringify((envelope.body as { by?: number }).by ?? "")}`;

describe("what is sent to a durable actor", () => {
  test("lies in its inbox in call order, and a question's reply comes back", async () => {
    const hub = createMemoryHub();
    const { node, ref, posts } = await member(hub, "a");
    const stream = await inboxesOn(node.transport);
    ref("account.alice").tell({ type: "add", by: 1 });
    const asked = ref("account.alice").ask({ type: "read" });
    ref("account.alice").tell({ type: "add", by: 2 });
    ref("elsewhere").tell({ type: "add", by: 3 });
    await expect.poll(() => posts.waiting, waits).toBe(0);
    const received = await inInboxes(stream);
    expect(received.map(said)).toEqual(["add 1", 'read ""', "add 2"]);
    expect(received.every(({ to, zone, json }) => to === alice && zone === "main" && !json)).toBe(true);
    const { envelope, reply } = received[1] as Received;
    const incoming = { envelope, event: envelope, reply, zone: "main", json: false, enteredMs: 0, rank: 0 };
    answer(node, alice, incoming, { ok: true, value: { sum: 3 } });
    expect(await asked).toEqual({ sum: 3 });
    await expect.poll(() => node.counts, waits).toMatchObject({ sent: 4, dead: 1 });
    expect((await node.deadLetters.list()).map(({ to, code }) => [to, code])).toEqual([
      ["elsewhere", "UNREACHABLE"],
    ]);
  });

  test("is refused where its inbox is full: a tell becomes a dead letter, a question and a delivery end at once", async () => {
    const { node, ref } = await member(createMemoryHub(), "a");
    for (let n = 0; n < inboxSize; n++) await ref("account.alice").deliver({ type: "add", by: n });
    const full = { code: "MAILBOX_FULL" };
    await expect(ref("account.alice").deliver({ type: "add", by: 7 })).rejects.toMatchObject(full);
    await expect(ref("account.alice").ask({ type: "read" }, { withinMs: 600_000 })).rejects.toMatchObject(
      full,
    );
    const id = ref("account.alice").tell({ type: "add", by: 8 });
    await expect.poll(() => node.deadLetters.count(), waits).toBe(1);
    expect((await node.deadLetters.list())[0]).toMatchObject({
      to: alice,
      code: "MAILBOX_FULL",
      chain: { id },
    });
    expect(node.counts).toMatchObject({ sent: 6, refused: 2, dead: 1 });
    expect(node.asks.waiting).toBe(0);
  });

  test("is refused at the call where it cannot be taken", async () => {
    const { node, ref, posts } = await member(createMemoryHub({ payloadMaxBytes: 4_096 }), "a");
    const large = { type: "add", by: 1, note: "x".repeat(5_000) } as never;
    expect(() => ref("account.alice").tell(large)).toThrow(
      expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
    );
    posts.close();
    const closed = { code: "SYSTEM_CLOSED" };
    expect(() => ref("account.alice").tell({ type: "add", by: 1 })).toThrow(expect.objectContaining(closed));
    await expect(ref("account.alice").ask({ type: "read" })).rejects.toMatchObject(closed);
    await expect(ref("account.alice").deliver({ type: "add", by: 1 })).rejects.toMatchObject(closed);
    expect(node.counts.sent).toBe(0);
    expect(node.asks.waiting).toBe(0);
  });

  test("and may have arrived is said to be so: a delivery rejects, a tell is kept as a dead letter, a question waits", async () => {
    const silent = new FaultyStream(Array.from({ length: 100 }, () => "lostAnswer" as const));
    const { node, ref, posts } = await member(createMemoryHub(), "a", silent);
    const delivered = ref("account.alice").deliver({ type: "add", by: 1 });
    ref("account.bob").tell({ type: "add", by: 2 });
    const asked = ref("account.carol").ask({ type: "read" }, { withinMs: 600_000 });
    asked.catch(() => {});
    posts.close();
    await expect(delivered).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      message: expect.stringContaining("To deliver it again is to deliver another message"),
    });
    await expect.poll(() => node.deadLetters.count(), waits).toBe(1);
    expect((await node.deadLetters.list())[0]).toMatchObject({ to: "account.bob", code: "CONNECTION_LOST" });
    expect(node.asks.waiting).toBe(1);
    node.close();
    await expect(asked).rejects.toMatchObject({ code: "SYSTEM_CLOSED" });
  });

  test("is still awaited when the connection breaks or a node is lost, where a volatile actor's answer is not", async () => {
    const hub = createMemoryHub();
    const { node, ref } = await member(hub, "a");
    node.transport.subscribe("cx.t.in.*.shop", () => {});
    const durable = ref("account.alice").ask({ type: "read" }, { withinMs: 600_000 });
    durable.catch(() => {});
    const volatile = ref("shop").ask({ type: "read" });
    node.asks.connectionLost("test");
    await expect(volatile).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    node.asks.nodeDown("b", ["account"]);
    expect(node.asks.waiting).toBe(1);
    node.close();
  });

  test("again from the dead letters goes into its inbox, and stays a letter where that is full", async () => {
    const { node, ref } = await member(createMemoryHub(), "a");
    const stream = await inboxesOn(node.transport);
    for (let n = 0; n < inboxSize; n++) await ref("account.alice").deliver({ type: "add", by: n });
    ref("account.alice").tell({ type: "add", by: 9 });
    await expect.poll(() => node.deadLetters.count(), waits).toBe(1);
    const [letter] = await node.deadLetters.list();
    const sequence = letter?.sequence as number;
    await expect(node.deadLetters.replay(sequence)).rejects.toMatchObject({ code: "MAILBOX_FULL" });
    expect(await node.deadLetters.count()).toBe(1);
    okOf(await stream.delete(1));
    await node.deadLetters.replay(sequence);
    expect(await node.deadLetters.count()).toBe(0);
    expect((await inInboxes(stream)).map(said)).toEqual(["add 1", "add 2", "add 9"]);
  });
});

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe("a client that knows nothing of durable types", () => {
  async function served(): Promise<{
    hub: MemoryHub;
    nodes: Member[];
    foreign: Transport;
    stream: Stream;
    answers: unknown[];
  }> {
    const hub = createMemoryHub();
    const nodes = [await member(hub, "a"), await member(hub, "b")];
    for (const { node } of nodes) openGateway(node, node.durable as NonNullable<Node["durable"]>, "account");
    const foreign = hub.connect();
    const answers: unknown[] = [];
    foreign.subscribe("answers.>", ({ payload, unreachable }) => {
      answers.push(unreachable ?? JSON.parse(new TextDecoder().decode(payload as Uint8Array)));
    });
    return { hub, nodes, foreign, stream: await inboxesOn(foreign), answers };
  }

  test("tells and asks in JSON on the ordinary inbox subject: one node puts it into the inbox, in the client's zone, as JSON", async () => {
    const { foreign, stream } = await served();
    foreign.publish("cx.t.in.yard.account.alice", json({ type: "add", body: { by: 1 } }));
    foreign.publish("cx.t.in.yard.account.bob", json({ type: "read" }), "answers.1");
    await expect.poll(async () => (await inInboxes(stream)).length, waits).toBe(2);
    const received = await inInboxes(stream);
    const of = (to: string): Received | undefined => received.find((one) => one.to === to);
    expect(of("account.alice")).toMatchObject({
      zone: "yard",
      json: true,
      envelope: { type: "add", body: { by: 1 } },
    });
    expect(of("account.alice")?.reply).toBeUndefined();
    expect(of("account.bob")).toMatchObject({
      zone: "yard",
      json: true,
      reply: "answers.1",
    });
    expect(of("account.bob")?.envelope.id).toMatch(/^of-[ab]-/);
  });

  test("is refused what the boundary refuses, before anything is stored", async () => {
    const { foreign, stream, answers } = await served();
    const bad: [subject: string, payload: Uint8Array, code: string][] = [
      ["account.alice", new TextEncoder().encode('{"type":'), "FRAME_MALFORMED"],
      ["account.alice", json({ type: "add", to: "account.bob", body: {} }), "FRAME_MALFORMED"],
      ["account.alice", json({ type: "xstate.stop" }), "TYPE_RESERVED"],
      ["account.alice", json({ type: "add", deadlineMs: 5 }), "DEADLINE_EXCEEDED"],
      ["account.a.b.c.d.e.f.g.h", json({ type: "add" }), "ADDRESS_UNKNOWN"],
    ];
    for (const [to, payload] of bad) foreign.publish(`cx.t.in.main.${to}`, payload, "answers.1");
    await expect.poll(() => answers.length, waits).toBe(bad.length);
    const codes = answers.map((each) => (each as { body: { code: string } }).body.code);
    expect(codes.sort()).toEqual(bad.map(([, , code]) => code).sort());
    expect(await inInboxes(stream)).toEqual([]);
  });

  test("is told in JSON that an inbox is full; what it told becomes a dead letter; nobody lives at the type itself", async () => {
    const { foreign, stream, answers, nodes } = await served();
    for (let n = 0; n < inboxSize; n++) {
      foreign.publish("cx.t.in.main.account.alice", json({ type: "add", body: { by: n } }));
      await expect.poll(async () => okOf(await stream.count()), waits).toBe(n + 1);
    }
    foreign.publish("cx.t.in.main.account.alice", json({ type: "read" }), "answers.1");
    await expect.poll(() => answers.length, waits).toBe(1);
    expect(answers[0]).toMatchObject({ kind: "refusal", body: { code: "MAILBOX_FULL" } });
    foreign.publish("cx.t.in.main.account.alice", json({ type: "add", body: { by: 9 } }));
    const [first] = nodes as [Member];
    await expect.poll(() => first.node.deadLetters.count(), waits).toBe(1);
    foreign.publish("cx.t.in.main.account", json({ type: "read" }), "answers.2");
    await expect.poll(() => answers.length, waits).toBe(2);
    expect(answers[1]).toBe(true);
    const counted = nodes.map(({ node }) => node.counts);
    expect(counted.reduce((sum, { refused }) => sum + refused, 0)).toBe(1);
    expect(counted.reduce((sum, { dead }) => sum + dead, 0)).toBe(1);
  });
});
