import {
  batchEntriesMax,
  batchLengthBytes,
  batchMarkBytes,
  batchMaxBytes,
  batchSubject,
  isBatchable,
  isOnLane,
  joinTokens,
  putBatch,
  replyPrefixOf,
} from "../../protocols/index.ts";

/** A batch as it is published. */
export interface Batch {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly bytes: number;
}

/**
 * The message written last, and those that follow it to the same place: to one inbox with replies to one
 * node, or all of them replies to one node. They travel as one message for as long as they fit.
 */
export class OpenBatch {
  /** Where the first message was written. */
  start = 0;
  readonly #payloadMaxBytes: () => number;
  readonly #frames: Uint8Array[] = [];
  #subject = "";
  #reply: string | undefined;
  /** What the reply subjects have in common; undefined until a second message comes. */
  #prefix: string | undefined;
  #tokens = "";
  #bytes = 0;
  #maxBytes = 0;

  constructor(payloadMaxBytes: () => number) {
    this.#payloadMaxBytes = payloadMaxBytes;
  }

  get count(): number {
    return this.#frames.length;
  }

  /** Begins anew with a message that has been written. */
  begin(subject: string, frame: Uint8Array, reply: string | undefined, start: number): void {
    this.clear();
    if (!isFrame(frame)) return;
    this.start = start;
    this.#subject = subject;
    this.#reply = reply;
    this.#add(frame);
  }

  /** @returns whether the message is part of it now. */
  join(subject: string, frame: Uint8Array, reply: string | undefined): boolean {
    const { length } = this.#frames;
    if (length === 0 || length >= batchEntriesMax || !isFrame(frame)) return false;
    if (
      reply === undefined ? this.#reply !== undefined : this.#reply === undefined || subject !== this.#subject
    )
      return false;
    this.#prefix ??= this.#open();
    if (this.#prefix === undefined || this.#bytes + batchLengthBytes + frame.length > this.#maxBytes)
      return false;
    const place = reply ?? subject;
    if (!isBatchable(place, this.#prefix)) return false;
    this.#tokens = joinTokens(this.#tokens, place.slice(this.#prefix.length));
    this.#add(frame);
    return true;
  }

  /** How it is published. */
  get batch(): Batch {
    const place = batchSubject(this.#prefix ?? "", this.#tokens);
    const [subject, reply] = this.#reply === undefined ? [place, undefined] : [this.#subject, place];
    return { subject, reply, bytes: this.#bytes };
  }

  put(page: Uint8Array, at: number): number {
    return putBatch(page, at, this.#frames);
  }

  clear(): void {
    this.#frames.length = 0;
    this.#prefix = undefined;
    this.#bytes = batchMarkBytes;
  }

  #add(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += batchLengthBytes + frame.length;
  }

  /** @returns the prefix, where the first message may be followed by others. */
  #open(): string | undefined {
    const place = this.#reply ?? this.#subject;
    const fits = this.#reply === undefined || isOnLane(this.#subject, "in");
    const prefix = fits ? replyPrefixOf(place) : undefined;
    if (prefix === undefined || !isBatchable(place, prefix)) return undefined;
    this.#maxBytes = Math.min(batchMaxBytes, this.#payloadMaxBytes());
    this.#tokens = place.slice(prefix.length);
    return prefix;
  }
}

/** Only our own frames: whoever speaks JSON knows nothing of batches. */
function isFrame(bytes: Uint8Array): boolean {
  return ((bytes[0] as number) & 0xf0) === 0x90;
}
