import { fieldError } from "./envelope.ts";
import { malformed } from "./prescan.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

let source = new Uint8Array(0);
let position = 0;

/** Reads the metadata of a frame, front to back. Each function moves on, and throws FRAME_MALFORMED. */
export function openFrame(bytes: Uint8Array): void {
  source = bytes as Uint8Array<ArrayBuffer>;
  position = 0;
}

export function framePosition(): number {
  return position;
}

export function skipTo(at: number): void {
  position = at;
}

export function readByte(): number {
  const byte = source[position++];
  if (byte === undefined) throw malformed("Expected a frame, got its end");
  return byte;
}

function readUint(bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + readByte();
  return value;
}

/** How many elements the array has. */
export function readArrayHeader(): number {
  const tag = readByte();
  if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
  if (tag === 0xdc) return readUint(2);
  throw malformed("Expected a frame, got other bytes");
}

/** A number that is no float comes from a foreign client. */
export function readNumber(tag = readByte()): number {
  if (tag === 0xcb) {
    if (source.length - position < 8) throw malformed("Expected a frame, got its end");
    for (let i = 0; i < 8; i++) scratch[i] = source[position + i] as number;
    position += 8;
    return scratchView.getFloat64(0);
  }
  if (tag < 0x80) return tag;
  if (tag >= 0xcc && tag <= 0xcf) return readUint(1 << (tag - 0xcc));
  throw malformed("Expected a number in the frame, got another tag");
}

/** The length of the text or, for the body, of the bytes that follow. */
export function readLength(kind: "text" | "bytes", tag = readByte()): number {
  const first = kind === "text" ? 0xd9 : 0xc4;
  let length: number;
  if (kind === "text" && tag >= 0xa0 && tag < 0xc0) length = tag & 0x1f;
  else if (tag >= first && tag < first + 3) length = readUint(1 << (tag - first));
  else throw malformed(`Expected ${kind} in the frame, got another tag`);
  if (length > source.length - position) throw malformed(`Expected ${length} bytes of ${kind}, got the end`);
  return length;
}

export function readText(tag?: number): string {
  const length = readLength("text", tag);
  // No field is longer; the form of each is checked after.
  if (length > 1_024) throw malformed("Expected a short text in the frame, got a long one");
  const bytes = source.subarray(position, position + length);
  position += length;
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed("Expected UTF-8 in the frame, got other bytes");
  }
}

const idLengthMax = 128;
const idBytes = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
  idBytes[char.charCodeAt(0)] = 1;
let lastId = "";

/** A message's id. The same one often comes twice in a frame, as causation and correlation. */
export function readId(field: string, tag?: number): string {
  const length = readLength("text", tag);
  if (isTextAt(lastId, length)) {
    position += length;
    return lastId;
  }
  const bytes = source;
  const end = position + length;
  let good = length > 0 && length <= idLengthMax;
  for (let i = position; good && i < end; i++) good = idBytes[bytes[i] as number] === 1;
  if (!good) throw fieldError("FRAME_MALFORMED", field, lenient.decode(bytes.subarray(position, end)));
  lastId = asciiText(length);
  return lastId;
}

const codes: number[] = [];

/** Faster than a decoder for texts as short as these. */
function asciiText(length: number): string {
  codes.length = length;
  for (let i = 0; i < length; i++) codes[i] = source[position + i] as number;
  position += length;
  return String.fromCharCode.apply(null, codes);
}

/** `undefined` for nil. */
export function readOptional<T>(read: (tag: number) => T): T | undefined {
  const tag = readByte();
  return tag === 0xc0 ? undefined : read(tag);
}

/** Texts that come again and again: kept once, already found to be of their form. */
export class KnownTexts {
  readonly #known: string[] = new Array(1_024).fill("");
  readonly #isForm: (text: string) => boolean;
  readonly #field: string;
  #last = "";

  constructor(field: string, isForm: (text: string) => boolean) {
    this.#field = field;
    this.#isForm = isForm;
  }

  read(): string {
    const start = position;
    const length = readLength("text");
    if (length === 0) return "";
    if (isTextAt(this.#last, length)) {
      position += length;
      return this.#last;
    }
    const bytes = source;
    const end = position + length;
    let hash = length;
    for (let i = position; i < end; i++) hash = (hash * 31 + (bytes[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 12)) & 1_023;
    const known = this.#known[slot] as string;
    if (isTextAt(known, length)) {
      position += length;
      this.#last = known;
      return known;
    }
    position = start;
    const text = readText();
    if (!this.#isForm(text)) throw fieldError("FRAME_MALFORMED", this.#field, text);
    // Only ASCII can be compared byte by byte; the forms allow nothing else.
    this.#known[slot] = text;
    return text;
  }
}

function isTextAt(text: string, length: number): boolean {
  if (text.length !== length) return false;
  const bytes = source;
  const at = position;
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) !== bytes[at + i]) return false;
  }
  return true;
}
