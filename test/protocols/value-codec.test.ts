import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyPlain, decodeValue, encodeValue } from "../../protocols/index.ts";
import { anything, plain } from "./arbitrary.ts";
import { codeOf } from "./code-of.ts";

describe("a value", () => {
  test("is the same whether it was copied, or encoded and decoded; or both refuse it alike", () => {
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(value !== undefined);
        const copied = codeOf(() => copyPlain(value));
        const wire = codeOf(() => encodeValue(value));
        if (typeof copied === "string" || typeof wire === "string") {
          expect(wire).toBe(copied);
          return;
        }
        const bytes = wire.value as Uint8Array;
        const copy = copied.value as { value: unknown; bytes: number };
        expect(decodeValue(bytes)).toStrictEqual(copy.value);
        expect(copy.bytes).toBe(bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });

  test("survives encoding and decoding when it is plain data", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value);
        // Read from a Buffer inside a larger one, as from a socket.
        const socket = Buffer.concat([Buffer.alloc(3, 0xc1), encodeValue(value), Buffer.alloc(3, 0xc1)]);
        expect(decodeValue(socket.subarray(3, -3))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  test("copied shares nothing that can change with its original", () => {
    const original = { list: [{ n: 1 }], bytes: new Uint8Array([1]) };
    const copy = copyPlain(original).value as typeof original;
    (original.list[0] as { n: number }).n = 2;
    original.bytes[0] = 2;
    expect(copy).toEqual({ list: [{ n: 1 }], bytes: new Uint8Array([1]) });
  });

  class Boat {
    name = "x";
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  test.each<[string, unknown, string]>([
    ["a function", { run: () => 1 }, "body.run"],
    ["a symbol", [Symbol("s")], "body.0"],
    ["a class instance", { deck: [{ boat: new Boat() }] }, "body.deck.0.boat"],
    ["a Date", { at: new Date(0) }, "epoch milliseconds at body.at"],
    ["a Map", { map: new Map() }, "an instance of Map at body.map"],
    ["a subclass of Array", new (class Crew extends Array {})(), "an instance of Crew at body"],
    ["a hole in an array", new Array(2), "body.0"],
    ["NaN", { n: Number.NaN }, "body.n"],
    ["a bigint of 65 bits", { n: 2n ** 64n }, "body.n"],
    ["a lone surrogate", { text: "ok\ud800ok" }, "body.text"],
    ["a lone surrogate in a long text", { text: `${"x".repeat(100)}\udc00` }, "body.text"],
    ["a key that reaches a prototype", JSON.parse('{"a":{"__proto__":1}}'), "body.a"],
    ["a cycle", cycle, "no cycle"],
    ["more values than allowed", new Array(70_000).fill(1), "65536 values"],
    [
      "a getter that throws",
      Object.defineProperty({}, "x", { enumerable: true, get: () => JSON.parse("{") }),
      "throws when",
    ],
  ])("that holds %s is refused, and the place is named", (_, value, says) => {
    for (const take of [copyPlain, encodeValue]) {
      expect(codeOf(() => take(value))).toBe("MESSAGE_INVALID");
      expect(() => take(value)).toThrow(says);
    }
  });

  test("an undefined property is left out, -0 is 0, and a Buffer arrives as a Uint8Array", () => {
    const value = { gone: undefined, zero: -0, raw: Buffer.from([1]) };
    const expected = { zero: 0, raw: new Uint8Array([1]) };
    expect(copyPlain(value).value).toStrictEqual(expected);
    expect(decodeValue(encodeValue(value))).toStrictEqual(expected);
  });

  test("beyond the size limit is refused before it is built", () => {
    for (const value of [
      "x".repeat(2_000_000),
      new Uint8Array(2_000_000),
      new Array(20).fill("y".repeat(90_000)),
    ]) {
      expect(codeOf(() => copyPlain(value))).toBe("PAYLOAD_TOO_LARGE");
      expect(codeOf(() => encodeValue(value))).toBe("PAYLOAD_TOO_LARGE");
    }
    expect(codeOf(() => encodeValue("x".repeat(100), { bytesMax: 100 }))).toBe("PAYLOAD_TOO_LARGE");
    expect(codeOf(() => decodeValue(new Uint8Array(2_000_000)))).toBe("PAYLOAD_TOO_LARGE");
  });

  test("after a refusal, the next one is encoded as if nothing had been", () => {
    expect(codeOf(() => encodeValue({ big: "x".repeat(100_000), zlast: () => 1 }))).toBe("MESSAGE_INVALID");
    expect(decodeValue(encodeValue({ fine: true }))).toEqual({ fine: true });
  });
});
