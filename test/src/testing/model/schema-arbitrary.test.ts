import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { arbitraryOf } from "../../../../src/testing/model/schema-arbitrary.ts";

const tree: z.ZodType = z.lazy(() => z.object({ name: z.string(), below: z.array(tree) }));

const schemas: Readonly<Record<string, z.ZodType>> = {
  text: z.string().min(2).max(5),
  "a pattern": z.string().regex(/^[a-c]{2}-\d+$/),
  "an id": z.uuid(),
  "an address": z.email(),
  "a link": z.url(),
  "a time": z.iso.datetime(),
  "a whole number": z.number().int().min(-3).max(7),
  "a number above": z.number().gt(2).lt(2.5),
  truth: z.boolean(),
  nothing: z.null(),
  "one of a few": z.enum(["red", "green", "blue"]),
  "a constant": z.literal("only"),
  "this or that": z.union([z.object({ a: z.number() }), z.string()]),
  both: z.intersection(z.object({ a: z.number() }), z.object({ b: z.string() })),
  "told apart": z.discriminatedUnion("ok", [
    z.object({ ok: z.literal(true), value: z.number() }),
    z.object({ ok: z.literal(false), reason: z.string() }),
  ]),
  "a list": z.array(z.number()).min(1).max(2),
  "a pair": z.tuple([z.string(), z.number()]),
  "what may be absent": z.object({ a: z.string(), b: z.number().optional() }),
  "by name": z.record(z.string(), z.number()),
  whatever: z.unknown(),
  "one within itself": tree,
};

const samples = (schema: z.ZodType, numRuns = 200): unknown[] =>
  fc.sample(arbitraryOf(z.toJSONSchema(schema, { target: "draft-7", io: "input" })), { numRuns, seed: 1 });

describe("payloads made of a schema", () => {
  test.each(Object.entries(schemas))("fit it: %s", (_, schema) => {
    const misfits = samples(schema).filter((value) => !schema.safeParse(value).success);
    expect(misfits).toEqual([]);
  });

  test("show each of a few, both of two, and what may be absent there and not", () => {
    const shown = (name: string): unknown[] => samples(schemas[name] as z.ZodType);
    expect(new Set(shown("one of a few"))).toEqual(new Set(["red", "green", "blue"]));
    expect(new Set(shown("truth"))).toEqual(new Set([true, false]));
    expect(new Set(shown("a whole number")).size).toBe(11);
    expect(new Set(shown("this or that").map((value) => typeof value))).toEqual(
      new Set(["object", "string"]),
    );
    const absent = shown("what may be absent").map((value) => "b" in (value as object));
    expect(new Set(absent)).toEqual(new Set([true, false]));
  });

  test("are the same for the same seed", () => {
    expect(samples(schemas["told apart"] as z.ZodType)).toEqual(samples(schemas["told apart"] as z.ZodType));
  });
});
