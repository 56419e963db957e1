import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type JsonSchema, writeSchema } from "../../../../protocols/index.ts";
import { schemaGaps } from "../../../../src/cli/check/schema-gaps.ts";

const json = (schema: z.ZodType): JsonSchema => writeSchema(schema, "input") ?? {};
const gaps = (from: z.ZodType, to: z.ZodType): readonly string[] => schemaGaps(json(from), json(to));

const tree: z.ZodType = z.object({ name: z.string(), children: z.lazy(() => z.array(tree)) });
const wideTree: z.ZodType = z.object({
  name: z.string().optional(),
  children: z.lazy(() => z.array(wideTree)),
});

describe("what fits the first fits the second", () => {
  it.each<[string, z.ZodType, z.ZodType]>([
    ["the same", z.object({ a: z.string() }), z.object({ a: z.string() })],
    [
      "an optional property more",
      z.object({ a: z.string() }),
      z.object({ a: z.string(), b: z.number().optional() }),
    ],
    ["a property less", z.object({ a: z.string(), b: z.number() }), z.object({ a: z.string() })],
    ["optional instead of required", z.object({ a: z.string() }), z.object({ a: z.string().optional() })],
    ["a default instead of required", z.object({ a: z.string() }), z.object({ a: z.string().default("x") })],
    ["null as well", z.string(), z.string().nullable()],
    ["any number instead of whole ones", z.int(), z.number()],
    ["wider bounds", z.number().min(2).max(5), z.number().min(1).max(9)],
    ["a bound that another implies", z.number().gt(2), z.number().min(2)],
    ["a longer text", z.string().min(2).max(5), z.string().max(6)],
    ["one more value", z.enum(["a", "b"]), z.enum(["a", "b", "c"])],
    ["any text instead of values", z.enum(["a", "b"]), z.string()],
    ["values that fit the bounds", z.enum(["ab", "cd"]), z.string().min(2)],
    [
      "an alternative more",
      z.union([z.string(), z.number()]),
      z.union([z.boolean(), z.number(), z.string()]),
    ],
    [
      "one of the alternatives",
      z.object({ a: z.string() }),
      z.union([z.object({ a: z.string() }), z.null()]),
    ],
    [
      "a kind more",
      z.discriminatedUnion("k", [z.object({ k: z.literal("a") })]),
      z.discriminatedUnion("k", [
        z.object({ k: z.literal("a") }),
        z.object({ k: z.literal("b"), n: z.number() }),
      ]),
    ],
    ["a record of more", z.record(z.string(), z.int()), z.record(z.string(), z.number())],
    ["a longer list of more", z.array(z.int()).max(3), z.array(z.number()).max(5)],
    ["a tuple as a list", z.tuple([z.string(), z.string()]), z.array(z.string())],
    ["anything", z.object({ a: z.string() }), z.unknown()],
    ["one that contains itself", tree, wideTree],
    ["a multiple", z.number().multipleOf(6), z.number().multipleOf(3)],
    ["another name and words", z.string().describe("a"), z.string().describe("b")],
  ])("%s", (_, from, to) => expect(gaps(from, to)).toEqual([]));
});

describe("what fits the first may not fit the second", () => {
  it.each<[string, z.ZodType, z.ZodType, string | RegExp]>([
    ["required and new", z.object({}), z.object({ a: z.string() }), "`a` may be missing"],
    [
      "required and optional before",
      z.object({ a: z.string().optional() }),
      z.object({ a: z.string() }),
      "`a` may be missing",
    ],
    ["another type", z.object({ a: z.string() }), z.object({ a: z.number() }), "`a` may be a string"],
    [
      "deep within",
      z.object({ a: z.array(z.object({ b: z.string() })) }),
      z.object({ a: z.array(z.object({ b: z.int() })) }),
      "`a.*.b` may be a string",
    ],
    ["null no more", z.string().nullable(), z.string(), "it may be null"],
    ["whole numbers only", z.number(), z.int(), /it may be a number/],
    ["a lower bound", z.number(), z.number().min(3), "it may be below 3"],
    ["an upper bound", z.number().max(9), z.number().max(5), "it may be above 5"],
    ["a bound that is not included", z.number().min(3), z.number().gt(3), "it may be 3 or below"],
    ["a shorter text", z.string().max(9), z.string().max(5), "it may have more than 5 characters"],
    ["a longer text", z.string(), z.string().min(1), "it may have fewer than 1 characters"],
    ["a pattern", z.string(), z.string().regex(/^a/), /it may not fit pattern/],
    ["a value less", z.enum(["a", "b"]), z.enum(["a"]), 'it may be "b"'],
    ["values instead of any text", z.string(), z.enum(["a", "b"]), 'it may be other than "a", "b"'],
    ["values that break a bound", z.enum(["a", "bcd"]), z.string().min(2), 'it may be "a"'],
    ["an alternative less", z.union([z.string(), z.number()]), z.string(), "it may be a number"],
    [
      "a kind less",
      z.union([z.object({ k: z.literal("a") }), z.object({ k: z.literal("b") })]),
      z.object({ k: z.literal("a") }),
      '`k` may be "b"',
    ],
    [
      "strict now",
      z.object({ a: z.string() }),
      z.strictObject({ a: z.string() }),
      "it may have further properties",
    ],
    [
      "strict without a property",
      z.strictObject({ a: z.string(), b: z.string() }),
      z.strictObject({ a: z.string() }),
      "`b` is not taken",
    ],
    [
      "a record of less",
      z.record(z.string(), z.number()),
      z.record(z.string(), z.int()),
      /`\*` may be a number/,
    ],
    ["a list of less", z.array(z.string()), z.array(z.enum(["a"])), '`*` may be other than "a"'],
    ["fewer items", z.array(z.string()).max(3), z.array(z.string()).max(2), "it may have more than 2 items"],
    ["anything before", z.unknown(), z.string(), "it may be anything"],
    ["no multiple", z.number().multipleOf(3), z.number().multipleOf(6), "it may be no multiple of 6"],
    [
      "an optional object that wants more",
      z.object({ o: z.object({}).optional() }),
      z.object({ o: z.object({ a: z.string() }).optional() }),
      "`o.a` may be missing",
    ],
    [
      "nullable and more within",
      z.object({ a: z.string() }).nullable(),
      z.object({ a: z.string().min(1) }).nullable(),
      "`a` may have fewer than 1 characters",
    ],
  ])("%s", (_, from, to, says) => {
    const found = gaps(from, to);
    expect(found).toHaveLength(1);
    if (typeof says === "string") expect(found[0]).toBe(says);
    else expect(found[0]).toMatch(says);
  });

  it("one that contains itself, told once for each place it is looked at", () => {
    expect(gaps(wideTree, tree)).toEqual(["`name` may be missing", "`children.*.name` may be missing"]);
  });

  it("what it cannot judge is told, and a reference to elsewhere", () => {
    expect(schemaGaps({ type: "string" }, { type: "string", contentSchema: {} })).toHaveLength(1);
    expect(schemaGaps({ type: "string" }, { $ref: "https://elsewhere/a" })).toHaveLength(1);
  });
});

/** A schema, and values that fit it. */
interface Pair {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<unknown>;
}

const bounded = (max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.nat(max), fc.nat(max)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  bounded(6).map(([min, max]) => ({
    schema: z.string().min(min).max(max),
    values: fc.string({ minLength: min, maxLength: max, unit: "grapheme-ascii" }),
  })),
  bounded(9).map(([min, max]) => ({ schema: z.int().min(min).max(max), values: fc.integer({ min, max }) })),
  bounded(9).map(([min, max]) => ({
    schema: z
      .number()
      .gt(min)
      .lt(max + 1),
    values: fc.double({ min, max: max + 1, minExcluded: true, maxExcluded: true, noNaN: true }),
  })),
  fc.uniqueArray(fc.constantFrom("a", "b", "cc", "dd"), { minLength: 1 }).map((words) => ({
    schema: z.enum(words as [string, ...string[]]),
    values: fc.constantFrom(...words),
  })),
  fc.constant({ schema: z.null(), values: fc.constant(null) }),
  fc.constant({ schema: z.boolean(), values: fc.boolean() }),
);

const { pair } = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.tuple(tie("pair"), tie("pair")).map(([one, other]) => ({
      schema: z.union([one.schema, other.schema]),
      values: fc.oneof(one.values, other.values),
    })),
    fc.tuple(tie("pair"), bounded(3)).map(([item, [minLength, maxLength]]) => ({
      schema: z.array(item.schema).min(minLength).max(maxLength),
      values: fc.array(item.values, { minLength, maxLength }),
    })),
    fc
      .tuple(fc.dictionary(fc.constantFrom("p", "q", "r"), fc.tuple(tie("pair"), fc.boolean())), fc.boolean())
      .map(([parts, strict]) => {
        const shape = Object.entries(parts).map(([name, [part, required]]): [string, z.ZodType] => [
          name,
          required ? part.schema : part.schema.optional(),
        ]);
        const object = Object.fromEntries(shape);
        return {
          schema: strict ? z.strictObject(object) : z.object(object),
          values: fc.record(
            Object.fromEntries(Object.entries(parts).map(([name, [part]]) => [name, part.values])),
            {
              requiredKeys: Object.entries(parts).flatMap(([name, [, required]]) => (required ? [name] : [])),
            },
          ),
        };
      }),
  ),
}));

it("no value that fits one schema is refused by another to which there is no gap", () => {
  let compared = 0;
  fc.assert(
    fc.property(pair, pair, fc.infiniteStream(fc.nat()), (from, to, seeds) => {
      // A union takes one of both at least, so that many pairs have no gap.
      for (const wanted of [to.schema, z.union([to.schema, from.schema])]) {
        if (gaps(from.schema, wanted).length > 0) continue;
        compared++;
        const seed = seeds.next().value as number;
        for (const value of fc.sample(from.values, { numRuns: 8, seed })) {
          expect(wanted.safeParse(value).success, JSON.stringify(value)).toBe(true);
        }
      }
    }),
    { numRuns: 400 },
  );
  expect(compared).toBeGreaterThan(300);
});

it("there is no gap from any schema to itself", () => {
  fc.assert(
    fc.property(pair, ({ schema }) => {
      expect(gaps(schema, schema)).toEqual([]);
    }),
  );
});
