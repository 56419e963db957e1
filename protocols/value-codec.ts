import { Unpackr } from "msgpackr";
import { readPlain } from "./msgpack-reader.ts";
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

/** From here on msgpackr is faster. */
const smallMaxBytes = 1_024;

export function decodeRange(bytes: Uint8Array, from: number, to: number, limits: Limits): unknown {
  const marked = prescan(bytes, from, to, limits);
  const length = to - from;
  if (marked || length <= smallMaxBytes) return readPlain(bytes, from, to);
  // A view of our own: msgpackr gives a Buffer for a Buffer.
  return unpack(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length));
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes);
  } catch (cause) {
    throw malformed(`Expected msgpack, got what msgpackr refuses: ${String(cause).slice(0, 200)}`);
  }
}
