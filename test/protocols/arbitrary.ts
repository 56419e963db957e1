import fc from "fast-check";
import {
  type ActorAddress,
  actorAddress,
  type Envelope,
  envelopeKinds,
  type MessageId,
} from "../../protocols/index.ts";

/** Text as people and logs write it: any Unicode, long and short, with a byte order mark now and then. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.string({ unit: "binary", maxLength: 90 }).map((tail) => `\ufeff${tail}${"é".repeat(tail.length)}`),
  fc.integer({ min: 0, max: 70_000 }).map((length) => "x".repeat(length)),
);

const key = fc
  .oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("toString", "hasOwnProperty", "0", "7", "length", "toJSON", "valueOf"),
  )
  .filter((name) => !["__proto__", "constructor", "prototype"].includes(name));

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  // -0 has a test of its own: it becomes 0.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0 || 0),
  fc.constantFrom(
    0,
    31,
    32,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    -1,
    -32,
    -33,
    -128,
    -129,
  ),
);

/** Plain data as `copyPlain` describes it: all that must survive the wire. */
export const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(key, tie("value"), { maxKeys: 20 }),
  ),
})).value;

/** Plain data that JSON has words for. */
export const jsonPlain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 6 },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(key, tie("value"), { maxKeys: 20 }),
  ),
})).value;

/** Values beside the rules too: each is refused or survives, as the rules say. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  plain,
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withTypedArray: true,
    withSparseArray: true,
    withUnicodeString: true,
    withBoxedValues: true,
  } as fc.ObjectConstraints),
);

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
export const address: fc.Arbitrary<ActorAddress> = fc
  .array(token, { minLength: 1, maxLength: 8 })
  .map((tokens) => actorAddress(tokens.join(".")));
const id = fc.stringMatching(/^[A-Za-z0-9]{22}-[0-9a-z]{1,8}$/).map((made) => made as MessageId);
const instant = fc.nat({ max: 8_640_000_000_000_000 });

export function envelopeWith(body: fc.Arbitrary<unknown>): fc.Arbitrary<Envelope> {
  return fc.record(
    {
      kind: fc.constantFrom(...envelopeKinds),
      id,
      from: fc.oneof(address, fc.constant("" as const)),
      to: fc.oneof(address, fc.constant("" as const)),
      type: fc.stringMatching(/^[a-z][A-Za-z0-9]{0,20}$/),
      protocol: fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,20}@[0-9]{1,3}\.[0-9]{1,3}$/), fc.constant("")),
      sentAtMs: instant,
      body,
      causationId: id,
      correlationId: id,
      deadlineMs: instant,
      traceparent: fc.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      key: fc.string({ unit: "grapheme", maxLength: 60 }).filter((made) => made.length <= 256),
      priority: fc.nat({ max: 4 }),
      grant: fc.stringMatching(/^[A-Za-z0-9._-]{1,200}$/),
    },
    { requiredKeys: ["kind", "id", "from", "to", "type", "protocol", "sentAtMs", "body"] },
  );
}
