import { headers, type MsgHdrs, type NatsConnection } from "nats";
import type { CoxswainError } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { OpenBatch } from "./open-batch.ts";
import { tooLarge } from "./outcomes.ts";
import { refusedSubject } from "./subject-tree.ts";

/** What the client keeps to itself. Should it move, all goes the client's own way, and a test says so. */
interface Inside {
  readonly protocol?: {
    readonly noMorePublishing?: boolean;
    readonly sendCommand?: (command: Uint8Array) => void;
  };
}

const pageBytes = 65_536;
/** So many bytes are handed over before the turn ends, that the server may begin. As the client does. */
const handOverBytes = 32_768;
/** Larger payloads are not worth a copy. */
const payloadMaxBytes = 8_192;
/** "PUB ", the spaces and line ends, and the digits of a length. */
const lineBytes = 24;
/** "H", and another length. */
const headBytesLength = 12;

/** Header fields in plain ASCII, without line ends: ours only. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Writes PUB commands: all of a turn of the event loop at once, or all that comes of a piece that was read; frames to one
 * place as one message. The client's own publish makes a text, an array of bytes and an object for each message, which takes
 * as long as all else on the way out together; and it writes to the socket after each microtask that published, up to five
 * times for one task of a worker.
 */
export class NatsWriter {
  readonly #nc: NatsConnection;
  readonly #env: Pick<Env, "soon">;
  readonly #inside: Inside["protocol"];
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };
  // Cut from front to back. What was cut off is never written again: the socket may still hold it.
  #page = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #scheduled = false;
  #answering = false;
  readonly #answered = (): void => {
    this.#answering = false;
    this.flush();
  };
  /** The message at the end of what was written, and those that joined it; nothing after a flush. */
  readonly #open: OpenBatch;

  constructor(nc: NatsConnection, env: Pick<Env, "soon">) {
    this.#nc = nc;
    this.#env = env;
    const inside = (nc as unknown as Inside).protocol;
    this.#open = new OpenBatch(() => nc.info?.max_payload ?? 0);
    this.#inside = typeof inside?.sendCommand === "function" ? inside : undefined;
  }

  /** Whether it writes by itself, and not through the client's publish. */
  get direct(): boolean {
    return this.#inside !== undefined;
  }

  /**
   * Something was read. What is written because of it leaves when it has been worked through, and not only after the
   * event loop's next look at the sockets: a tenth of the time of a question that travels alone.
   */
  answering(): void {
    if (this.#answering) return;
    this.#answering = true;
    process.nextTick(this.#answered);
  }

  /**
   * @returns ADDRESS_INVALID for what is no subject.
   * @throws what the client throws: it is closed or drained, or the payload is too large.
   */
  publish(subject: string, payload: Uint8Array, reply: string | undefined): CoxswainError | undefined {
    const plain = payload.length <= payloadMaxBytes && this.#inside?.noMorePublishing === false;
    if (plain) {
      if (this.#open.join(subject, payload, reply)) return undefined;
      this.#close();
      if (this.#write(subject, payload, reply)) return undefined;
    }
    const refused = refusedSubject(subject, reply);
    if (refused !== undefined) return refused;
    this.flush();
    if (reply === undefined) this.#nc.publish(subject, payload);
    else this.#nc.publish(subject, payload, { reply });
    return undefined;
  }

  /**
   * Publishes with header fields, for an answer. Its bytes are copied, and it is never part of a batch.
   *
   * @returns ADDRESS_INVALID, or PAYLOAD_TOO_LARGE: the server would close the connection.
   * @throws what the client throws: it is closed or drained.
   */
  request(subject: string, payload: Uint8Array, reply: string, fields?: Fields): CoxswainError | undefined {
    const headBytes = fields === undefined ? 0 : headSize(fields);
    const bytes = headBytes + payload.length;
    const bytesMax = this.#nc.info?.max_payload ?? 0;
    if (bytes > bytesMax) return tooLarge(subject, { length: bytes }, bytesMax);
    if (payload.length <= payloadMaxBytes && this.#inside?.noMorePublishing === false) {
      this.#close();
      if (this.#writeRequest(subject, payload, reply, fields, headBytes)) return undefined;
    }
    const refused = refusedSubject(subject, reply);
    if (refused !== undefined) return refused;
    this.flush();
    const own = fields === undefined ? {} : { headers: headersOf(fields) };
    this.#nc.publish(subject, Buffer.from(payload), { reply, ...own });
    return undefined;
  }

  /** Gives the client what was written. Before anything else is sent, so that order is kept. */
  flush(): void {
    this.#close();
    this.#handOver();
  }

  #handOver(): void {
    if (this.#end === this.#start) return;
    const commands = this.#page.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#inside?.sendCommand?.(commands);
  }

  /** Where others have joined the message written last, all of them are written in its place. */
  #close(): void {
    const open = this.#open;
    if (open.count > 1) {
      this.#end = open.start;
      const { subject, reply, bytes } = open.batch;
      this.#reserve(subject, reply, bytes);
      const at = putLine(this.#page, this.#end, subject, reply, bytes);
      this.#end = putEnd(this.#page, open.put(this.#page, at));
    }
    open.clear();
  }

  /** @returns whether it was written. */
  #write(subject: string, payload: Uint8Array, reply: string | undefined): boolean {
    const { length } = payload;
    this.#reserve(subject, reply, length);
    const page = this.#page;
    const start = this.#end;
    const at = putLine(page, start, subject, reply, length);
    if (at < 0) return false;
    page.set(payload, at);
    this.#end = putEnd(page, at + length);
    if (this.#flushSoon()) this.#open.begin(subject, payload, reply, start);
    return true;
  }

  #writeRequest(
    subject: string,
    payload: Uint8Array,
    reply: string,
    fields: Fields | undefined,
    headBytes: number,
  ): boolean {
    this.#reserve(subject, reply, headBytes + payload.length + headBytesLength);
    const page = this.#page;
    let at = this.#end;
    if (fields !== undefined) page[at++] = 0x48;
    at = putCommand(page, at, subject, reply);
    if (at < 0) return false;
    if (fields !== undefined) {
      at = putDigits(page, at, headBytes);
      page[at++] = space;
    }
    at = putEnd(page, putDigits(page, at, headBytes + payload.length));
    if (fields !== undefined) at = putHead(page, at, fields);
    page.set(payload, at);
    this.#end = putEnd(page, at + payload.length);
    this.#flushSoon();
    return true;
  }

  /** @returns whether it waits for the end of the turn. */
  #flushSoon(): boolean {
    if (this.#end - this.#start >= handOverBytes) {
      this.flush();
      return false;
    }
    if (!this.#scheduled && !this.#answering) {
      this.#scheduled = true;
      this.#env.soon(this.#flush);
    }
    return true;
  }

  #reserve(subject: string, reply: string | undefined, bytes: number): void {
    const needed = subject.length + (reply?.length ?? 0) + bytes + lineBytes;
    if (needed <= this.#page.length - this.#end) return;
    this.#handOver();
    this.#page = new Uint8Array(pageBytes);
    this.#start = 0;
    this.#end = 0;
  }
}

const [space, star, dot, colon, greater, del] = [0x20, 0x2a, 0x2e, 0x3a, 0x3e, 0x7f];

/** `PUB <subject> [reply] <size>` and its end. @returns the position behind it, or -1 as {@link putSubject} */
function putLine(
  page: Uint8Array,
  from: number,
  subject: string,
  reply: string | undefined,
  size: number,
): number {
  const at = putCommand(page, from, subject, reply);
  return at < 0 ? -1 : putEnd(page, putDigits(page, at, size));
}

/** `PUB <subject> [reply] `. @returns the position behind it, or -1 as {@link putSubject} */
function putCommand(page: Uint8Array, from: number, subject: string, reply: string | undefined): number {
  let at = from;
  page[at++] = 0x50;
  page[at++] = 0x55;
  page[at++] = 0x42;
  page[at++] = space;
  at = putSubject(page, at, subject);
  return reply !== undefined && at > 0 ? putSubject(page, at, reply) : at;
}

const headBegin = "NATS/1.0";

function headSize(fields: Fields): number {
  let size = headBegin.length + 4;
  for (const name in fields) size += name.length + 4 + (fields[name] as string).length;
  return size;
}

/** Header fields and the empty line behind them. @returns the position behind it */
function putHead(page: Uint8Array, from: number, fields: Fields): number {
  let at = putEnd(page, putText(page, from, headBegin));
  for (const name in fields) {
    at = putText(page, at, name);
    page[at] = colon;
    page[at + 1] = space;
    at = putEnd(page, putText(page, at + 2, fields[name] as string));
  }
  return putEnd(page, at);
}

function putText(page: Uint8Array, from: number, text: string): number {
  for (let i = 0; i < text.length; i++) page[from + i] = text.charCodeAt(i);
  return from + text.length;
}

function headersOf(fields: Fields): MsgHdrs {
  const own = headers();
  for (const [name, value] of Object.entries(fields)) own.set(name, value);
  return own;
}

function putEnd(page: Uint8Array, at: number): number {
  page[at] = 0x0d;
  page[at + 1] = 0x0a;
  return at + 2;
}

/**
 * A subject and the space behind it. To look for what a subject must not have costs least here, where each
 * character is in hand.
 *
 * @returns the position behind it, or -1 for anything but plain ASCII tokens: that is looked at with care.
 */
function putSubject(page: Uint8Array, from: number, subject: string): number {
  let before = dot;
  let at = from;
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i);
    if (code <= space || code >= del || code === star || code === greater || (code === dot && before === dot))
      return -1;
    page[at++] = code;
    before = code;
  }
  if (before === dot) return -1;
  page[at++] = space;
  return at;
}

function putDigits(page: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let i = at + digits - 1, rest = value; i >= at; i--, rest = Math.floor(rest / 10))
    page[i] = 0x30 + (rest % 10);
  return at + digits;
}
