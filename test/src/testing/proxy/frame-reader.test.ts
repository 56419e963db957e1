import { describe, expect, it } from "vitest";
import { decodeFrame, type Frame } from "../../../../src/testing/proxy/frame.ts";
import { FrameReader, type Unreadable } from "../../../../src/testing/proxy/frame-reader.ts";
import { seededRandom } from "../../../support/simulated-env.ts";

const place = { direction: "toClient", connection: 1, number: 1 } as const;

interface Read {
  readonly frames: Frame[];
  readonly unreadable: Unreadable | undefined;
}

function readAll(chunks: readonly Buffer[], frameMaxBytes = 1_000_000): Read {
  const reader = new FrameReader(frameMaxBytes);
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    const unreadable = reader.read(chunk, (span) => frames.push(decodeFrame(span, place, () => undefined)));
    if (unreadable !== undefined) return { frames, unreadable };
  }
  return { frames, unreadable: undefined };
}

/** What is compared: the payload as text, the headers as pairs. */
const shown = ({ op, subject, reply, sid, queue, headers, status, payload }: Frame): object => ({
  ...{ op, subject, reply, sid, queue, status },
  payload: Buffer.from(payload).toString(),
  headers: headers === undefined ? undefined : [...headers],
});

const head = "NATS/1.0\r\nA: 1\r\nA: 2\r\nb-c:  three \r\n\r\n";
const noResponders = "NATS/1.0 503\r\n\r\n";
const nothingMore = { reply: undefined, sid: undefined, queue: undefined, status: undefined };
const plain = { ...nothingMore, subject: undefined, payload: "", headers: undefined };

/** Each command as it is written, and as it is read. */
const commands: readonly (readonly [string, object])[] = [
  ['INFO {"port":1}\r\n', { ...plain, op: "INFO", payload: '{"port":1}' }],
  ['CONNECT {"name":"a b"}\r\n', { ...plain, op: "CONNECT", payload: '{"name":"a b"}' }],
  ["PUB a.b 5\r\nhe\r\no\r\n", { ...plain, op: "PUB", subject: "a.b", payload: "he\r\no" }],
  ["pub a.b re.ply 0\r\n\r\n", { ...plain, op: "PUB", subject: "a.b", reply: "re.ply" }],
  [
    `HPUB a ${head.length} ${head.length + 2}\r\n${head}hi\r\n`,
    {
      ...plain,
      ...{ op: "HPUB", subject: "a", payload: "hi" },
      headers: [
        ["A", ["1", "2"]],
        ["b-c", ["three"]],
      ],
    },
  ],
  ["SUB news.* 7\r\n", { ...plain, op: "SUB", subject: "news.*", sid: "7" }],
  ["SUB  news.*\tcrew 7 \r\n", { ...plain, op: "SUB", subject: "news.*", queue: "crew", sid: "7" }],
  ["UNSUB 7 2\r\n", { ...plain, op: "UNSUB", sid: "7" }],
  ["MSG ä.b 7 4\r\nMSG \r\n", { ...plain, op: "MSG", subject: "ä.b", sid: "7", payload: "MSG " }],
  ["MSG a 7 r 1\r\nx\r\n", { ...plain, op: "MSG", subject: "a", sid: "7", reply: "r", payload: "x" }],
  [
    `HMSG a 7 ${noResponders.length} ${noResponders.length}\r\n${noResponders}\r\n`,
    { ...plain, op: "HMSG", subject: "a", sid: "7", status: 503, headers: [] },
  ],
  [
    `HMSG a 7 r ${head.length} ${head.length}\r\n${head}\r\n`,
    {
      ...plain,
      ...{ op: "HMSG", subject: "a", sid: "7", reply: "r" },
      headers: [
        ["A", ["1", "2"]],
        ["b-c", ["three"]],
      ],
    },
  ],
  ["+OK\r\n", { ...plain, op: "+OK" }],
  ["-ERR 'Stale Connection'\r\n", { ...plain, op: "-ERR", payload: "'Stale Connection'" }],
  ["PING\r\n", { ...plain, op: "PING" }],
  ["PONG\n", { ...plain, op: "PONG" }],
];
const stream = Buffer.from(commands.map(([text]) => text).join(""));
const expected = commands.map(([, frame]) => frame);

describe("the frame reader", () => {
  it.each(commands)("reads %j", (text, frame) => {
    const { frames, unreadable } = readAll([Buffer.from(text)]);
    expect(frames.map(shown)).toEqual([frame]);
    expect(unreadable).toBeUndefined();
  });

  it("reads the same wherever the stream is cut in two", () => {
    for (let at = 0; at <= stream.length; at++) {
      const { frames } = readAll([stream.subarray(0, at), stream.subarray(at)]);
      expect(frames.map(shown), `cut at ${at}`).toEqual(expected);
    }
  });

  it("reads the same byte by byte", () => {
    expect(readAll([...stream].map((byte) => Buffer.of(byte))).frames.map(shown)).toEqual(expected);
  });

  it("reads the same in 500 random cuts", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 500; round++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const end = at + 1 + Math.floor(random() * 60);
        chunks.push(stream.subarray(at, end));
        at = end;
      }
      expect(readAll(chunks).frames.map(shown)).toEqual(expected);
    }
  });

  it("tells each frame as soon as its last byte is there, and not before", () => {
    const reader = new FrameReader(1_000_000);
    const ends = commands.map((_, i) => {
      const upTo = commands.slice(0, i + 1).map(([text]) => text);
      return Buffer.byteLength(upTo.join(""));
    });
    const told: number[] = [];
    for (let at = 0; at < stream.length; at++) {
      reader.read(stream.subarray(at, at + 1), () => told.push(at + 1));
    }
    expect(told).toEqual(ends);
  });

  it.each([
    ["HELLO\r\n", "a word that is no command"],
    ["PUB a\r\n", "a size that is missing"],
    ["PUB a x\r\n", "a size that is no number"],
    ["PUB a -1\r\n", "a size below zero"],
    ["PUB a 99999999999\r\n", "a size of eleven digits"],
    ["PUB a 2\r\nabc\r\n", "a payload longer than its size"],
    ["\u0016\u0003\u0001", "a TLS handshake"],
    ["GET / HTTP/1.1\r\n", "another protocol"],
  ])("says at once that it cannot read %j: %s", (text) => {
    const { frames, unreadable } = readAll([Buffer.from(`PING\r\n${text}`)]);
    expect(frames.map(({ op }) => op)).toEqual(["PING"]);
    expect(unreadable).toMatchObject({ why: "malformed", rest: Buffer.from(text) });
  });

  it("keeps no more than the largest frame it may", () => {
    expect(readAll([Buffer.from("PUB a 100\r\n")], 100).unreadable?.why).toBe("tooLarge");
    const endless = Array.from({ length: 20 }, () => Buffer.from("SUB aaaaa"));
    expect(readAll(endless, 100).unreadable?.why).toBe("tooLarge");
    const fits = Buffer.from(`PUB a 87\r\n${"x".repeat(87)}\r\n`);
    expect(readAll([fits], fits.length).frames).toHaveLength(1);
    expect(readAll([fits], fits.length - 1).unreadable?.why).toBe("tooLarge");
  });
});
