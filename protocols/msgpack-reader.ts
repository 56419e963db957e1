// Reads what `prescan` has passed. msgpackr takes longer for a small value than for its parts together, and
// without its optional native part drops a byte order mark from the front of texts longer than 64 bytes.

// A buffer and its view are dear to make: small values are copied to where both are.
const scratch = Buffer.alloc(1_024);
const scratchView = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);

let source = scratch;
let view = scratchView;
let position = 0;

/** The value between two positions of scanned bytes. Nothing is checked here. It shares nothing with the bytes. */
export function readPlain(bytes: Uint8Array, from: number, to: number): unknown {
  const length = to - from;
  if (length <= scratch.length) {
    source = scratch;
    view = scratchView;
    if (length < 32) for (let i = 0; i < length; i++) scratch[i] = bytes[from + i] as number;
    else scratch.set(bytes.subarray(from, to));
  } else {
    source = Buffer.from(bytes.buffer, bytes.byteOffset + from, length) as typeof scratch;
    view = new DataView(source.buffer, source.byteOffset, length);
  }
  position = 0;
  try {
    return readValue();
  } finally {
    // What came from elsewhere is not kept alive.
    source = scratch;
    view = scratchView;
  }
}

function readValue(): unknown {
  const tag = source[position++] as number;
  if (tag < 0x80) return tag;
  if (tag < 0x90) return readObject(tag & 0x0f);
  if (tag < 0xa0) return readArray(tag & 0x0f);
  if (tag < 0xc0) return readText(tag & 0x1f);
  if (tag >= 0xe0) return tag - 0x100;
  if (tag === 0xc0) return null;
  if (tag < 0xc4) return tag === 0xc3;
  if (tag < 0xc7) return readBytes(readUint(1 << (tag - 0xc4)));
  if (tag < 0xd9) return readNumber(tag);
  if (tag < 0xdc) return readText(readUint(1 << (tag - 0xd9)));
  if (tag < 0xde) return readArray(readUint(tag === 0xdc ? 2 : 4));
  return readObject(readUint(tag === 0xde ? 2 : 4));
}

function readUint(sizeBytes: number): number {
  const at = position;
  position += sizeBytes;
  return sizeBytes === 1 ? view.getUint8(at) : sizeBytes === 2 ? view.getUint16(at) : view.getUint32(at);
}

function readNumber(tag: number): unknown {
  const at = position;
  const sizeBytes = tag < 0xcc ? (tag === 0xca ? 4 : 8) : 1 << (tag & 3);
  position += sizeBytes;
  switch (tag) {
    case 0xca:
      return view.getFloat32(at);
    case 0xcb:
      return view.getFloat64(at);
    case 0xcf:
      return view.getBigUint64(at);
    case 0xd0:
      return view.getInt8(at);
    case 0xd1:
      return view.getInt16(at);
    case 0xd2:
      return view.getInt32(at);
    case 0xd3:
      return view.getBigInt64(at);
    default:
      position = at;
      return readUint(sizeBytes);
  }
}

function readText(length: number): string {
  const at = position;
  position += length;
  return source.toString("utf8", at, position);
}

/** A copy: a value never shows, or keeps alive, the buffer that a connection reads into. */
function readBytes(length: number): Uint8Array {
  const at = position;
  position += length;
  return new Uint8Array(source.subarray(at, position));
}

function readArray(count: number): unknown[] {
  const array: unknown[] = [];
  for (let i = 0; i < count; i++) array.push(readValue());
  return array;
}

function readObject(count: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = readKey();
    object[key] = readValue();
  }
  return object;
}

/** Keys come again and again: to find one costs less than to make it. */
const knownKeys: string[] = new Array(256).fill("");
const keyMax = 32;

function readKey(): string {
  const tag = source[position] as number;
  if (tag < 0xa0 || tag >= 0xc0) return readValue() as string;
  const length = tag & 0x1f;
  const start = position + 1;
  const end = start + length;
  let hash = length;
  for (let i = start; i < end; i++) hash = (hash * 31 + (source[i] as number)) | 0;
  const slot = (hash ^ (hash >>> 8)) & 255;
  const known = knownKeys[slot] as string;
  position = start;
  if (known.length === length && isKeyAt(known, start)) {
    position = end;
    return known;
  }
  const key = readText(length);
  // Only ASCII can be compared byte by byte.
  if (key.length === length && length < keyMax) knownKeys[slot] = key;
  return key;
}

function isKeyAt(key: string, at: number): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) !== source[at + i]) return false;
  return true;
}
