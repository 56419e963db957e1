import type { NatsConnection } from "nats";

/** What the client keeps to itself. Should it move, its own parser reads all, and a test says so. */
interface Inside {
  readonly protocol?: {
    parser?: { parse(chunk: Uint8Array): void; readonly state?: number };
    readonly processMsg?: (message: Message, payload: Uint8Array) => void;
  };
}

interface Message {
  readonly subject: Uint8Array;
  readonly sid: number;
  readonly reply: Uint8Array | undefined;
  readonly size: number;
  readonly hdr: number;
}

const [space, cr, lf, zero, letterM, letterH] = [0x20, 0x0d, 0x0a, 0x30, 0x4d, 0x48];
const nothing = new Uint8Array(0);

/**
 * Reads whole messages in one pass, and leaves everything else to the client's parser: that one takes
 * a step of a state machine for each byte, twice, which for small messages is most of the way in.
 *
 * @param onRead called before anything of a piece is delivered.
 * @returns whether it was put in place.
 */
export function quickenParser(nc: NatsConnection, onRead: () => void = () => {}): boolean {
  const { protocol } = nc as unknown as Inside;
  const { parser: own, processMsg } = protocol ?? {};
  if (protocol === undefined || own?.state !== 0 || typeof processMsg !== "function") return false;
  const deliver = (message: Message, payload: Uint8Array): void =>
    processMsg.call(protocol, message, payload);
  protocol.parser = new QuickParser(own, deliver, onRead);
  return true;
}

export class QuickParser {
  readonly #own: { parse(chunk: Uint8Array): void };
  readonly #deliver: (message: Message, payload: Uint8Array) => void;
  readonly #onRead: () => void;
  /** A line whose end has not come. */
  #rest = nothing;
  /** What the client's parser still has to get of a message that it has begun. */
  #owed = 0;

  constructor(
    own: { parse(chunk: Uint8Array): void },
    deliver: (message: Message, payload: Uint8Array) => void,
    onRead: () => void = () => {},
  ) {
    this.#own = own;
    this.#deliver = deliver;
    this.#onRead = onRead;
  }

  parse(given: Uint8Array): void {
    this.#onRead();
    const chunk = this.#rest.length === 0 ? given : Buffer.concat([this.#rest, given]);
    this.#rest = nothing;
    let at = this.#passOn(chunk, 0, this.#owed);
    while (at < chunk.length) {
      const first = chunk[at];
      const next = first === letterM || first === letterH ? this.#message(chunk, at) : -1;
      at = next > 0 ? next : this.#other(chunk, at);
    }
  }

  /** Gives `length` bytes, or what there is of them, to the client's parser. @returns the position behind them */
  #passOn(chunk: Uint8Array, at: number, length: number): number {
    if (length === 0) return at;
    const end = Math.min(chunk.length, at + length);
    this.#owed = length - (end - at);
    this.#own.parse(chunk.subarray(at, end));
    return end;
  }

  /** Any command: its line and, of a message, its payload. */
  #other(chunk: Uint8Array, at: number): number {
    const line = chunk.indexOf(lf, at);
    if (line < 0) {
      this.#rest = chunk.slice(at);
      return chunk.length;
    }
    const first = chunk[at];
    const owed = first === letterM || first === letterH ? sizeBefore(chunk, line) + 2 : 0;
    return this.#passOn(chunk, at, line + 1 - at + owed);
  }

  /**
   * `MSG <subject> <sid> [reply] <size>`, or with header fields `HMSG <subject> <sid> [reply] <bytes of them> <size>`, with its
   * payload. @returns the position behind it, or -1 if it is not all there, or not of this form
   */
  #message(chunk: Uint8Array, from: number): number {
    const headed = chunk[from] === letterH;
    const subjectAt = from + (headed ? 5 : 4);
    const subjectEnd = endOfWord(chunk, subjectAt);
    const sid = readDigits(chunk, subjectEnd + 1);
    const thirdAt = digitsEnd + 1;
    if (chunk[subjectEnd] !== space || chunk[digitsEnd] !== space) return -1;
    const thirdEnd = endOfWord(chunk, thirdAt);
    // One more word than the sizes.
    const replied = chunk[headed ? endOfWord(chunk, thirdEnd + 1) : thirdEnd] === space;
    let size = readDigits(chunk, replied ? thirdEnd + 1 : thirdAt);
    let hdr = -1;
    if (headed) {
      hdr = size;
      if (chunk[digitsEnd] !== space) return -1;
      size = readDigits(chunk, digitsEnd + 1);
    }
    const payloadAt = digitsEnd + 2;
    const payloadEnd = payloadAt + size;
    if (chunk[digitsEnd] !== cr || payloadEnd + 2 > chunk.length || hdr > size) return -1;
    const subject = chunk.subarray(subjectAt, subjectEnd);
    const reply = replied ? chunk.subarray(thirdAt, thirdEnd) : undefined;
    this.#deliver({ subject, sid, reply, size, hdr }, chunk.subarray(payloadAt, payloadEnd));
    return payloadEnd + 2;
  }
}

function endOfWord(chunk: Uint8Array, from: number): number {
  let at = from;
  while (at < chunk.length && (chunk[at] as number) > space) at++;
  return at;
}

/** Behind the last digit that `readDigits` has read. */
let digitsEnd = 0;

function readDigits(chunk: Uint8Array, from: number): number {
  let value = 0;
  let at = from;
  for (; at < chunk.length; at++) {
    const digit = (chunk[at] as number) - zero;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  digitsEnd = at;
  return value;
}

/** The last number of a line; 0 where there is none, which the client's parser will refuse. */
function sizeBefore(chunk: Uint8Array, end: number): number {
  let size = 0;
  let scale = 1;
  for (let at = end - 2; at >= 0 && (chunk[at] as number) > space; at--) {
    size += ((chunk[at] as number) - zero) * scale;
    scale *= 10;
  }
  return Math.max(0, size);
}
