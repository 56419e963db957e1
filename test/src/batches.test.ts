import { connect, type Msg } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  actorAddress,
  batchMark,
  batchSubject,
  decodeEnvelope,
  defineProtocol,
  type Envelope,
  encodeEnvelope,
  framesOf,
  messageId,
  putBatch,
  question,
  replySubject,
} from "../../protocols/index.ts";
import { type ActorSystem, createMemoryHub, createSystem, defineActor } from "../../src/index.ts";
import { testServer } from "../support/nats-server.ts";
import { rejection } from "../support/systems.ts";

const list = defineProtocol({
  name: "list",
  accepts: {
    add: z.object({ n: z.number() }),
    next: question(z.object({ n: z.number() }), z.object({ n: z.number(), before: z.number() })),
  },
});

/** Notes what comes, in order; refuses negative questions. */
const listActor = (got: number[]) =>
  defineActor({
    protocol: list,
    initial: () => 0,
    receive: (_state: number, { type, n }, turn) => {
      if (type === "next" && n < 0) turn.refuse("negative");
      else if (type === "next") turn.reply({ n, before: got.length });
      got.push(n);
      return n;
    },
  });

type Server = Awaited<ReturnType<typeof testServer>>;
let server: Server;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

/** Two nodes of a system of its own, and what a foreign client sees of it. */
async function twoNodes(name: string, seen = `cx.${name}.>`) {
  const options = { name, servers: server.url, onReport: () => {} };
  const here = await createSystem({ ...options, node: "here" });
  const there = await createSystem({ ...options, node: "there" });
  const nc = await connect({ servers: server.url });
  const wire: Msg[] = [];
  nc.subscribe(seen, { callback: (_error, message) => void wire.push(message) });
  await nc.flush();
  const close = async (): Promise<void> => {
    await nc.close();
    await here.drain();
    await there.drain();
  };
  /** All that crossed the server before now: the foreign client hears of it on a connection of its own. */
  const seenSoFar = async (): Promise<readonly Msg[]> => {
    await nc.flush();
    return wire;
  };
  return { here, there, nc, wire, seenSoFar, [Symbol.asyncDispose]: close };
}

const sizes = (wire: readonly Msg[], lane: string): number[] =>
  wire.filter(({ subject }) => subject.split(".")[2] === lane).map(({ data }) => framesOf(data)?.length ?? 1);

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test("told and asked in one turn, messages arrive in order and each is answered, few messages crossing", async () => {
  await using nodes = await twoNodes("several");
  const got: number[] = [];
  await nodes.there.spawn("one", listActor(got));
  const ref = nodes.here.ref("one", list);
  const asked = numbers(300).map((n) => {
    if (n % 3 === 0) ref.tell({ type: "add", n });
    return n % 3 === 0 ? undefined : ref.ask({ type: "next", n: n % 5 === 0 ? -n : n });
  });
  const outcomes = await Promise.allSettled(asked.filter((each) => each !== undefined));
  const questions = numbers(300).filter((n) => n % 3 !== 0);
  expect(outcomes).toMatchObject(
    questions.map((n) =>
      n % 5 === 0
        ? { status: "rejected", reason: { code: "REFUSED" } }
        : { status: "fulfilled", value: { n, before: n } },
    ),
  );
  expect(got.map(Math.abs)).toEqual(numbers(300));
  const wire = await nodes.seenSoFar();
  const [sent, answered] = [sizes(wire, "in"), sizes(wire, "re")];
  expect(sent.reduce((sum, size) => sum + size)).toBe(300);
  expect(answered.reduce((sum, size) => sum + size)).toBe(questions.length);
  expect(sent.length).toBeLessThan(30);
  expect(answered.length).toBeLessThan(60);
});

test("a message alone crosses as it always did", async () => {
  await using nodes = await twoNodes("alone");
  await nodes.there.spawn("one", listActor([]));
  await nodes.here.ref("one", list).ask({ type: "next", n: 1 });
  const [message] = (await nodes.seenSoFar()).filter(({ subject }) => subject === "cx.alone.in.main.one");
  expect(decodeEnvelope(message?.data as Uint8Array)).toMatchObject({ type: "next", body: { n: 1 } });
  expect(message?.reply).toMatch(/^cx\.alone\.re\.main\.\w+\.a\w+$/);
});

test("where nobody listens each question is told at once, and each told message is a dead letter with its own bytes", async () => {
  await using nodes = await twoNodes("nobody", "cx.nobody.re.>");
  const ref = nodes.here.ref("nowhere", list);
  const asked = numbers(100).map((n) => rejection(ref.ask({ type: "next", n }, { withinMs: 60_000 })));
  for (const n of numbers(100)) ref.tell({ type: "add", n });
  for (const error of await Promise.all(asked)) expect(error).toMatchObject({ code: "UNREACHABLE" });
  await expect.poll(() => nodes.here.deadLetters.count()).toBe(100);
  const letters = await nodes.here.deadLetters.list({ limit: 100 });
  expect(letters.map(({ code, original }) => [code, decodeEnvelope(original).body])).toEqual(
    numbers(100).map((n) => ["UNREACHABLE", { n }]),
  );
  // The server said so for several at once.
  expect((await nodes.seenSoFar()).length).toBeLessThan(20);
});

/** A message to `one`, as another node would write it. */
function frame(system: string, n: number, over: Partial<Envelope> = {}): Uint8Array {
  return encodeEnvelope({
    kind: "message",
    id: messageId(system, n),
    from: "",
    to: actorAddress("one"),
    type: "next",
    protocol: "list@1.0",
    sentAtMs: Date.now(),
    body: { n },
    ...over,
  });
}

function batchOf(frames: readonly Uint8Array[]): Uint8Array {
  const page = new Uint8Array(20_000);
  return page.slice(0, putBatch(page, 0, frames));
}

test("what is wrong with one of several is that one's alone, its own bytes in its dead letter", async () => {
  await using nodes = await twoNodes("mixed");
  const got: number[] = [];
  await nodes.there.spawn("one", listActor(got));
  const torn = frame("mixed", 2).slice(0, 30);
  const batch = batchOf([
    frame("mixed", 1),
    torn,
    frame("mixed", 3, { type: "sing" }),
    batchOf([torn]),
    frame("mixed", 5),
  ]);
  const prefix = replySubject("mixed", "main", "stranger", "");
  const replies: [string | undefined, string][] = [];
  nodes.nc.subscribe(`${prefix}*`, {
    callback: (_error, { subject, data }) => {
      const frames = framesOf(data) ?? [data];
      const tokens = subject.slice(prefix.length).replace(/^b/, "").split("_");
      for (const [i, each] of frames.entries()) {
        const { kind, body } = decodeEnvelope(each);
        replies.push([tokens[i], kind === "reply" ? kind : (body as { code: string }).code]);
      }
    },
  });
  await nodes.nc.flush();
  nodes.nc.publish("cx.mixed.in.main.one", batch, { reply: batchSubject(prefix, "a1_a2_a3_a4_a5") });
  await expect.poll(() => replies.length).toBe(5);
  expect(Object.fromEntries(replies)).toEqual({
    a1: "reply",
    a2: "FRAME_MALFORMED",
    a3: "TYPE_UNKNOWN",
    a4: "FRAME_MALFORMED",
    a5: "reply",
  });
  expect(got).toEqual([1, 5]);
  await expect.poll(() => nodes.here.deadLetters.count()).toBe(2);
  const letters = await nodes.here.deadLetters.list();
  expect(letters.map(({ code, original }) => [code, Buffer.from(original)])).toEqual([
    ["FRAME_MALFORMED", Buffer.from(torn)],
    ["FRAME_MALFORMED", Buffer.from(batchOf([torn]))],
  ]);
});

test.each([
  { what: "cut short", bytes: batchOf([frame("hostile", 1), frame("hostile", 2)]).slice(0, -1) },
  { what: "with lengths that lie", bytes: Uint8Array.of(batchMark, 0xff, 0xff, 1, 2, 3) },
  { what: "of fewer frames than replies", bytes: batchOf([frame("hostile", 1)]) },
])(
  "a batch $what is one malformed message, kept whole, and nothing of it is worked on",
  async ({ what, bytes }) => {
    await using nodes = await twoNodes(`hostile${what.length}`);
    const got: number[] = [];
    await nodes.there.spawn("one", listActor(got));
    const prefix = replySubject(`hostile${what.length}`, "main", "stranger", "");
    const reply = batchSubject(prefix, "a1_a2");
    nodes.nc.publish(`cx.hostile${what.length}.in.main.one`, bytes, { reply });
    await expect.poll(() => nodes.here.deadLetters.count()).toBe(1);
    const [letter] = await nodes.here.deadLetters.list();
    expect(letter).toMatchObject({ code: "FRAME_MALFORMED" });
    expect(Buffer.from(letter?.original ?? [])).toEqual(Buffer.from(bytes));
    expect(got).toEqual([]);
    // An asker of ours would hear the refusal for each.
    await expect.poll(() => nodes.wire.filter(({ subject }) => subject === reply).length).toBe(1);
  },
);

test("a node whose batch is refused whole settles each question in it", async () => {
  await using nodes = await twoNodes("oldpeer");
  // An old node, which cannot read batches: it answers in JSON that the bytes are no message.
  nodes.nc.subscribe("cx.oldpeer.in.*.old", {
    callback: (_error, message) => {
      const body = { code: "FRAME_MALFORMED", message: "Expected a frame, got other bytes" };
      const refusal = { kind: "refusal", id: "r-1", type: "unknown", sentAtMs: 1, body };
      message.respond(new TextEncoder().encode(JSON.stringify(refusal)));
    },
  });
  await nodes.nc.flush();
  const ref = nodes.here.ref("old", list);
  const asked = numbers(20).map((n) => rejection(ref.ask({ type: "next", n }, { withinMs: 60_000 })));
  for (const error of await Promise.all(asked)) expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
});

test("what travels as one keeps to the largest payload of the server, which would end the connection", async () => {
  await using strict = await testServer({ payloadMaxBytes: 4_096 });
  const reports: string[] = [];
  const onReport = ({ message }: { message: string }): void => void reports.push(message);
  await using system = await createSystem({ name: "strict", servers: strict.url, onReport });
  const got: number[] = [];
  const ref = await system.spawn("one", listActor(got));
  const answers = await Promise.all(numbers(200).map((n) => ref.ask({ type: "next", n })));
  expect(answers).toHaveLength(200);
  expect(got).toEqual(numbers(200));
  expect(reports).toEqual([]);
});

test("the in-process transport takes apart what somebody sends as one", async () => {
  const hub = createMemoryHub();
  await using system: ActorSystem = await createSystem({ name: "near", transport: hub.connect() });
  const got: number[] = [];
  const ref = await system.spawn("one", listActor(got));
  const other = hub.connect();
  const prefix = replySubject("near", "main", "stranger", "");
  const answers: string[] = [];
  other.subscribe(`${prefix}*`, ({ subject }) => answers.push(subject.slice(prefix.length)));
  other.publish(ref.subject, batchOf([frame("near", 1), frame("near", 2)]), batchSubject(prefix, "a1_a2"));
  await expect.poll(() => answers).toEqual(["a1", "a2"]);
  expect(got).toEqual([1, 2]);
  await other.close();
});
