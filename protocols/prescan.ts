import { CoxswainError } from "./errors.ts";
import type { Limits } from "./plain-rules.ts";

// One level each: how many elements are still to come, and whether they are keys and values in turn.
const levelsMax = 256;
const left = new Int32Array(levelsMax);
const isMap = new Uint8Array(levelsMax);

let source: Uint8Array;
let end = 0;
let hasLedMark = false;

/**
 * Walks msgpack bytes before a decoder sees them and allocates nothing, so that no claim inside can
 * cost more than the bytes themselves: 205 bytes of nested claims cost a decoder 2.5 GiB.
 *
 * Refused: more levels or values than allowed, a count or length beyond the bytes left, truncated or
 * trailing bytes, extension types, 0xc1, NaN and infinities, text that is no UTF-8, keys that are no
 * text or reach a prototype. Of equal keys in one map the last is taken.
 *
 * @param values how many stand one after another between `from` and `to`.
 * @returns whether a text begins with a byte order mark that msgpackr would drop.
 * @throws FRAME_MALFORMED
 */
export function prescan(bytes: Uint8Array, from: number, to: number, limits: Limits, values = 1): boolean {
  source = bytes;
  end = to;
  hasLedMark = false;
  const { depthMax, nodesMax } = limits;
  if (depthMax >= levelsMax) throw malformed(`Expected depthMax below ${levelsMax}, got ${depthMax}`);
  let position = from;
  let depth = 0;
  let nodes = values;
  left[0] = values;
  isMap[0] = 0;
  while (depth >= 0) {
    const remaining = left[depth] as number;
    if (remaining === 0) {
      depth--;
      continue;
    }
    if (position >= end) throw malformed("Expected more bytes, got the end");
    left[depth] = remaining - 1;
    const tag = bytes[position++] as number;
    if (isMap[depth] === 1 && (remaining & 1) === 0) {
      position = skipKey(tag, position);
      continue;
    }
    if (tag < 0x80 || tag >= 0xe0) continue;
    if (tag >= 0xa0 && tag < 0xdc) {
      position = skipScalar(tag, position);
      continue;
    }
    const headerBytes = tag < 0xa0 ? 0 : (tag & 1) === 0 ? 2 : 4;
    const count = tag < 0xa0 ? tag & 0x0f : readLength(position, headerBytes);
    const map = tag < 0x90 || tag >= 0xde;
    const children = map ? 2 * count : count;
    position += headerBytes;
    nodes += children;
    if (children > end - position) throw malformed(`Expected ${count} elements, got the end`);
    if (nodes > nodesMax) throw malformed(`Expected at most ${nodesMax} values, got more`);
    if (++depth > depthMax) throw malformed(`Expected at most ${depthMax} levels, got more`);
    left[depth] = children;
    isMap[depth] = map ? 1 : 0;
  }
  if (position !== end) throw malformed(`Expected the end, got ${end - position} more bytes`);
  return hasLedMark;
}

export function malformed(message: string): CoxswainError {
  return new CoxswainError("FRAME_MALFORMED", message);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** An unsigned big-endian integer of 1, 2 or 4 bytes. */
function readLength(position: number, bytes: number): number {
  if (bytes > end - position) throw malformed("Expected a length, got the end");
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + (source[position + i] as number);
  return value;
}

/** Everything from fixstr to str 32: texts, bytes, numbers and constants. Gives the position behind it. */
function skipScalar(tag: number, position: number): number {
  if (tag < 0xc0) return skipText(position, tag & 0x1f);
  if (tag >= 0xd9) {
    const headerBytes = 1 << (tag - 0xd9);
    return skipText(position + headerBytes, readLength(position, headerBytes));
  }
  switch (tag) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return position;
    case 0xc4:
    case 0xc5:
    case 0xc6: {
      const headerBytes = 1 << (tag - 0xc4);
      return skip(position + headerBytes, readLength(position, headerBytes));
    }
    case 0xca:
    case 0xcb:
      return skipFloat(tag, position);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return skip(position, 1 << (tag - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return skip(position, 1 << (tag - 0xd0));
    default:
      throw malformed(`Expected plain data, got the tag ${hex(tag)}`);
  }
}

function skip(position: number, bytes: number): number {
  if (bytes > end - position) throw malformed(`Expected ${bytes} bytes, got the end`);
  return position + bytes;
}

function skipFloat(tag: number, position: number): number {
  const next = skip(position, tag === 0xca ? 4 : 8);
  const high = (source[position] as number) & 0x7f;
  const low = source[position + 1] as number;
  // All ones in the exponent: NaN or an infinity.
  if (high === 0x7f && (tag === 0xca ? low >= 0x80 : low >= 0xf0))
    throw malformed("Expected a finite number, got NaN or an infinity");
  return next;
}

function skipKey(tag: number, position: number): number {
  let start = position;
  if (tag >= 0xd9 && tag <= 0xdb) start += 1 << (tag - 0xd9);
  else if (tag < 0xa0 || tag >= 0xc0) throw malformed(`Expected a text as key, got the tag ${hex(tag)}`);
  const next = skipScalar(tag, position);
  if (isForbidden(start, next - start)) throw malformed("Expected a key that reaches no prototype");
  return next;
}

const forbidden = ["__proto__", "prototype", "constructor"].map((key) => new TextEncoder().encode(key));

function isForbidden(start: number, length: number): boolean {
  if (length !== 9 && length !== 11) return false;
  return forbidden.some((key) => key.length === length && key.every((byte, i) => byte === source[start + i]));
}

function skipText(position: number, length: number): number {
  const next = skip(position, length);
  const bytes = source;
  let i = position;
  // Most texts are ASCII throughout.
  for (; i + 8 <= next; i += 8) {
    const high =
      (bytes[i] as number) |
      (bytes[i + 1] as number) |
      (bytes[i + 2] as number) |
      (bytes[i + 3] as number) |
      (bytes[i + 4] as number) |
      (bytes[i + 5] as number) |
      (bytes[i + 6] as number) |
      (bytes[i + 7] as number);
    if (high >= 0x80) break;
  }
  while (i < next && (bytes[i] as number) < 0x80) i++;
  if (i < next) {
    if (i === position && length > 64 && isByteOrderMark(i)) hasLedMark = true;
    checkUtf8(i, next);
  }
  return next;
}

function isByteOrderMark(i: number): boolean {
  return source[i] === 0xef && source[i + 1] === 0xbb && source[i + 2] === 0xbf;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// From here on the engine's own check is faster, though it makes a string that nobody wants.
const longTextBytes = 256;

/** Well-formed UTF-8 as in table 3-7 of the Unicode Standard. */
function checkUtf8(from: number, to: number): void {
  if (to - from > longTextBytes) {
    try {
      strict.decode(source.subarray(from, to));
      return;
    } catch {
      throw malformed("Expected UTF-8, got other bytes");
    }
  }
  let i = from;
  while (i < to) {
    const lead = source[i++] as number;
    if (lead < 0x80) continue;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead < 0xc2 || lead > 0xf4 || more > to - i) throw malformed("Expected UTF-8, got other bytes");
    const second = source[i] as number;
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let good = second >= low && second <= high;
    for (let k = 1; k < more; k++) good &&= ((source[i + k] as number) & 0xc0) === 0x80;
    if (!good) throw malformed("Expected UTF-8, got other bytes");
    i += more;
  }
}
