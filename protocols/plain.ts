import { quote } from "./address.ts";
import { CoxswainError, isCoxswainError } from "./errors.ts";

/** What one body may cost, wherever it comes from. */
export interface Limits {
  /** Encoded size in bytes; 1 MiB, as a NATS server's default `max_payload`. */
  readonly bytesMax: number;
  /** Arrays and objects inside each other. A cycle is found by this. */
  readonly depthMax: number;
  /** Values, elements and keys in all. */
  readonly nodesMax: number;
}

export const limitsDefault: Limits = Object.freeze({ bytesMax: 1_048_576, depthMax: 32, nodesMax: 65_536 });

export function withDefaults(given: Partial<Limits> | undefined): Limits {
  return given === undefined ? limitsDefault : { ...limitsDefault, ...given };
}

/** Keys that reach a prototype in somebody's careless `Object.assign`; no body has them, from nobody. */
export function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

// The way to the value in hand, one key a level: written while walking, read only by a refusal.
const path: (string | number)[] = new Array(64).fill("");
let limits = limitsDefault;
let nodes = 0;
let bytes = 0;

/**
 * A copy that shares nothing mutable with the original, and the exact size of its msgpack form:
 * what encoding and decoding would give, without the bytes. It refuses what they refuse.
 *
 * Plain data is: strings without lone surrogates, finite numbers, bigints of 64 bits, booleans, null,
 * `Uint8Array`, arrays, and objects of no class. A property that is `undefined` is left out, -0 is 0
 * and a `Buffer` arrives as a `Uint8Array`; all else is refused, `Date` too: send epoch milliseconds.
 * As in JSON, keys that are symbols and names hung on an array are no data and stay behind.
 *
 * @throws MESSAGE_INVALID naming the path; PAYLOAD_TOO_LARGE
 */
export function copyPlain(
  value: unknown,
  given?: Partial<Limits>,
): { readonly value: unknown; readonly bytes: number } {
  const allowed = withDefaults(given);
  limits = allowed;
  nodes = 1;
  bytes = 0;
  try {
    const copy = value === undefined ? undefined : copyValue(value, 0);
    if (bytes > allowed.bytesMax) throw tooLarge(bytes, allowed);
    return { value: copy, bytes };
  } catch (thrown) {
    throw asRefusal(thrown);
  }
}

/** What a getter or a proxy throws while it is read is the sender's fault too. */
export function asRefusal(thrown: unknown): CoxswainError {
  if (isCoxswainError(thrown)) return thrown;
  return new CoxswainError(
    "MESSAGE_INVALID",
    "Expected plain data, got an object that throws when it is read",
    {
      cause: thrown,
    },
  );
}

function copyValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
      bytes += stringSize(value, depth);
      return value;
    case "number":
      bytes += numberSize(value, depth);
      return value === 0 ? 0 : value;
    case "boolean":
      bytes += 1;
      return value;
    case "bigint":
      checkBigint(value, depth);
      bytes += 9;
      return value;
    case "object":
      if (value === null) {
        bytes += 1;
        return null;
      }
      if (Array.isArray(value)) return copyArray(value, depth);
      if (value instanceof Uint8Array) {
        bytes += value.length + binHeaderSize(value.length);
        if (bytes > limits.bytesMax) throw tooLarge(bytes, limits);
        return new Uint8Array(value);
      }
      return copyObject(value as Record<string, unknown>, depth);
    default:
      throw notPlain(value, depth);
  }
}

function copyArray(array: readonly unknown[], depth: number): unknown[] {
  if (Object.getPrototypeOf(array) !== Array.prototype) throw notPlain(array, depth);
  const length = array.length;
  nodes += length;
  checkContainer(nodes, depth, limits);
  bytes += countHeaderSize(length);
  const copy: unknown[] = [];
  for (let i = 0; i < length; i++) {
    path[depth] = i;
    copy.push(copyValue(array[i], depth + 1));
  }
  return copy;
}

function copyObject(object: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  checkObject(object, depth);
  checkContainer(nodes, depth, limits);
  const copy: Record<string, unknown> = {};
  let count = 0;
  for (const key in object) {
    if (!hasOwn.call(object, key)) continue;
    path[depth] = key;
    const value = object[key];
    if (value === undefined) continue;
    if (isForbiddenKey(key)) throw forbiddenKey(key, depth);
    count++;
    nodes += 2;
    if (nodes > limits.nodesMax) checkContainer(nodes, depth, limits);
    bytes += stringSize(key, depth);
    copy[key] = copyValue(value, depth + 1);
  }
  bytes += countHeaderSize(count);
  return copy;
}

// From this many UTF-16 units on, one call of `encodeInto` is faster than a loop in JavaScript.
export const longTextUnits = 40;
const encoder = new TextEncoder();
const scratch = new Uint8Array(65_536);

/** How many bytes a string takes in msgpack. The path ends at `depth`. */
function stringSize(text: string, depth: number): number {
  const size = text.length < longTextUnits ? shortSize(text, depth) : longSize(text, depth);
  return size + (size < 0x20 ? 1 : size < 0x1_00 ? 2 : size < 0x1_00_00 ? 3 : 5);
}

function shortSize(text: string, depth: number): number {
  const length = text.length;
  let size = length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) size += 1;
    else {
      size += 2;
      if (code >= 0xd800 && code <= 0xdfff && !isPair(code, text.charCodeAt(++i)))
        throw loneSurrogate(text, depth);
    }
  }
  return size;
}

function longSize(text: string, depth: number): number {
  checkWellFormed(text, depth);
  let size = 0;
  for (let rest = text; rest !== ""; ) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    size += written;
    if (size > limits.bytesMax) throw tooLarge(size, limits);
    rest = read === rest.length ? "" : rest.slice(read);
  }
  return size;
}

export function checkWellFormed(text: string, depth: number): void {
  // Of ES2024, which Node has since version 20.
  const { isWellFormed } = String.prototype as unknown as { isWellFormed(this: string): boolean };
  if (!isWellFormed.call(text)) throw loneSurrogate(text, depth);
}

export function isPair(high: number, low: number): boolean {
  return high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

function numberSize(value: number, depth: number): number {
  if (value >>> 0 === value) return value < 0x80 ? 1 : value < 0x1_00 ? 2 : value < 0x1_00_00 ? 3 : 5;
  if (value >> 0 === value) return value >= -0x20 ? 1 : value >= -0x80 ? 2 : value >= -0x80_00 ? 3 : 5;
  checkFinite(value, depth);
  return 9;
}

export function binHeaderSize(length: number): number {
  return length < 0x1_00 ? 2 : length < 0x1_00_00 ? 3 : 5;
}

export function countHeaderSize(count: number): number {
  return count < 0x10 ? 1 : count < 0x1_00_00 ? 3 : 5;
}

/** Inside `for…in` the engine answers this from what the loop knows already; `Object.hasOwn` takes 5× longer. */
export const hasOwn = Object.prototype.hasOwnProperty;

// The rules, shared with the writer: each takes the depth at which the path ends.

export function setPath(depth: number, key: string | number): void {
  path[depth] = key;
}

export function checkFinite(value: number, depth: number): void {
  if (!Number.isFinite(value)) throw invalid(depth, `Expected a finite number, got ${String(value)}`);
}

const int64Min = -(2n ** 63n);
const uint64Max = 2n ** 64n - 1n;

export function checkBigint(value: bigint, depth: number): void {
  if (value < int64Min || value > uint64Max)
    throw invalid(depth, `Expected a bigint of 64 bits, got ${quote(String(value))}`);
}

export function checkObject(object: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(object, depth);
}

export function checkContainer(nodes: number, depth: number, limits: Limits): void {
  if (depth >= limits.depthMax)
    throw invalid(Math.min(depth, 4), `Expected at most ${limits.depthMax} levels and no cycle, got more`);
  if (nodes > limits.nodesMax) throw invalid(depth, `Expected at most ${limits.nodesMax} values, got more`);
}

export function notPlain(value: unknown, depth: number): CoxswainError {
  return invalid(depth, `Expected plain data, got ${describe(value)}`);
}

export function loneSurrogate(text: string, depth: number): CoxswainError {
  return invalid(depth, `Expected well-formed text, got a lone surrogate in ${quote(text)}`);
}

export function forbiddenKey(key: string, depth: number): CoxswainError {
  return invalid(depth, `Expected a key other than ${quote(key)}`);
}

/** @throws PAYLOAD_TOO_LARGE */
export function checkSize(bytes: Uint8Array, limits: Limits): void {
  if (bytes.length > limits.bytesMax) throw tooLarge(bytes.length, limits);
}

export function tooLarge(bytes: number, limits: Limits): CoxswainError {
  return new CoxswainError("PAYLOAD_TOO_LARGE", `Expected at most ${limits.bytesMax} bytes, got ${bytes}`, {
    details: { bytes, bytesMax: limits.bytesMax },
  });
}

function invalid(depth: number, message: string): CoxswainError {
  const where = ["body", ...path.slice(0, depth)].join(".");
  return new CoxswainError("MESSAGE_INVALID", `${message} at ${where.slice(0, 200)}`, {
    details: { path: where.slice(0, 200) },
  });
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a value of type ${typeof value}`;
  const name: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor?.name;
  return value instanceof Date
    ? "a Date; send epoch milliseconds"
    : `an instance of ${typeof name === "string" && name !== "" ? name : "a class"}`;
}
