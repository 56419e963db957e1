import type { FrameOp } from "./frame.ts";

/** Where in a buffer a whole frame lies. */
export interface FrameSpan {
  readonly op: FrameOp;
  readonly buffer: Buffer;
  readonly start: number;
  /** Behind the line's end. */
  readonly lineEnd: number;
  /** Behind the frame, its payload included. */
  readonly end: number;
}

/** Why reading has ended, and what had come from there on. */
export interface Unreadable {
  readonly why: "malformed" | "tooLarge";
  readonly rest: Buffer;
}

const ops = new Map<string, FrameOp>(
  (
    ["INFO", "CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "MSG", "HMSG", "+OK", "-ERR", "PING", "PONG"] as const
  ).map((op) => [op, op]),
);
const initials = new Set([..."ICPHSUM+-icphsum"].map((letter) => letter.charCodeAt(0)));
const [tab, lf, cr, space, zero] = [0x09, 0x0a, 0x0d, 0x20, 0x30];
const opBytesMax = 7;

/** Finds the frames in a stream of bytes, however it is cut into chunks. Reads one frame's worth ahead at most. */
export class FrameReader {
  readonly #frameMaxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** So many bytes are needed before anything more can be said. */
  #wanted = 0;

  constructor(frameMaxBytes: number) {
    this.#frameMaxBytes = frameMaxBytes;
  }

  /** Calls `each` for every frame that is now whole. After an `Unreadable` it must not be called again. */
  read(chunk: Buffer, each: (span: FrameSpan) => void): Unreadable | undefined {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return undefined;
    const buffer = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    this.#wanted = 0;
    let at = 0;
    while (at < buffer.length) {
      const newline = buffer.indexOf(lf, at);
      if (newline < 0) return this.#keep(buffer, at, buffer.length + 1);
      const op = opAt(buffer, at);
      if (op === undefined) return { why: "malformed", rest: buffer.subarray(at) };
      const lineEnd = newline + 1;
      const size = carriesPayload(op) ? sizeBefore(buffer, newline) : -2;
      const end = lineEnd + size + 2;
      if (Number.isNaN(size)) return { why: "malformed", rest: buffer.subarray(at) };
      if (end > buffer.length) return this.#keep(buffer, at, end);
      if (end > lineEnd && (buffer[end - 2] !== cr || buffer[end - 1] !== lf)) {
        return { why: "malformed", rest: buffer.subarray(at) };
      }
      if (end - at > this.#frameMaxBytes) return { why: "tooLarge", rest: buffer.subarray(at) };
      each({ op, buffer, start: at, lineEnd, end });
      at = end;
    }
    return undefined;
  }

  /** Of a frame that has begun and is not whole: what has come of it. */
  takeRest(): Buffer {
    const rest = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return rest;
  }

  #keep(buffer: Buffer, at: number, end: number): Unreadable | undefined {
    const rest = buffer.subarray(at);
    if (end - at > this.#frameMaxBytes) return { why: "tooLarge", rest };
    if (!initials.has(rest[0] as number)) return { why: "malformed", rest };
    this.#parts = [rest];
    this.#bytes = rest.length;
    this.#wanted = end - at;
    return undefined;
  }
}

function carriesPayload(op: FrameOp): boolean {
  return op === "MSG" || op === "PUB" || op === "HMSG" || op === "HPUB";
}

/** The word a line begins with; the protocol does not mind its case. */
function opAt(buffer: Buffer, at: number): FrameOp | undefined {
  let end = at;
  while (end < at + opBytesMax && (buffer[end] as number) > space) end++;
  const after = buffer[end];
  if (after !== space && after !== tab && after !== cr && after !== lf) return undefined;
  const word = buffer.toString("latin1", at, end);
  return ops.get(word) ?? ops.get(word.toUpperCase());
}

/** The last number of a line that ends before `newline`; NaN where there is none. */
function sizeBefore(buffer: Buffer, newline: number): number {
  let at = newline - 1;
  while (buffer[at] === cr || buffer[at] === space || buffer[at] === tab) at--;
  let size = 0;
  let scale = 1;
  for (; ; at--) {
    const byte = buffer[at] as number;
    if (byte === space || byte === tab) break;
    const digit = byte - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    size += digit * scale;
    scale *= 10;
  }
  return scale === 1 || scale > 1e10 ? Number.NaN : size;
}
