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
  loneSurrogate,
  longTextUnits,
  notPlain,
  setPath,
  tooLarge,
} from "./plain-rules.ts";

// msgpackr reads these bytes. It does not write them: it would turn a class instance into a map and
// a lone surrogate into U+FFFD, so each value would have to be walked before, which doubles the time.

// A page is cut into frames from front to back. What was cut off is never written again.
const pageBytes = 65_536;
const encoder = new TextEncoder();
let page = new Uint8Array(pageBytes);
let view = new DataView(page.buffer);
let start = 0;
let position = 0;
let nodes = 0;
let limits: Limits;
let writing = false;

/**
 * Runs `write`, which calls the `put…` functions, and gives what they have written. The bytes are the caller's.
 *
 * @throws MESSAGE_INVALID naming the path; PAYLOAD_TOO_LARGE
 */
export function written<T>(write: (value: T) => void, value: T, allowed: Limits): Uint8Array {
  if (writing) throw asRefusal(new Error("A getter encodes another message"));
  if (page.length - position < 1_024) newPage(pageBytes);
  writing = true;
  start = position;
  nodes = 1;
  limits = allowed;
  try {
    write(value);
    if (position - start > allowed.bytesMax) throw tooLarge(position - start, allowed);
    const frame = page.subarray(start, position);
    // A page that grew for one large frame is not kept alive by the small ones after it.
    if (page.length > pageBytes) newPage(pageBytes);
    return frame;
  } catch (thrown) {
    position = start;
    if (page.length > pageBytes) newPage(pageBytes);
    throw asRefusal(thrown);
  } finally {
    writing = false;
  }
}

function newPage(bytes: number): void {
  page = new Uint8Array(bytes);
  view = new DataView(page.buffer);
  position = 0;
}

/** Makes room for `bytes` more, and stops a frame far beyond its limit before it is built. */
function reserve(bytes: number): void {
  if (position + bytes <= page.length) return;
  const used = page.subarray(start, position);
  if (used.length > limits.bytesMax) throw tooLarge(used.length, limits);
  newPage(Math.max(pageBytes, 2 * used.length + bytes));
  page.set(used);
  start = 0;
  position = used.length;
}

export function putByte(byte: number): void {
  reserve(1);
  page[position++] = byte;
}

export function putFloat(value: number): void {
  reserve(9);
  page[position++] = 0xcb;
  view.setFloat64(position, value);
  position += 8;
}

/** A `bin` whose content is whatever `putValue` writes; empty for `undefined`. */
export function putOpaque(value: unknown): void {
  reserve(5);
  page[position] = 0xc6;
  const at = position + 1 - start;
  position += 5;
  if (value !== undefined) putValue(value, 0);
  view.setUint32(start + at, position - start - at - 4);
}

export function putValue(value: unknown, depth: number): void {
  reserve(16);
  switch (typeof value) {
    case "string":
      putString(value, depth);
      return;
    case "number":
      putNumber(value, depth);
      return;
    case "boolean":
      page[position++] = value ? 0xc3 : 0xc2;
      return;
    case "bigint":
      putBigint(value, depth);
      return;
    case "object":
      if (value === null) page[position++] = 0xc0;
      else if (Array.isArray(value)) putArray(value, depth);
      else if (value instanceof Uint8Array) putBytes(value);
      else putObject(value as Record<string, unknown>, depth);
      return;
    default:
      throw notPlain(value, depth);
  }
}

function putNumber(value: number, depth: number): void {
  if (value >>> 0 === value) {
    if (value < 0x80) page[position++] = value;
    else if (value < 0x1_00) {
      page[position++] = 0xcc;
      page[position++] = value;
    } else if (value < 0x1_00_00) {
      page[position++] = 0xcd;
      view.setUint16(position, value);
      position += 2;
    } else {
      page[position++] = 0xce;
      view.setUint32(position, value);
      position += 4;
    }
  } else if (value >> 0 === value) {
    if (value >= -0x20) page[position++] = value;
    else if (value >= -0x80) {
      page[position++] = 0xd0;
      page[position++] = value;
    } else if (value >= -0x80_00) {
      page[position++] = 0xd1;
      view.setInt16(position, value);
      position += 2;
    } else {
      page[position++] = 0xd2;
      view.setInt32(position, value);
      position += 4;
    }
  } else {
    checkFinite(value, depth);
    page[position++] = 0xcb;
    view.setFloat64(position, value);
    position += 8;
  }
}

function putBigint(value: bigint, depth: number): void {
  checkBigint(value, depth);
  if (value < 2n ** 63n) {
    page[position++] = 0xd3;
    view.setBigInt64(position, value);
  } else {
    page[position++] = 0xcf;
    view.setBigUint64(position, value);
  }
  position += 8;
}

function putBytes(bytes: Uint8Array): void {
  const length = bytes.length;
  if (length > limits.bytesMax) throw tooLarge(length, limits);
  reserve(length + 5);
  putHeader(length, 0xc4, 0xc5, 0xc6);
  page.set(bytes, position);
  position += length;
}

/** A header of one, two or four bytes of length after its tag. */
function putHeader(length: number, tag8: number, tag16: number, tag32: number): void {
  if (length < 0x1_00 && tag8 !== 0) {
    page[position] = tag8;
    page[position + 1] = length;
    position += 2;
  } else if (length < 0x1_00_00) {
    page[position] = tag16;
    view.setUint16(position + 1, length);
    position += 3;
  } else {
    page[position] = tag32;
    view.setUint32(position + 1, length);
    position += 5;
  }
}

function putArray(array: readonly unknown[], depth: number): void {
  if (Object.getPrototypeOf(array) !== Array.prototype) throw notPlain(array, depth);
  const length = array.length;
  nodes += length;
  checkContainer(nodes, depth, limits);
  if (length < 0x10) page[position++] = 0x90 | length;
  else putHeader(length, 0, 0xdc, 0xdd);
  for (let i = 0; i < length; i++) {
    setPath(depth, i);
    putValue(array[i], depth + 1);
  }
}

function putObject(object: Readonly<Record<string, unknown>>, depth: number): void {
  checkObject(object, depth);
  checkContainer(nodes, depth, limits);
  const at = position - start;
  position += 1;
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
    putString(key, depth);
    putValue(value, depth + 1);
  }
  if (count < 0x10) page[start + at] = 0x80 | count;
  else closeLargeMap(at, count);
}

/** One byte was left for the count, which is right for most maps; a larger one moves its entries up. */
function closeLargeMap(at: number, count: number): void {
  const extra = count < 0x1_00_00 ? 2 : 4;
  reserve(extra);
  const from = start + at + 1;
  page.copyWithin(from + extra, from, position);
  const end = position + extra;
  position = from - 1;
  putHeader(count, 0, 0xde, 0xdf);
  position = end;
}

/** The path of a refusal ends at `depth`. */
export function putString(text: string, depth: number): void {
  const length = text.length;
  if (length >= longTextUnits) {
    putLongString(text, depth);
    return;
  }
  reserve(3 * length + 5);
  const headerBytes = length < 0x20 ? 1 : 2;
  const out = page;
  let end = position + headerBytes;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) out[end++] = code;
    else if (code < 0x8_00) {
      out[end++] = (code >> 6) | 0xc0;
      out[end++] = (code & 0x3f) | 0x80;
    } else if (code < 0xd800 || code > 0xdfff) {
      out[end++] = (code >> 12) | 0xe0;
      out[end++] = ((code >> 6) & 0x3f) | 0x80;
      out[end++] = (code & 0x3f) | 0x80;
    } else {
      const low = text.charCodeAt(++i);
      if (!isPair(code, low)) throw loneSurrogate(text, depth);
      const point = 0x1_00_00 + ((code & 0x3ff) << 10) + (low & 0x3ff);
      out[end++] = (point >> 18) | 0xf0;
      out[end++] = ((point >> 12) & 0x3f) | 0x80;
      out[end++] = ((point >> 6) & 0x3f) | 0x80;
      out[end++] = (point & 0x3f) | 0x80;
    }
  }
  closeString(headerBytes, end - position - headerBytes);
}

function putLongString(text: string, depth: number): void {
  if (text.length > limits.bytesMax) throw tooLarge(text.length, limits);
  checkWellFormed(text, depth);
  reserve(3 * text.length + 5);
  const headerBytes = text.length < 0x1_00 ? 2 : text.length < 0x1_00_00 ? 3 : 5;
  const { written } = encoder.encodeInto(text, page.subarray(position + headerBytes));
  closeString(headerBytes, written);
}

/** Writes the shortest header before the text, moving it if more bytes came out than were expected. */
function closeString(reserved: number, length: number): void {
  const needed = length < 0x20 ? 1 : length < 0x1_00 ? 2 : length < 0x1_00_00 ? 3 : 5;
  if (needed !== reserved)
    page.copyWithin(position + needed, position + reserved, position + reserved + length);
  const end = position + needed + length;
  if (needed === 1) page[position] = 0xa0 | length;
  else putHeader(length, 0xd9, 0xda, 0xdb);
  position = end;
}
