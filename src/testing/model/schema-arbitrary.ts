import { createRequire } from "node:module";
import type * as FastCheck from "fast-check";
import { CoxswainError, type JsonSchema } from "../../../protocols/index.ts";

type Arbitrary = FastCheck.Arbitrary<unknown>;

/** How deep a schema that contains itself is followed. */
const depthMax = 4;

/** Loaded only where payloads are made: it is an optional peer. @throws OPTION_INVALID if it is not installed */
export function fastCheck(): typeof FastCheck {
  try {
    return createRequire(import.meta.url)("fast-check") as typeof FastCheck;
  } catch (error) {
    throw new CoxswainError(
      "OPTION_INVALID",
      "Expected payloads for every message, or fast-check to make them from the protocol: npm install --save-dev fast-check",
      { cause: error },
    );
  }
}

/** Values that a JSON Schema (draft 7) describes. What it cannot say, such as a refinement, is not heeded. */
export function arbitraryOf(schema: JsonSchema, fc: typeof FastCheck = fastCheck()): Arbitrary {
  return new Arbitraries(schema, fc).of(schema, 0);
}

class Arbitraries {
  readonly #root: JsonSchema;
  readonly #fc: typeof FastCheck;

  constructor(root: JsonSchema, fc: typeof FastCheck) {
    this.#root = root;
    this.#fc = fc;
  }

  of(schema: unknown, depth: number): Arbitrary {
    const fc = this.#fc;
    if (typeof schema !== "object" || schema === null) return this.#anything();
    const given = schema as JsonSchema;
    if (typeof given.$ref === "string")
      return depth > 2 * depthMax ? fc.constant(null) : this.#referred(given.$ref, depth);
    if ("const" in given) return fc.constant(given.const);
    if (Array.isArray(given.enum)) return fc.constantFrom(...given.enum);
    const choices = given.anyOf ?? given.oneOf;
    if (Array.isArray(choices)) return fc.oneof(...this.#fitting(choices, depth));
    if (Array.isArray(given.allOf)) return this.#all(given.allOf, depth);
    const types = [given.type].flat();
    if (types.length > 1) return fc.oneof(...types.map((type) => this.of({ ...given, type }, depth)));
    switch (types[0]) {
      case "object":
        return this.#object(given, depth);
      case "array":
        return this.#array(given, depth);
      case "string":
        return this.#string(given);
      case "integer":
        return fc.integer(rangeOf(given, 1));
      case "number":
        return this.#number(given);
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      default:
        return this.#anything();
    }
  }

  #anything(): Arbitrary {
    return this.#fc.oneof(this.#fc.constant("anything"), this.#fc.jsonValue({ maxDepth: 1 }));
  }

  #referred(pointer: string, depth: number): Arbitrary {
    const path = pointer.split("/").slice(1);
    let at: unknown = this.#root;
    for (const key of path)
      at = (at as JsonSchema | undefined)?.[key.replaceAll("~1", "/").replaceAll("~0", "~")];
    return this.of(at, depth + 1);
  }

  /** Of the choices, those that do not lead deeper, where it is deep already. */
  #fitting(choices: readonly unknown[], depth: number): Arbitrary[] {
    const flat = choices.filter((choice) => !("$ref" in (choice as JsonSchema)));
    const fitting = depth > depthMax && flat.length > 0 ? flat : choices;
    return fitting.map((choice) => this.of(choice, depth));
  }

  #all(parts: readonly unknown[], depth: number): Arbitrary {
    const made = parts.map((part) => this.of(part, depth));
    return this.#fc.tuple(...made).map((values) => {
      const objects = values.every((value) => typeof value === "object" && value !== null);
      return objects ? Object.assign({}, ...(values as object[])) : values[0];
    });
  }

  #object(schema: JsonSchema, depth: number): Arbitrary {
    const fc = this.#fc;
    const properties = (schema.properties ?? {}) as JsonSchema;
    const required = (schema.required ?? []) as string[];
    const optional = (key: string): boolean => !required.includes(key);
    const kept = Object.keys(properties).filter((key) => depth <= depthMax || !optional(key));
    const model = Object.fromEntries(kept.map((key) => [key, this.of(properties[key], depth + 1)]));
    const own = fc.record(model, {
      requiredKeys: kept.filter((key) => !optional(key)),
      noNullPrototype: true,
    });
    const { additionalProperties: more } = schema;
    if (typeof more !== "object" || more === null) return own;
    const names = this.of(
      (schema.propertyNames as JsonSchema) ?? { type: "string", minLength: 1, maxLength: 8 },
      depth + 1,
    );
    const others = fc.dictionary(names as FastCheck.Arbitrary<string>, this.of(more, depth + 1), {
      maxKeys: 3,
      noNullPrototype: true,
    });
    return fc.tuple(others, own).map(([a, b]) => ({ ...a, ...b }));
  }

  #array(schema: JsonSchema, depth: number): Arbitrary {
    const fc = this.#fc;
    if (Array.isArray(schema.items)) return fc.tuple(...schema.items.map((item) => this.of(item, depth + 1)));
    const { minItems = 0 } = schema as { minItems?: number };
    const maxLength = Math.min(Number(schema.maxItems ?? Number.POSITIVE_INFINITY), Math.max(minItems, 3));
    if (depth > depthMax && minItems === 0) return fc.constant([]);
    const item = this.of(schema.items ?? {}, depth + 1);
    return fc.array(item, { minLength: minItems, maxLength });
  }

  #string(schema: JsonSchema): Arbitrary {
    const fc = this.#fc;
    if (schema.format === "uuid") return fc.uuid();
    if (schema.format === "email") return fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.org$/);
    if (schema.format === "uri") return fc.webUrl();
    if (schema.format === "date-time")
      return fc
        .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
        .map((date) => date.toISOString());
    if (typeof schema.pattern === "string") return fc.stringMatching(new RegExp(schema.pattern));
    const { minLength = 0 } = schema as { minLength?: number };
    const maxLength = Math.min(Number(schema.maxLength ?? Number.POSITIVE_INFINITY), Math.max(minLength, 12));
    // Mostly words, so that whoever reads the name of a test can.
    const word = fc.string({ unit: fc.constantFrom(..."abcdefghij"), minLength, maxLength });
    return fc.oneof({ arbitrary: word, weight: 4 }, fc.string({ minLength, maxLength }));
  }

  #number(schema: JsonSchema): Arbitrary {
    const fc = this.#fc;
    const { min, max } = rangeOf(schema, 0);
    const excluded = { minExcluded: "exclusiveMinimum" in schema, maxExcluded: "exclusiveMaximum" in schema };
    const any = fc.double({ min, max, ...excluded, noNaN: true, noDefaultInfinity: true });
    const whole = {
      min: excluded.minExcluded ? Math.floor(min) + 1 : Math.ceil(min),
      max: excluded.maxExcluded ? Math.ceil(max) - 1 : Math.floor(max),
    };
    return whole.min > whole.max ? any : fc.oneof(fc.integer(whole), any);
  }
}

/** @param step what an exclusive bound is moved by. */
function rangeOf(schema: JsonSchema, step: 0 | 1): { min: number; max: number } {
  const bound = (inclusive: string, exclusive: string, by: number, otherwise: number): number => {
    if (typeof schema[inclusive] === "number") return schema[inclusive];
    return typeof schema[exclusive] === "number" ? schema[exclusive] + by : otherwise;
  };
  const min = bound("minimum", "exclusiveMinimum", step, Number.NEGATIVE_INFINITY);
  const max = bound("maximum", "exclusiveMaximum", -step, Number.POSITIVE_INFINITY);
  // Where a side is open, values that people can read.
  return {
    min: Math.max(min, Math.min(-1_000, max - 1_000)),
    max: Math.min(max, Math.max(1_000, min + 1_000)),
  };
}
