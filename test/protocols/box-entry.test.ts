import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BoxEntry,
  boxEntryHeadBytes,
  boxEntryMessagesMax,
  boxMessageHeadBytes,
  boxSenderOf,
  decodeBoxEntry,
  decodeEnvelope,
  encodeBoxEntry,
  encodeEnvelope,
  encodeEnvelopeJson,
  encodeValue,
  isCoxswainError,
} from "../../protocols/index.ts";
import { address, envelopeWith, jsonPlain, plain } from "./arbitrary.ts";
import { codeOf } from "./code-of.ts";

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,22}$/);
const frame = fc.oneof(
  envelopeWith(plain).map((one) => encodeEnvelope(one)),
  envelopeWith(jsonPlain).map((one) => new Uint8Array(encodeEnvelopeJson(one))),
);
const reply = fc.oneof(
  fc.constant(undefined),
  token.map((n) => `cx.s.re.main.node.a${n}`),
  token.map((n) => `_INBOX.${n}`),
);
const entry: fc.Arbitrary<BoxEntry> = fc.record({
  from: fc.oneof(address, token.map(boxSenderOf)),
  incarnation: fc.nat({ max: 8_640_000_000_000_000 }),
  firstSeq: fc.integer({ min: 1, max: 2 ** 40 }),
  messages: fc.array(fc.record({ reply, frame }), { minLength: 1, maxLength: 6 }),
});

const small = encodeEnvelope({
  kind: "message",
  id: "n-1" as never,
  from: "",
  to: "",
  type: "t",
  protocol: "",
  sentAtMs: 0,
  body: {},
});
const good: BoxEntry = {
  from: "bank.clerk",
  incarnation: 1_750_000_000_000,
  firstSeq: 7,
  messages: [{ reply: undefined, frame: small }],
};

describe("an inbox entry", () => {
  test("gives back its sender, its place, and each message's bytes and reply subject", () => {
    fc.assert(
      fc.property(entry, (given) => {
        const read = decodeBoxEntry(encodeBoxEntry(given));
        expect(read).toEqual(given);
        for (const [i, { frame: bytes }] of read.messages.entries())
          expect(decodeEnvelope(bytes)).toEqual(decodeEnvelope(given.messages[i]?.frame as Uint8Array));
      }),
      { numRuns: 200 },
    );
  });

  test("costs no more than is reckoned beside its names and frames", () => {
    fc.assert(
      fc.property(entry, (given) => {
        const names =
          given.from.length + given.messages.reduce((sum, one) => sum + (one.reply ?? "").length, 0);
        const frames = given.messages.reduce((sum, one) => sum + one.frame.length, 0);
        const heads = boxEntryHeadBytes + given.messages.length * boxMessageHeadBytes;
        expect(encodeBoxEntry(given).length).toBeLessThanOrEqual(heads + names + frames);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps no reply subject on which the runtime may not answer", () => {
    for (const forbidden of ["$JS.API.STREAM.DELETE.x", "cx.s.in.main.desk", "cx.s.re.main.n.t1", ""]) {
      const bytes = encodeBoxEntry({ ...good, messages: [{ reply: forbidden, frame: small }] });
      expect(decodeBoxEntry(bytes).messages[0]?.reply).toBeUndefined();
    }
  });

  const message = [null, small];
  test.each<[string, unknown]>([
    ["of another version", [2, "a", 1, 1, [message]]],
    ["that has more to it", [1, "a", 1, 1, [message], 0]],
    ["that is no array", { 0: 1 }],
    ["from nobody", [1, "", 1, 1, [message]]],
    ["from a wildcard", [1, "a.*", 1, 1, [message]]],
    ["from a node whose name is no token", [1, "~a.b", 1, 1, [message]]],
    ["of an incarnation before all", [1, "a", -1, 1, [message]]],
    ["of an incarnation that is no number", [1, "a", "1", 1, [message]]],
    ["at place 0", [1, "a", 1, 0, [message]]],
    ["at half a place", [1, "a", 1, 1.5, [message]]],
    ["beyond what can be counted", [1, "a", 1, Number.MAX_SAFE_INTEGER, [message]]],
    ["with no message", [1, "a", 1, 1, []]],
    ["with too many messages", [1, "a", 1, 1, Array(boxEntryMessagesMax + 1).fill(message)]],
    ["whose message is text", [1, "a", 1, 1, [[null, "t"]]]],
    ["whose message has no reply field", [1, "a", 1, 1, [[small]]]],
    ["whose reply subject is a number", [1, "a", 1, 1, [[7, small]]]],
    ["whose message is no pair", [1, "a", 1, 1, [small]]],
  ])("%s is refused", (_, value) => {
    expect(codeOf(() => decodeBoxEntry(encodeValue(value)))).toBe("FRAME_MALFORMED");
  });

  test("larger than the limit is refused unread, and is not written", () => {
    const large = { ...good, messages: [{ reply: undefined, frame: new Uint8Array(5_000) }] };
    expect(codeOf(() => encodeBoxEntry(large, { bytesMax: 4_096 }))).toBe("PAYLOAD_TOO_LARGE");
    const bytes = encodeBoxEntry(large);
    expect(codeOf(() => decodeBoxEntry(bytes, { bytesMax: 4_096 }))).toBe("PAYLOAD_TOO_LARGE");
  });
});

describe("bytes in an inbox", () => {
  const inputs = 10_000;
  const position = fc.nat({ max: 999 }).map((n) => n / 1_000);
  const entries = fc.sample(entry, { seed, numRuns: 100 }).map((one) => encodeBoxEntry(one));
  const mutated = fc
    .tuple(fc.constantFrom(...entries), fc.array(fc.tuple(position, fc.nat(255)), { maxLength: 4 }), position)
    .map(([bytes, changes, cut]) => {
      const copy = bytes.slice(0, cut < 0.3 ? Math.floor((cut / 0.3) * bytes.length) : bytes.length);
      // Most in the head, where the claims are.
      for (const [at, byte] of changes)
        copy[Math.floor(at * Math.min(copy.length, at < 0.5 ? 48 : 1e9))] = byte;
      return copy;
    });
  const bombs = [0xdd, 0xdf, 0xdb, 0xc6].map((tag) =>
    Uint8Array.from({ length: 205 }, (_, i) => (i % 5 === 0 ? tag : 0xff)),
  );

  test(`of ${inputs} random and mutated inputs are an entry or refused with a code`, () => {
    process.stdout.write(`fuzz seed: FUZZ_SEED=${seed}\n`);
    const seen = { refused: 0, taken: 0 };
    const input = fc.oneof(
      { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 2 },
      { arbitrary: fc.constantFrom(...bombs), weight: 1 },
      { arbitrary: mutated, weight: 6 },
    );
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          const { from, firstSeq, messages } = decodeBoxEntry(bytes);
          seen.taken++;
          expect(from).toMatch(/^(?:~[A-Za-z0-9_-]+|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/);
          expect(Number.isSafeInteger(firstSeq + messages.length)).toBe(true);
        } catch (thrown) {
          if (!isCoxswainError(thrown, "FRAME_MALFORMED")) throw thrown;
          seen.refused++;
        }
      }),
      { numRuns: inputs, seed },
    );
    expect(seen.refused).toBeGreaterThan(inputs / 10);
    expect(seen.taken).toBeGreaterThan(inputs / 100);
  });
});
