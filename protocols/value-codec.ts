import { Unpackr } from "msgpackr";
import { readMarked } from "./msgpack-reader.ts";
import { putValue, written } from "./msgpack-writer.ts";
import { checkSize, type Limits, notPlain, withDefaults } from "./plain-rules.ts";
import { malformed, prescan } from "./prescan.ts";

// Copied, so that a value never shows, or keeps alive, the buffer that a connection reads into.
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/**
 * One value of plain data (see {@link copyPlain}) as msgpack, for a store.
 *
 * @throws MESSAGE_INVALID naming the path; PAYLOAD_TOO_LARGE
 */
export function encodeValue(value: unknown, limits?: Partial<Limits>): Uint8Array {
  if (value === undefined) throw notPlain(value, 0);
  return written(putRoot, value, withDefaults(limits));
}

function putRoot(value: unknown): void {
  putValue(value, 0);
}

/**
 * Gives back what {@link encodeValue} was given. Integers of 64 bits come as bigint, bytes as a copy.
 *
 * @throws FRAME_MALFORMED, PAYLOAD_TOO_LARGE
 */
export function decodeValue(bytes: Uint8Array, limits?: Partial<Limits>): unknown {
  const allowed = withDefaults(limits);
  checkSize(bytes, allowed);
  return decodeRange(bytes, 0, bytes.length, allowed);
}

// msgpackr makes a DataView for each buffer it reads, and keeps it there: for a small value that costs more than a copy.
const scratch = new Uint8Array(1_024);

export function decodeRange(bytes: Uint8Array, from: number, to: number, limits: Limits): unknown {
  const marked = prescan(bytes, from, to, limits);
  const length = to - from;
  if (marked || length > scratch.length) {
    // A view of our own: msgpackr gives a Buffer for a Buffer.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
    return marked ? readMarked(view) : unpack(view, length);
  }
  if (length < 32) for (let i = 0; i < length; i++) scratch[i] = bytes[from + i] as number;
  else scratch.set(bytes.subarray(from, to));
  return unpack(scratch, length);
}

function unpack(bytes: Uint8Array, length: number): unknown {
  try {
    // Its types forget that it takes the end as a number.
    return unpackr.unpack(bytes, length as never);
  } catch (cause) {
    throw malformed(`Expected msgpack, got what msgpackr refuses: ${String(cause).slice(0, 200)}`);
  }
}
