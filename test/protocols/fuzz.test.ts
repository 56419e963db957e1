import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeEnvelope,
  decodeValue,
  type Envelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  isCoxswainError,
  messageId,
} from "../../protocols/index.ts";
import { envelopeWith, jsonPlain, plain } from "./arbitrary.ts";

const inputs = 100_000;
const costMaxMs = 5;
const costMaxBytes = 8 * 1_048_576;
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const defaults = { nowMs: () => 0, freshId: () => messageId("fresh", 1) };
const allowed = ["FRAME_MALFORMED", "PAYLOAD_TOO_LARGE"];

/** Decodes as the boundary does; gives the code of a refusal. Whatever else is thrown fails the test. */
function boundary(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): string | undefined {
  try {
    decode(bytes);
    return undefined;
  } catch (thrown) {
    if (isCoxswainError(thrown) && allowed.includes(thrown.code)) return thrown.code;
    throw thrown;
  }
}

const decodeFrame = (bytes: Uint8Array): unknown => decodeEnvelope(bytes, undefined, defaults);
const decoders = [decodeFrame, (bytes: Uint8Array): unknown => decodeValue(bytes)];

const heldBytes = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

function costOf(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Cost {
  const before = heldBytes();
  const start = performance.now();
  boundary(decode, bytes);
  return { ms: performance.now() - start, bytes: heldBytes() - before };
}

/** A collection or another process may fall into one measurement, not into the best of several. */
function expectCheap(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  let { ms, bytes: held } = costOf(decode, bytes);
  for (let again = 0; again < 8 && (ms > costMaxMs || held > costMaxBytes); again++) {
    const next = costOf(decode, bytes);
    ms = Math.min(ms, next.ms);
    held = Math.min(held, next.bytes);
  }
  const head = Buffer.from(bytes.subarray(0, 64)).toString("hex");
  expect(ms, `milliseconds for ${bytes.length} bytes ${head}…`).toBeLessThanOrEqual(costMaxMs);
  expect(held, `bytes held for ${bytes.length} bytes ${head}…`).toBeLessThanOrEqual(costMaxBytes);
}

function sample(count: number): { frames: Uint8Array[]; texts: Uint8Array[] } {
  const envelopes = fc.sample(envelopeWith(plain), { seed, numRuns: count });
  const asJson = fc.sample(envelopeWith(jsonPlain), { seed, numRuns: count });
  return {
    frames: envelopes.map((one) => encodeEnvelope(one)),
    texts: asJson.map((one) => encodeEnvelopeJson(one)),
  };
}

const { frames, texts } = sample(400);
const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const anyFrame = fc.constantFrom(...frames, ...texts);
const jsonPieces = [
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  ",",
  ":",
  "1e999",
  "-",
  "null",
  '"__proto__":{"polluted":1}',
  "\\u005f",
];

/** One change: bits, a byte, a cut, a piece put in, or a part doubled. */
const change: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(position, fc.nat(7)).map(([at, bit]) => (bytes: Uint8Array) => {
    const copy = bytes.slice();
    const i = Math.floor(at * copy.length);
    if (copy.length > 0) copy[i] = (copy[i] as number) ^ (1 << bit);
    return copy;
  }),
  fc.tuple(position, fc.nat(255)).map(([at, byte]) => (bytes: Uint8Array) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[Math.floor(at * copy.length)] = byte;
    return copy;
  }),
  position.map((at) => (bytes: Uint8Array) => bytes.slice(0, Math.floor(at * bytes.length))),
  fc.tuple(position, fc.uint8Array({ maxLength: 12 })).map(([at, piece]) => (bytes: Uint8Array) => {
    const i = Math.floor(at * bytes.length);
    return new Uint8Array([...bytes.subarray(0, i), ...piece, ...bytes.subarray(i)]);
  }),
  fc.tuple(position, fc.constantFrom(...jsonPieces)).map(([at, piece]) => (bytes: Uint8Array) => {
    const i = Math.floor(at * bytes.length);
    return new Uint8Array([...bytes.subarray(0, i), ...Buffer.from(piece), ...bytes.subarray(i)]);
  }),
  fc.tuple(position, position).map(([from, to]) => (bytes: Uint8Array) => {
    const part = bytes.subarray(Math.floor(from * bytes.length), Math.floor(to * bytes.length));
    return new Uint8Array([...bytes, ...part]);
  }),
);

const input: fc.Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 2 },
  // A head that is believed, and then anything.
  {
    arbitrary: fc
      .tuple(anyFrame, position, fc.uint8Array({ maxLength: 200 }))
      .map(
        ([bytes, at, tail]) => new Uint8Array([...bytes.subarray(0, Math.floor(at * bytes.length)), ...tail]),
      ),
    weight: 2,
  },
  {
    arbitrary: fc
      .tuple(anyFrame, fc.array(change, { minLength: 1, maxLength: 4 }))
      .map(([bytes, changes]) => changes.reduce((now, apply) => apply(now), bytes)),
    weight: 6,
  },
);

describe("bytes from outside", () => {
  test(`of ${inputs} random and mutated inputs none throws past the boundary, takes over 5 ms or over 8 MiB`, () => {
    process.stdout.write(`fuzz seed: FUZZ_SEED=${seed}\n`);
    const seen = { refused: 0, taken: 0 };
    fc.assert(
      fc.property(input, (bytes) => {
        for (const decode of decoders) {
          const refused = boundary(decode, bytes);
          if (refused === undefined) seen.taken++;
          else seen.refused++;
        }
        expectCheap(decodeFrame, bytes);
      }),
      { numRuns: inputs, seed },
    );
    // Both ways were walked often, or the inputs prove little.
    expect(seen.refused).toBeGreaterThan(inputs / 10);
    expect(seen.taken).toBeGreaterThan(inputs / 100);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  }, 600_000);
});

/** A frame with this body, whatever it is. */
function frameAround(body: Uint8Array): Uint8Array {
  const envelope = {
    kind: "message",
    id: messageId("a", 1),
    from: "",
    to: "",
    type: "t",
    protocol: "",
  } as const;
  const empty = encodeEnvelope({ ...envelope, sentAtMs: 0, body: undefined } satisfies Envelope);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  return new Uint8Array(Buffer.concat([empty.subarray(0, -4), length, body]));
}

const repeat = (count: number, ...bytes: number[]): Uint8Array =>
  new Uint8Array(Buffer.alloc(count * bytes.length, Uint8Array.from(bytes)));
const json = (body: string): Uint8Array => new TextEncoder().encode(`{"type":"t","body":${body}}`);

describe("a bomb", () => {
  const nestedClaims = repeat(41, 0xdd, 0xff, 0xff, 0xff, 0xff);
  test.each<[string, Uint8Array]>([
    ["205 bytes that claim arrays of 4 billion in each other", nestedClaims],
    ["arrays that claim as many elements as there are bytes left", repeat(200, 0xdc, 0x01, 0x00)],
    ["a million levels of arrays", repeat(1_000_000, 0x91)],
    ["a million levels of maps", repeat(300_000, 0x81, 0xa1, 0x61)],
    ["a map of 4 billion", Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)],
    [
      "a map whose count is over what fits in 31 bits when doubled",
      Uint8Array.of(0xdf, 0x80, 0, 0, 1, 0xa1, 0x61, 1),
    ],
    ["a text of 4 GiB", Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ["bytes of 4 GiB", Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ["a million nils", Uint8Array.from([0xdd, 0, 0x0f, 0x42, 0x40, ...repeat(1_000_000, 0xc0)])],
    ["a record definition of msgpackr", Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01)],
    ["an extension", Uint8Array.of(0xc7, 1, 5, 0)],
    ["0xc1", Uint8Array.of(0xc1)],
    ["a value and one more", Uint8Array.of(1, 2)],
    ["NaN", Uint8Array.of(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ["an infinity in 32 bits", Uint8Array.of(0xca, 0xff, 0x80, 0, 0)],
    ["a number as key", Uint8Array.of(0x81, 1, 1)],
    ["__proto__ as key", Uint8Array.from([0x81, 0xa9, ...Buffer.from("__proto__"), 0x80])],
    [
      "constructor as key, longer than it need be",
      Uint8Array.from([0x81, 0xd9, 11, ...Buffer.from("constructor"), 0x80]),
    ],
    ["text that is half a character", Uint8Array.of(0xa1, 0xc3)],
    ["text in overlong UTF-8", Uint8Array.of(0xa2, 0xc0, 0x80)],
    ["text with a surrogate in UTF-8", Uint8Array.of(0xa3, 0xed, 0xa0, 0x80)],
    ["text beyond Unicode", Uint8Array.of(0xa4, 0xf4, 0x90, 0x80, 0x80)],
  ])("of %s is refused at no cost", (_, body) => {
    for (const bytes of [body, frameAround(body)]) {
      const decode = bytes === body ? decodeValue : decodeFrame;
      expect(boundary(decode, bytes)).toBe("FRAME_MALFORMED");
      expectCheap(decode, bytes);
    }
  });

  test.each<[string, Uint8Array]>([
    ["a million levels of arrays", json("[".repeat(1_000_000))],
    ["a million levels of objects", json('{"a":'.repeat(200_000))],
    ["a million nulls", json(`[${"0,".repeat(500_000)}0]`)],
    ["a string that never ends", json(`"${"a".repeat(1_000_000)}`)],
    ["a number of a million digits", json("9".repeat(1_000_000))],
  ])("in JSON of %s is refused at no cost", (_, bytes) => {
    expect(boundary(decodeFrame, bytes)).toBe("FRAME_MALFORMED");
    expectCheap(decodeFrame, bytes);
  });

  test("larger than the limit is refused unread", () => {
    const large = repeat(4_000_000, 0x91);
    expect(boundary(decodeFrame, large)).toBe("PAYLOAD_TOO_LARGE");
    expectCheap(decodeFrame, large);
  });
});
