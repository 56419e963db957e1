import { CoxswainError } from "../../../protocols/index.ts";

const depthMax = 200;

/**
 * Plain data as text: equal texts, equal data. Finer than JSON: `undefined`, `NaN`, bigints, dates, maps, sets
 * and errors are told apart. The order of an object's keys counts, because code can see it.
 *
 * @throws OPTION_INVALID for a function, a symbol, an instance of a class without `toJSON`, or a value that contains itself.
 */
export function identityOf(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return String(value);
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : objectText(value, depth);
    default:
      throw new CoxswainError("OPTION_INVALID", `Expected plain data in a state, got a ${typeof value}`);
  }
}

function objectText(value: object, depth: number): string {
  if (depth > depthMax) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected a state at most ${depthMax} levels deep; it may contain itself`,
    );
  }
  const text = (inner: unknown): string => identityOf(inner, depth + 1);
  if (Array.isArray(value)) return `[${value.map(text).join()}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${(value as Int32Array).join()}]`;
  if (value instanceof Map) return `Map{${[...value].map(([k, v]) => `${text(k)}:${text(v)}`).join()}}`;
  if (value instanceof Set) return `Set{${[...value].map(text).join()}}`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Error) return errorText(value, text);
  if ("toJSON" in value && typeof value.toJSON === "function") return `JSON(${text(value.toJSON())})`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // What is private to it would be overlooked, and two states taken for one.
    const name = value.constructor.name;
    throw new CoxswainError("OPTION_INVALID", `Expected plain data in a state, got an instance of ${name}`);
  }
  return `{${Object.keys(value)
    .map((key) => `${JSON.stringify(key)}:${text((value as Record<string, unknown>)[key])}`)
    .join()}}`;
}

function errorText(error: Error, text: (inner: unknown) => string): string {
  const { code, details } = error as { code?: unknown; details?: unknown };
  return `Error${text([error.name, error.message, code, details])}`;
}
