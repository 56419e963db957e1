import type { MsgHdrs, NatsConnection } from "nats";
import { describe, expect, test } from "vitest";
import {
  batchEntriesMax,
  batchMaxBytes,
  decodeEnvelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  framesOf,
} from "../../../protocols/index.ts";
import { NatsWriter } from "../../../src/transport/nats-writer.ts";
import { bytes, envelope } from "./support.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Turns of the event loop, taken by hand. */
const turns: (() => void)[] = [];
const env = { soon: (run: () => void): void => void turns.push(run) };
const turn = (): void => {
  for (const run of turns.splice(0)) run();
};

/** Stands for a client: what is handed over as a batch, and what takes the client's own way. */
function client(inside: object = { noMorePublishing: false }): { nc: NatsConnection; said: string[] } {
  const said: string[] = [];
  const sendCommand = (batch: Uint8Array): void => void said.push(text(batch));
  const publish = (subject: string, payload: Uint8Array, options?: { reply: string }): void =>
    void said.push(`client: ${subject} ${options?.reply ?? "-"} ${payload.length}`);
  return { nc: { protocol: { sendCommand, ...inside }, publish } as unknown as NatsConnection, said };
}

describe("writing publishes", () => {
  test("puts all of a turn into one batch, in order, when the turn is over", () => {
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    writer.publish("a.b", bytes("one"), undefined);
    writer.publish("c", bytes(""), "re.1");
    expect(said).toEqual([]);
    turn();
    expect(said).toEqual(["PUB a.b 3\r\none\r\nPUB c re.1 0\r\n\r\n"]);
    writer.publish("d", bytes("0123456789"), undefined);
    writer.flush();
    expect(said.at(-1)).toBe("PUB d 10\r\n0123456789\r\n");
    turn();
    expect(said).toHaveLength(2);
  });

  test("what is written because something was read leaves when that has been worked through, without a turn", async () => {
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    const workedThrough = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
    writer.publish("before", bytes("1"), undefined);
    writer.answering();
    writer.answering();
    await Promise.resolve().then(() => writer.publish("a", bytes("2"), undefined));
    expect(said).toEqual([]);
    await workedThrough();
    expect(said).toEqual(["PUB before 1\r\n1\r\nPUB a 1\r\n2\r\n"]);
    turn();
    expect(said).toHaveLength(1);

    writer.answering();
    await Promise.resolve().then(() => writer.publish("b", bytes("3"), undefined));
    await workedThrough();
    expect(said).toHaveLength(2);
    expect(turns).toEqual([]);
    writer.publish("c", bytes("4"), undefined);
    await workedThrough();
    expect(said).toHaveLength(2);
    turn();
    expect(said).toHaveLength(3);
  });

  test("hands over a long burst in parts, before the turn is over", () => {
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    for (let i = 0; i < 1_000; i++) writer.publish("work", bytes(`${i}`.padStart(100)), `re.${i}`);
    writer.flush();
    expect(said.length).toBeGreaterThan(2);
    const expected = Array.from(
      { length: 1_000 },
      (_, i) => `PUB work re.${i} 100\r\n${`${i}`.padStart(100)}\r\n`,
    );
    expect(said.join("")).toBe(expected.join(""));
  });

  test("never writes again what it has handed over", () => {
    const batches: Uint8Array[] = [];
    const sendCommand = (batch: Uint8Array): void => void batches.push(batch);
    const writer = new NatsWriter({ protocol: { sendCommand, noMorePublishing: false } } as never, env);
    for (let i = 0; i < 2_000; i++) {
      writer.publish("s", bytes(String(i).padStart(90)), undefined);
      if (i % 7 === 0) turn();
    }
    writer.flush();
    const numbers = batches.flatMap((batch) => text(batch).match(/\d+(?=\r\nPUB|\r\n$)/g) ?? []);
    expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, i) => String(i)));
  });

  test("leaves the rest to the client: large payloads, other letters, a drain, an inside that has moved", () => {
    const large = new Uint8Array(10_000);
    const { nc, said } = client();
    const writer = new NatsWriter(nc, env);
    writer.publish("a", bytes("1"), undefined);
    writer.publish("b", large, "re.1");
    writer.publish("straße", bytes("12"), undefined);
    writer.publish("c", bytes("3"), undefined);
    writer.publish("d", bytes("4"), "re.ä");
    writer.flush();
    expect(said).toEqual([
      "PUB a 1\r\n1\r\n",
      "client: b re.1 10000",
      "client: straße - 2",
      "PUB c 1\r\n3\r\n",
      "client: d re.ä 1",
    ]);
    const drained = client({ noMorePublishing: true });
    new NatsWriter(drained.nc, env).publish("a", bytes("1"), undefined);
    expect(drained.said).toEqual(["client: a - 1"]);
    const moved = client({ sendCommand: undefined });
    const plain = new NatsWriter(moved.nc, env);
    plain.publish("a", bytes("1"), "re.1");
    expect(plain.direct).toBe(false);
    expect(moved.said).toEqual(["client: a re.1 1"]);
  });
});

describe("writing requests", () => {
  const info = { max_payload: 20_000 };
  const fields = { "Nats-Expected-Last-Subject-Sequence": "7", "KV-Operation": "DEL" };
  const head = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 7\r\nKV-Operation: DEL\r\n\r\n";

  test("puts them in order among what is published, with their header fields and both sizes", () => {
    const { nc, said } = client();
    const writer = new NatsWriter({ ...nc, info } as never, env);
    writer.publish("a", bytes("1"), undefined);
    expect(writer.request("b", bytes("two"), "re.1")).toBeUndefined();
    expect(writer.request("c.d", bytes("three"), "re.2", fields)).toBeUndefined();
    writer.publish("e", bytes("4"), undefined);
    turn();
    expect(said).toEqual([
      [
        "PUB a 1\r\n1\r\nPUB b re.1 3\r\ntwo\r\n",
        `HPUB c.d re.2 ${head.length} ${head.length + 5}\r\n${head}three\r\n`,
        "PUB e 1\r\n4\r\n",
      ].join(""),
    ]);
  });

  test("takes no more than the server takes, leaves the large ones to the client, and refuses what is no subject", () => {
    const said: string[] = [];
    const publish = (subject: string, payload: Uint8Array, { headers }: { headers?: MsgHdrs }): void =>
      void said.push(`${subject} ${payload.length} ${headers?.keys().join() ?? "-"}`);
    const { nc } = client();
    const writer = new NatsWriter({ ...nc, info, publish } as never, env);
    const tooLarge = { code: "PAYLOAD_TOO_LARGE" };
    expect(writer.request("a", new Uint8Array(20_001), "re.1")).toMatchObject(tooLarge);
    expect(writer.request("a", new Uint8Array(20_001 - head.length), "re.1", fields)).toMatchObject(tooLarge);
    expect(writer.request("a", new Uint8Array(20_000), "re.1")).toBeUndefined();
    expect(writer.request("b", new Uint8Array(20_000 - head.length), "re.1", fields)).toBeUndefined();
    expect(writer.request("a b", bytes("1"), "re.1")).toMatchObject({ code: "ADDRESS_INVALID" });
    expect(said).toEqual(["a 20000 -", `b ${20_000 - head.length} ${Object.keys(fields)}`]);
  });

  test("hands over a long burst in parts, each byte once", () => {
    const { nc, said } = client();
    const writer = new NatsWriter({ ...nc, info } as never, env);
    for (let i = 0; i < 1_000; i++) writer.request("w", bytes(`${i}`.padStart(300)), `re.${i}`, fields);
    writer.flush();
    expect(said.length).toBeGreaterThan(5);
    const payloads = said.join("").split(`${head}`).slice(1);
    expect(payloads.map((each) => Number.parseInt(each, 10))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
  });
});

const asker = "cx.t.re.main.node.";
const [bow, stern] = ["cx.t.in.main.bow", "cx.t.in.main.stern"] as const;
const frame = (body: unknown): Uint8Array => encodeEnvelope(envelope(body));

/** What a server gets: subject, reply, and what the messages hold; several of them in one message as a list. */
function messagesOf(said: readonly Uint8Array[]): [subject: string, reply: string, bodies: unknown][] {
  const stream = Buffer.concat(said);
  const messages: [string, string, unknown][] = [];
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf("\r\n", at);
    const [verb, subject = "", ...rest] = stream.toString("latin1", at, end).split(" ");
    const size = Number(rest.at(-1));
    const payload = stream.subarray(end + 2, end + 2 + size);
    expect([verb, stream.toString("latin1", end + 2 + size, end + 4 + size)]).toEqual(["PUB", "\r\n"]);
    const bodyOf = (bytes: Uint8Array): unknown => decodeEnvelope(bytes).body;
    const frames = framesOf(payload);
    messages.push([
      subject,
      rest.length > 1 ? (rest[0] as string) : "-",
      frames?.map(bodyOf) ?? bodyOf(payload),
    ]);
    at = end + 4 + size;
  }
  return messages;
}

function batching(payloadMaxBytes = 1_048_576): {
  writer: NatsWriter;
  sent: () => ReturnType<typeof messagesOf>;
} {
  const said: Uint8Array[] = [];
  const sendCommand = (commands: Uint8Array): void => void said.push(commands);
  const nc = { protocol: { sendCommand, noMorePublishing: false }, info: { max_payload: payloadMaxBytes } };
  const writer = new NatsWriter(nc as never, env);
  return { writer, sent: () => messagesOf(said) };
}

describe("several frames to one place", () => {
  test("travel as one message, one alone as ever", () => {
    const { writer, sent } = batching();
    writer.publish(bow, frame(1), `${asker}a1`);
    turn();
    for (const n of [2, 3, 4]) writer.publish(bow, frame(n), `${asker}${n === 3 ? "t" : "a"}${n}`);
    turn();
    writer.publish(`${asker}a1`, frame("r1"), undefined);
    writer.publish(`${asker}a2`, frame("r2"), undefined);
    writer.flush();
    expect(sent()).toEqual([
      [bow, `${asker}a1`, 1],
      [bow, `${asker}ba2_t3_a4`, [2, 3, 4]],
      [`${asker}ba1_a2`, "-", ["r1", "r2"]],
    ]);
  });

  test("never overtake a message to another place", () => {
    const { writer, sent } = batching();
    writer.publish(bow, frame(1), `${asker}a1`);
    writer.publish(bow, frame(2), `${asker}a2`);
    writer.publish(stern, frame(3), `${asker}a3`);
    writer.publish(bow, frame(4), `${asker}a4`);
    writer.publish("cx.t.ev.bow.added", encodeEnvelopeJson(envelope({ n: 5 })), undefined);
    writer.publish(bow, frame(6), `${asker}a6`);
    writer.publish(bow, frame(7), `cx.t.re.main.other.a7`);
    writer.publish(`${asker}a7`, frame(8), undefined);
    writer.publish("cx.t.re.main.other.a7", frame(9), undefined);
    writer.flush();
    expect(sent().map(([, , body]) => body)).toEqual([[1, 2], 3, 4, { n: 5 }, 6, 7, 8, 9]);
  });

  test.each([
    { what: "JSON", message: encodeEnvelopeJson(envelope(1)), subject: bow, reply: `${asker}a1` },
    { what: "a reply to a foreign client", message: frame(1), subject: "_INBOX.x.1", reply: undefined },
    { what: "a reply for a foreign client", message: frame(1), subject: bow, reply: "_INBOX.x.1" },
    { what: "control", message: frame(1), subject: "cx.t.ctl.main.bow", reply: `${asker}a1` },
    { what: "an event", message: frame(1), subject: "cx.t.ev.bow.added", reply: undefined },
    { what: "a watch", message: frame(1), subject: bow, reply: `${asker}w1` },
    { what: "a message without reply subject", message: frame(1), subject: bow, reply: undefined },
  ])("are never $what", ({ message, subject, reply }) => {
    const { writer, sent } = batching();
    for (let n = 0; n < 3; n++) writer.publish(subject, message, reply);
    writer.flush();
    expect(sent()).toEqual(Array(3).fill([subject, reply ?? "-", 1]));
  });

  test("are at most so many, and so many bytes, and what the server takes", () => {
    const many = batching();
    for (let n = 0; n < 2 * batchEntriesMax + 1; n++) many.writer.publish(bow, frame(n), `${asker}a${n}`);
    many.writer.flush();
    const numbers = Array.from({ length: 2 * batchEntriesMax + 1 }, (_, n) => n);
    expect(many.sent().map(([, , bodies]) => bodies)).toEqual([
      numbers.slice(0, batchEntriesMax),
      numbers.slice(batchEntriesMax, -1),
      numbers.at(-1),
    ]);
    const text = "x".repeat(4_000);
    const inBytes = (payloadMaxBytes?: number): number[] => {
      const { writer, sent } = batching(payloadMaxBytes);
      for (let n = 0; n < 12; n++) writer.publish(bow, frame(text), `${asker}a${n}`);
      writer.flush();
      return sent().map(([, , bodies]) => (Array.isArray(bodies) ? bodies.length : 1));
    };
    const fit = Math.floor(batchMaxBytes / (frame(text).length + 2));
    const counts = inBytes();
    expect(Math.max(...counts)).toBe(fit);
    expect(counts.reduce((sum, count) => sum + count)).toBe(12);
    expect(Math.max(...inBytes(9_000))).toBe(2);
    expect(inBytes(8_000)).toEqual(Array(12).fill(1));
  });

  test("arrive whole and in order, whatever else is written between, over many pages", () => {
    const { writer, sent } = batching();
    const expected: unknown[] = [];
    for (let n = 0; n < 5_000; n++) {
      const body = `${n} ${"x".repeat((n * 37) % 900)}`;
      expected.push(body);
      writer.publish(n % 41 < 30 ? bow : stern, frame(body), `${asker}a${n}`);
      if (n % 97 === 0) turn();
    }
    writer.flush();
    expect(sent().flatMap(([, , bodies]) => bodies)).toEqual(expected);
    expect(sent().length).toBeLessThan(1_000);
  });
});
