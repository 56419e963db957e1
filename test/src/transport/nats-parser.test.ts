import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { NatsConnection } from "nats";
import { describe, expect, test } from "vitest";
import { QuickParser, quickenParser } from "../../../src/transport/nats-parser.ts";

interface ClientParser {
  parse(chunk: Uint8Array): void;
}
const file = fileURLToPath(import.meta.resolve("nats")).replace(/index\.[cm]?js$/, "");
const { Parser } = createRequire(import.meta.url)(
  `${file.includes("/lib/") ? file.slice(0, file.indexOf("/lib/")) : file.replace(/\/$/, "")}/lib/nats-base-client/parser.js`,
) as { Parser: new (dispatcher: { push(event: Pushed): void }) => ClientParser };

interface Pushed {
  readonly kind: number;
  readonly msg?: { subject: Uint8Array; sid: number; reply?: Uint8Array; size: number; hdr: number };
  readonly data?: Uint8Array;
}
const messageKind = 2;
const text = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? "" : Buffer.from(bytes).toString("latin1");

function shown({ kind, msg, data }: Pushed): string {
  const head =
    msg === undefined ? "" : `${text(msg.subject)} ${msg.sid} ${text(msg.reply)} ${msg.size} ${msg.hdr}`;
  return `${kind} ${head} ${text(data)}`;
}

function eventsOf(chunks: readonly Uint8Array[], quick: boolean): string[] {
  const events: string[] = [];
  const push = (event: Pushed): void => void events.push(shown(event));
  const own = new Parser({ push });
  const parser = quick
    ? new QuickParser(own, (msg, data) => push({ kind: messageKind, msg: msg as never, data }))
    : own;
  for (const chunk of chunks) parser.parse(chunk);
  return events;
}

const token = fc.stringMatching(/^[a-z0-9_-]{1,12}(\.[a-zA-Z0-9]{1,9}){0,4}$/);
const payload = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
const line = (head: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${head}\r\n`), body, Buffer.from("\r\n")]);
const command = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(token, fc.nat(9_999), fc.option(token), payload) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("PING", "PONG", "+OK", `-ERR 'Slow Consumer'`, `INFO {"a":"M SG"}`),
  },
  { weight: 1, arbitrary: fc.tuple(token, fc.option(token), payload) },
);

function encoded(given: unknown): Buffer {
  if (typeof given === "string") return Buffer.from(`${given}\r\n`);
  const parts = given as readonly unknown[];
  const body = parts.at(-1) as Buffer;
  if (parts.length === 4) {
    const [subject, sid, reply] = parts;
    return line(`MSG ${subject} ${sid} ${reply === null ? "" : `${reply} `}${body.length}`, body);
  }
  const [subject, reply] = parts;
  const headers = Buffer.from("NATS/1.0 503\r\n\r\n");
  const sizes = `${headers.length} ${headers.length + body.length}`;
  return line(
    `HMSG ${subject} 7 ${reply === null ? "" : `${reply} `}${sizes}`,
    Buffer.concat([headers, body]),
  );
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? bytes.length;
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

describe("reading what the server says", () => {
  test("gives what the client's own parser gives, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
        (commands, lengths) => {
          const chunks = cut(Buffer.concat(commands.map(encoded)), lengths);
          expect(eventsOf(chunks, true)).toEqual(eventsOf(chunks, false));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("passes a large message on piece by piece, and goes on behind it", () => {
    const large = line(`MSG big 1 ${200_000}`, Buffer.alloc(200_000, "x"));
    const small = line("MSG small 2 re.1 2", Buffer.from("ok"));
    const chunks = cut(Buffer.concat([small, large, small]), [65_536]);
    expect(eventsOf(chunks, true)).toEqual(eventsOf(chunks, false));
  });

  test.each(["MSG a 1\r\n", "MSG a x 3\r\nabc\r\n", "MSG  \r\n", "NONSENSE\r\n", "MSG a 1 -5\r\n\r\n"])(
    "leaves it to the client to refuse %j",
    (wrong) => {
      const outcome = (quick: boolean): string => {
        try {
          return eventsOf([Buffer.from(wrong)], quick).join();
        } catch (error) {
          return `threw ${(error as Error).constructor.name}`;
        }
      };
      expect(outcome(true)).toBe(outcome(false));
    },
  );

  test("is not put in place where the client's inside has moved", () => {
    const parser = { parse: () => {}, state: 0 };
    const nc = (protocol: object): NatsConnection => ({ protocol }) as unknown as NatsConnection;
    expect(quickenParser(nc({ parser, processMsg: () => {} }))).toBe(true);
    expect(quickenParser(nc({ parser: { parse: () => {} }, processMsg: () => {} }))).toBe(false);
    expect(quickenParser(nc({ parser: { parse: () => {}, state: 3 }, processMsg: () => {} }))).toBe(false);
    expect(quickenParser(nc({ parser }))).toBe(false);
    expect(quickenParser({} as NatsConnection)).toBe(false);
  });
});
