import fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, test } from "vitest";
import {
  actorAddress,
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  messageId,
} from "../../protocols/index.ts";
import { envelopeWith, jsonPlain, plain } from "./arbitrary.ts";
import { codeOf } from "./code-of.ts";

const defaults = { nowMs: () => 1_700_000_000_000, freshId: () => messageId("fresh", 1) };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const foreign = (fields: object): Envelope =>
  decodeEnvelope(utf8(JSON.stringify(fields)), undefined, defaults);

const envelope: Envelope = {
  kind: "message",
  id: messageId("AbCdEfGhIjKlMnOpQrStUv", 7),
  from: actorAddress("crew.bow"),
  to: actorAddress("desk"),
  type: "delegate",
  protocol: "delegation@1.0",
  sentAtMs: 1_700_000_000_000,
  body: { task: "row" },
};

describe("an envelope", () => {
  test("comes out of the wire as it went in", () => {
    fc.assert(
      fc.property(envelopeWith(fc.oneof(plain, fc.constant(undefined))), (sent) => {
        expect(decodeEnvelope(encodeEnvelope(sent))).toEqual(sent);
      }),
      { numRuns: 1_000 },
    );
  });

  test("comes out of JSON as it went in, where JSON has all its values", () => {
    fc.assert(
      fc.property(envelopeWith(fc.oneof(jsonPlain, fc.constant(undefined))), (sent) => {
        expect(decodeEnvelope(encodeEnvelopeJson(sent))).toEqual(sent);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is not changed by what is encoded after it", () => {
    const first = encodeEnvelope(envelope);
    const before = first.slice();
    for (let i = 0; i < 2_000; i++) encodeEnvelope({ ...envelope, body: { filler: "y".repeat(i) } });
    expect(first).toEqual(before);
  });

  test("keeps bytes of its own when the buffer it was read from is written again", () => {
    const wire = encodeEnvelope({ ...envelope, body: { bytes: new Uint8Array([1, 2, 3]) } }).slice();
    const read = decodeEnvelope(Buffer.from(wire.buffer)) as { body: { bytes: Uint8Array } };
    wire.fill(0);
    expect(read.body.bytes).toEqual(new Uint8Array([1, 2, 3]));
    expect(read.body.bytes.constructor).toBe(Uint8Array);
  });

  test("is msgpack that another decoder reads: an array with the body opaque at the end", () => {
    const fields = new Unpackr({ useRecords: false }).unpack(encodeEnvelope(envelope)) as unknown[];
    expect(fields.slice(0, 7)).toEqual([
      0,
      envelope.id,
      "crew.bow",
      "desk",
      "delegate",
      "delegation@1.0",
      envelope.sentAtMs,
    ]);
    expect(new Unpackr({ useRecords: false }).unpack(fields[13] as Uint8Array)).toEqual({ task: "row" });
  });

  test("of a later version, with more fields at its end, is read without them", () => {
    const fields = new Unpackr({ useRecords: false }).unpack(encodeEnvelope(envelope)) as unknown[];
    const packr = new Packr({ useRecords: false });
    expect(decodeEnvelope(packr.pack([...fields, null, { added: ["later"] }, 5]))).toEqual(envelope);
    expect(() => decodeEnvelope(packr.pack([...fields, null, new Date(0)]))).toThrow("tag 0xd6");
  });

  test("without a grant is as it was before there were any, and one with it is read by an older reader", () => {
    const unpackr = new Unpackr({ useRecords: false });
    const before = unpackr.unpack(encodeEnvelope(envelope)) as unknown[];
    expect(before).toHaveLength(14);
    const granted = unpackr.unpack(encodeEnvelope({ ...envelope, grant: "c1.AbC_-9.x" })) as unknown[];
    // An older reader takes the first 14, and skips what is behind them.
    expect(granted.slice(0, 14)).toEqual(before);
    expect(granted.slice(14)).toEqual(["c1.AbC_-9.x"]);
  });

  test.each([
    ["kind", 9],
    ["id", "with space"],
    ["from", "a..b"],
    ["to", "crew.>"],
    ["type", ""],
    ["protocol", "delegation"],
    ["sentAtMs", Number.NaN],
    ["causationId", "a.b"],
    ["correlationId", ""],
    ["deadlineMs", -1],
    ["traceparent", "\n"],
    ["key", "k".repeat(257)],
    ["priority", 5],
    ["grant", "two words"],
    ["grant", "g".repeat(1_025)],
    ["grant", 7],
  ])("with a wrong %s is refused", (field, value) => {
    const fields = new Unpackr({ useRecords: false }).unpack(encodeEnvelope(envelope)) as unknown[];
    const at = ["kind", "id", "from", "to", "type", "protocol", "sentAtMs", "causationId", "correlationId"]
      .concat("deadlineMs", "traceparent", "key", "priority", "body", "grant")
      .indexOf(field);
    fields[at] = value;
    const wire = new Packr({ useRecords: false }).pack(fields);
    expect(codeOf(() => decodeEnvelope(wire))).toBe("FRAME_MALFORMED");
    // JSON has no NaN: it comes as null, which is filled in.
    if (!Number.isNaN(value))
      expect(codeOf(() => foreign({ ...envelope, [field]: value }))).toBe("FRAME_MALFORMED");
  });

  test.each([
    ["kind", "whisper"],
    ["sentAtMs", Number.NaN],
    ["deadlineMs", Number.POSITIVE_INFINITY],
    ["key", "k".repeat(257)],
    ["priority", 2.5],
    ["grant", "two words"],
  ])("of our own with a wrong %s does not leave", (field, value) => {
    const wrong = { ...envelope, [field]: value } as Envelope;
    expect(() => encodeEnvelope(wrong)).toThrow(field);
    expect(() => encodeEnvelopeJson(wrong)).toThrow(field);
  });
});
