import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "../../../protocols/index.ts";
import { accepts } from "./schema-accepts.ts";

type Schema = JsonSchema | boolean;

/**
 * In which ways a value that fits one schema may not fit another, in words: empty where whatever fits the first fits the
 * second too. Both are JSON Schema as schema libraries write it. What cannot be judged is told as a gap; properties that
 * the first does not name are taken not to be there.
 */
export function schemaGaps(from: JsonSchema, to: JsonSchema): readonly string[] {
  const gaps = new Comparison(from, to).compare(from, to, "");
  return [...new Set(gaps)];
}

/** Keywords that say nothing of what fits. */
const annotations = new Set([
  ...["$schema", "$id", "$comment", "title", "description", "default", "examples", "definitions", "$defs"],
  ...["deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "id"],
]);
/** Keywords that are compared one by one below. */
const judged = new Set([
  ...["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "required"],
  ...["additionalProperties", "items", "prefixItems", "additionalItems"],
  ...["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"],
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"],
]);
/** What is counted, and by which keywords it is bounded. */
const sizes = [
  ["characters", "minLength", "maxLength"],
  ["items", "minItems", "maxItems"],
  ["properties", "minProperties", "maxProperties"],
] as const;
const allTypes = ["null", "boolean", "object", "array", "number", "integer", "string"];
const refsMax = 32;

class Comparison {
  readonly #roots: readonly [JsonSchema, JsonSchema];
  /** Pairs that are being compared further up: a schema may refer to itself. */
  readonly #open: [Schema, Schema][] = [];

  constructor(from: JsonSchema, to: JsonSchema) {
    this.#roots = [from, to];
  }

  compare(given: Schema, wanted: Schema, path: string): string[] {
    if (this.#open.some(([from, to]) => from === given && to === wanted)) return [];
    this.#open.push([given, wanted]);
    const gaps = this.#compare(resolved(given, this.#roots[0]), resolved(wanted, this.#roots[1]), path);
    this.#open.pop();
    return gaps;
  }

  #compare(from: Schema, to: Schema, path: string): string[] {
    if (from === false || isAnything(to)) return [];
    if (to === false) return [`${at(path)} is not taken`];
    if (from === true) return [`${at(path)} may be anything`];
    const parts = alternativesOf(from);
    if (parts !== undefined) return parts.flatMap((part) => this.compare(part, to, path));
    const { allOf, anyOf, oneOf, ...rest } = to as JsonSchema;
    if (Array.isArray(allOf))
      return [rest, ...(allOf as Schema[])].flatMap((part) => this.compare(from, part, path));
    const wanted = (anyOf ?? oneOf) as Schema[] | undefined;
    if (wanted !== undefined) return this.#fitsOne(from as JsonSchema, wanted, rest, path);
    return this.#plain(from as JsonSchema, to as JsonSchema, path);
  }

  #fitsOne(from: JsonSchema, wanted: readonly Schema[], rest: JsonSchema, path: string): string[] {
    const others = this.compare(from, rest, path);
    const gaps = wanted.map((each) => this.compare(from, each, path));
    if (gaps.some((each) => each.length === 0)) return others;
    // Where only one is of its kind, that is the one it was meant to fit.
    const near = gaps.filter((_, i) => sharesType(from, resolved(wanted[i] ?? true, this.#roots[1])));
    if (near.length === 1) return [...others, ...(near[0] ?? [])];
    return [...others, `${at(path)} may be ${nameOf(from)}, which fits none of what is taken`];
  }

  #plain(from: JsonSchema, to: JsonSchema, path: string): string[] {
    const values = valuesOf(from);
    if (values !== undefined) {
      const refused = values.filter((value) => !accepts(to, value));
      return refused.length === 0 ? [] : [`${at(path)} may be ${refused.map(text).join(", ")}`];
    }
    const taken = valuesOf(to);
    if (taken !== undefined) return [`${at(path)} may be other than ${taken.map(text).join(", ")}`];
    const missing = typesOf(from).filter((type) => !hasType(to, type));
    if (missing.length > 0) {
      const anything = from.type === undefined;
      return [`${at(path)} may be ${anything ? "anything" : missing.map(nameOfType).join(" or ")}`];
    }
    return [
      ...bounds(from, to, path),
      ...this.#objects(from, to, path),
      ...this.#arrays(from, to, path),
      ...others(from, to, path),
    ];
  }

  #objects(from: JsonSchema, to: JsonSchema, path: string): string[] {
    if (!typesOf(from).includes("object")) return [];
    const required = new Set(listOf(from.required));
    const gaps = listOf(to.required)
      .filter((name) => !required.has(name))
      .map((name) => `${at(below(path, name))} may be missing`);
    const [was, is] = [propertiesOf(from), propertiesOf(to)];
    const furtherFrom = (from.additionalProperties ?? true) as Schema;
    const furtherTo = (to.additionalProperties ?? true) as Schema;
    for (const [name, schema] of Object.entries(was))
      gaps.push(...this.compare(schema, own(is, name) ?? furtherTo, below(path, name)));
    if (typeof furtherFrom === "object" && Object.keys(furtherFrom).length > 0) {
      for (const [name, schema] of Object.entries(is))
        if (own(was, name) === undefined) gaps.push(...this.compare(furtherFrom, schema, below(path, name)));
      gaps.push(...this.compare(furtherFrom, furtherTo, below(path, "*")));
    } else if (furtherFrom !== false && furtherTo === false) {
      gaps.push(`${at(path)} may have further properties`);
    } else if (furtherFrom !== false && typeof furtherTo === "object" && !isAnything(furtherTo)) {
      gaps.push(`${at(below(path, "*"))} may be anything`);
    }
    return gaps;
  }

  #arrays(from: JsonSchema, to: JsonSchema, path: string): string[] {
    if (!typesOf(from).includes("array")) return [];
    const [was, is] = [itemsOf(from), itemsOf(to)];
    const length = Math.max(was.first.length, is.first.length);
    const gaps: string[] = [];
    for (let i = 0; i < length; i++)
      gaps.push(...this.compare(was.first[i] ?? was.rest, is.first[i] ?? is.rest, below(path, String(i))));
    return [...gaps, ...this.compare(was.rest, is.rest, below(path, "*"))];
  }
}

function bounds(from: JsonSchema, to: JsonSchema, path: string): string[] {
  const [was, is] = [numbersOf(from), numbersOf(to)];
  const gaps: string[] = [];
  const gap = (holds: boolean, says: string): void => {
    if (!holds) gaps.push(`${at(path)} ${says}`);
  };
  const lowest = Math.max(was("minimum", -Infinity), was("exclusiveMinimum", -Infinity));
  const highest = Math.min(was("maximum", Infinity), was("exclusiveMaximum", Infinity));
  const least = is("minimum", -Infinity);
  const most = is("maximum", Infinity);
  gap(lowest >= least, `may be below ${least}`);
  gap(highest <= most, `may be above ${most}`);
  const above = is("exclusiveMinimum", -Infinity);
  const under = is("exclusiveMaximum", Infinity);
  gap(was("exclusiveMinimum", -Infinity) >= above || lowest > above, `may be ${above} or below`);
  gap(was("exclusiveMaximum", Infinity) <= under || highest < under, `may be ${under} or above`);
  for (const [what, shortest, longest] of sizes) {
    gap(was(shortest, 0) >= is(shortest, 0), `may have fewer than ${is(shortest, 0)} ${what}`);
    gap(was(longest, Infinity) <= is(longest, Infinity), `may have more than ${is(longest, 0)} ${what}`);
  }
  const step = is("multipleOf", 0);
  gap(step === 0 || was("multipleOf", Number.NaN) % step === 0, `may be no multiple of ${step}`);
  return gaps;
}

function numbersOf(schema: JsonSchema): (keyword: string, otherwise: number) => number {
  return (keyword, otherwise) => {
    const value = schema[keyword];
    return typeof value === "number" ? value : otherwise;
  };
}

/** Of the rest it is only known whether it is the same. */
function others(from: JsonSchema, to: JsonSchema, path: string): string[] {
  return Object.entries(to)
    .filter(([keyword]) => !annotations.has(keyword) && !judged.has(keyword))
    .filter(([keyword, value]) => !isDeepStrictEqual(from[keyword], value))
    .map(([keyword, value]) => `${at(path)} may not fit ${keyword} ${text(value)}`);
}

function at(path: string): string {
  return path === "" ? "it" : `\`${path}\``;
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? "undefined";
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}

/** With the schema in place of a reference to it. */
function resolved(schema: Schema, root: JsonSchema): Schema {
  let found = schema;
  for (let hops = 0; hops < refsMax && typeof found === "object" && typeof found.$ref === "string"; hops++) {
    const steps = found.$ref.slice(1).split("/").slice(1);
    let target: unknown = root;
    for (const step of steps) {
      const name = decodeURIComponent(step).replace(/~1/g, "/").replace(/~0/g, "~");
      target = own((target ?? {}) as Readonly<Record<string, unknown>>, name);
    }
    if (!found.$ref.startsWith("#") || target === undefined) return { $ref: found.$ref, unknown: true };
    found = target as Schema;
  }
  return found;
}

function isAnything(schema: Schema): boolean {
  if (typeof schema === "boolean") return schema;
  return Object.keys(schema).every((keyword) => annotations.has(keyword));
}

/** What a value is one of, each of them whole. */
function alternativesOf(schema: Schema): readonly Schema[] | undefined {
  if (typeof schema === "boolean") return undefined;
  const { anyOf, oneOf, allOf, ...rest } = schema;
  const parts = (anyOf ?? oneOf) as Schema[] | undefined;
  if (parts !== undefined)
    return parts.map((part) => joined(part, { ...rest, ...(allOf === undefined ? {} : { allOf }) }));
  if (Array.isArray(allOf))
    return [(allOf as Schema[]).reduce((sum, part) => joined(part, sum as JsonSchema), rest as Schema)];
  if (Array.isArray(rest.type)) return rest.type.map((type) => ({ ...rest, type }));
  return undefined;
}

/** Both at once, where they say nothing of the same; what both say of objects is put together. */
function joined(part: Schema, rest: JsonSchema): Schema {
  if (typeof part === "boolean") return part ? rest : false;
  const both = { ...rest, ...part } as Record<string, unknown>;
  if (rest.properties !== undefined && part.properties !== undefined)
    both.properties = { ...propertiesOf(rest), ...propertiesOf(part) };
  if (rest.required !== undefined && part.required !== undefined)
    both.required = [...new Set([...listOf(rest.required), ...listOf(part.required)])];
  return both;
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function typesOf({ type }: JsonSchema): readonly string[] {
  if (type === undefined) return allTypes;
  return Array.isArray(type) ? (type as string[]) : [String(type)];
}

function hasType(schema: JsonSchema, type: string): boolean {
  const types = typesOf(schema);
  return types.includes(type) || (type === "integer" && types.includes("number"));
}

function sharesType(from: JsonSchema, to: Schema): boolean {
  return typeof to === "object" && to.type !== undefined && typesOf(from).some((type) => hasType(to, type));
}

function nameOf(schema: JsonSchema): string {
  return schema.type === undefined ? "anything" : typesOf(schema).map(nameOfType).join(" or ");
}

function nameOfType(type: string): string {
  if (type === "null") return "null";
  if (type === "integer") return "a whole number";
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

function itemsOf({ items, prefixItems, additionalItems }: JsonSchema): {
  readonly first: readonly Schema[];
  readonly rest: Schema;
} {
  if (Array.isArray(items)) return { first: items as Schema[], rest: (additionalItems ?? true) as Schema };
  return { first: (prefixItems ?? []) as Schema[], rest: (items ?? true) as Schema };
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, Schema>> {
  return (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

function own<V>(table: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
