import { describe, expect, test } from "vitest";
import {
  actorAddress,
  decodeEnvelope,
  type Envelope,
  encodeEnvelopeJson,
  messageId,
} from "../../protocols/index.ts";
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

describe("a foreign client's JSON", () => {
  test("needs a type and a body; the rest is filled in", () => {
    expect(foreign({ type: "ping", body: { n: 1 } })).toEqual({
      kind: "message",
      id: "fresh-1",
      from: "",
      to: "",
      type: "ping",
      protocol: "",
      sentAtMs: 1_700_000_000_000,
      body: { n: 1 },
    });
  });

  test("without an id is refused where nobody fills it in", () => {
    expect(() => decodeEnvelope(utf8('{"type":"ping","body":{}}'))).toThrow("valid id");
  });

  test("may carry fields we do not know, and null for those it has not", () => {
    expect(foreign({ type: "ping", body: 1, colour: "red", key: null })).toMatchObject({
      type: "ping",
      body: 1,
    });
  });

  test.each([
    ["broken", '{"type":"ping","body":'],
    ["followed by more", '{"type":"ping","body":1} {}'],
    [
      "with an escaped __proto__ in the body",
      '{"type":"ping","body":{"a":{"\\u005f_proto__":{"polluted":1}}}}',
    ],
    ["with constructor as a field", '{"type":"ping","constructor":{},"body":1}'],
    ["with a lone surrogate", '{"type":"ping","body":"\\ud800"}'],
    ["with a number beyond all doubles", '{"type":"ping","body":1e999}'],
    ["with a type that is no text", '{"type":7,"body":1}'],
    ["without a type", '{"body":1}'],
  ])("%s is refused", (_, json) => {
    expect(codeOf(() => decodeEnvelope(utf8(json), undefined, defaults))).toBe("FRAME_MALFORMED");
  });

  test("of equal keys, the last is taken", () => {
    expect(decodeEnvelope(utf8('{"type":"ping","body":{"a":1,"a":2}}'), undefined, defaults).body).toEqual({
      a: 2,
    });
  });

  test("cannot be given bytes or bigints: the place is named", () => {
    expect(() => encodeEnvelopeJson({ ...envelope, body: { sizes: [1, 5n] } })).toThrow(
      "a bigint at body.sizes.1",
    );
    expect(() => encodeEnvelopeJson({ ...envelope, body: { raw: new Uint8Array(1) } })).toThrow(
      "bytes at body.raw",
    );
  });

  test("is held to 32 levels and 65,536 values like msgpack", () => {
    const nested = (levels: number): string =>
      `{"type":"t","body":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(codeOf(() => decodeEnvelope(utf8(nested(33)), undefined, defaults))).toBe("FRAME_MALFORMED");
    expect(decodeEnvelope(utf8(nested(32)), undefined, defaults).type).toBe("t");
    const many = `{"type":"t","body":[${"1,".repeat(70_000)}1]}`;
    expect(codeOf(() => decodeEnvelope(utf8(many), undefined, defaults))).toBe("FRAME_MALFORMED");
  });
});
