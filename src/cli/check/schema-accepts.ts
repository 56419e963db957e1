import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "../../../protocols/index.ts";

/** Whether a single value, as an enumeration names it, fits a schema. What is more than that is taken not to fit. */
export function accepts(schema: JsonSchema | boolean, value: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  const { const: only, enum: values, anyOf, oneOf, allOf } = schema;
  if ("const" in schema && !isDeepStrictEqual(only, value)) return false;
  if (Array.isArray(values) && !values.some((each) => isDeepStrictEqual(each, value))) return false;
  const parts = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined;
  if (parts !== undefined && !parts.some((part) => accepts(part, value))) return false;
  if (Array.isArray(allOf) && !allOf.every((part: JsonSchema) => accepts(part, value))) return false;
  if (schema.$ref !== undefined) return false;
  return isOfType(schema.type, value) && isWithin(schema, value);
}

function isOfType(type: unknown, value: unknown): boolean {
  if (type === undefined) return true;
  const types = Array.isArray(type) ? type : [type];
  const is = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return types.includes(is) || (types.includes("integer") && Number.isInteger(value));
}

function isWithin(schema: JsonSchema, value: unknown): boolean {
  const bound = (keyword: string, otherwise: number): number =>
    typeof schema[keyword] === "number" ? schema[keyword] : otherwise;
  if (typeof value === "number") {
    if (value < bound("minimum", -Infinity) || value > bound("maximum", Infinity)) return false;
    return value > bound("exclusiveMinimum", -Infinity) && value < bound("exclusiveMaximum", Infinity);
  }
  if (typeof value !== "string") return true;
  // Counted as JSON Schema does: in characters.
  const { length } = [...value];
  if (length < bound("minLength", 0) || length > bound("maxLength", Infinity)) return false;
  if (schema.format !== undefined) return false;
  return typeof schema.pattern !== "string" || new RegExp(schema.pattern, "u").test(value);
}
