import {
  asRefusal,
  checkBigint,
  checkContainer,
  checkFinite,
  checkObject,
  checkWellFormed,
  forbiddenKey,
  isForbiddenKey,
  isPair,
  type Limits,
  limitsDefault,
  loneSurrogate,
  longTextUnits,
  notPlain,
  setPath,
  tooLarge,
  withDefaults,
} from "./plain-rules.ts";

let limits = limitsDefault;
let nodes = 0;
let bytes = 0;
/** Neither bytes nor bigints were met. */
let isJson = true;

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
): { readonly value: unknown; readonly bytes: number; readonly isJson: boolean } {
  const allowed = withDefaults(given);
  limits = allowed;
  nodes = 1;
  bytes = 0;
  isJson = true;
  try {
    const copy = value === undefined ? undefined : copyValue(value, 0);
    if (bytes > allowed.bytesMax) throw tooLarge(bytes, allowed);
    return { value: copy, bytes, isJson };
  } catch (thrown) {
    throw asRefusal(thrown);
  }
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
      isJson = false;
      bytes += 9;
      return value;
    case "object":
      if (value === null) {
        bytes += 1;
        return null;
      }
      if (Array.isArray(value)) return copyArray(value, depth);
      if (value instanceof Uint8Array) {
        isJson = false;
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
    setPath(depth, i);
    copy.push(copyValue(array[i], depth + 1));
  }
  return copy;
}

function copyObject(object: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  checkObject(object, depth);
  checkContainer(nodes, depth, limits);
  const copy: Record<string, unknown> = {};
  let count = 0;
  // Not for…in: one object in dictionary mode, and every later loop of this kind takes twice as long.
  const keys = Object.keys(object);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    setPath(depth, key);
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

function numberSize(value: number, depth: number): number {
  if (value >>> 0 === value) return value < 0x80 ? 1 : value < 0x1_00 ? 2 : value < 0x1_00_00 ? 3 : 5;
  if (value >> 0 === value) return value >= -0x20 ? 1 : value >= -0x80 ? 2 : value >= -0x80_00 ? 3 : 5;
  checkFinite(value, depth);
  return 9;
}

function binHeaderSize(length: number): number {
  return length < 0x1_00 ? 2 : length < 0x1_00_00 ? 3 : 5;
}

function countHeaderSize(count: number): number {
  return count < 0x10 ? 1 : count < 0x1_00_00 ? 3 : 5;
}
