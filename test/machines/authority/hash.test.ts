import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalText, enterpriseData, hashOf, sha256 } from "../../../machines/authority/index.ts";

describe("the hash of a rule set", () => {
  test("is SHA-256, as node computes it, of any text", () => {
    const node = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
    for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1_000])
      expect(sha256("a".repeat(length))).toBe(node("a".repeat(length)));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(sha256(text)).toBe(node(text));
      }),
    );
  });

  test("is alike for equal sets, whatever the order of their keys, and differs where anything does", () => {
    const turned = Object.fromEntries(Object.entries(enterpriseData).reverse()) as typeof enterpriseData;
    expect(hashOf(turned)).toBe(hashOf(enterpriseData));
    expect(canonicalText({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    const other = structuredClone(enterpriseData);
    if (other.rules[0] !== undefined) other.rules[0].limits.cpu = 101;
    expect(hashOf(other)).not.toBe(hashOf(enterpriseData));
  });
});
