import { quote } from "../../../protocols/index.ts";
import { ok, rejected } from "../../transport/outcomes.ts";
import { refuseSequence } from "../../transport/store-rules.ts";
import type { Entry, Outcome, StreamEntry, StreamOptions } from "../../transport/transport.ts";
import { BucketFile } from "./bucket-file.ts";
import { ConsumerFile } from "./consumer-file.ts";
import type { QueueRequest, StoreAnswer, StoreRequest } from "./frames.ts";
import type { RandomStream } from "./random.ts";
import { StreamFile } from "./stream-file.ts";
import { Unflushed } from "./unflushed.ts";

interface Kept<F> {
  readonly file: F;
  readonly createdMs: number;
}

/** What a power cut has taken of one bucket or stream. */
export interface LostWrites {
  readonly name: string;
  readonly writes: number;
  /** It was itself too new. */
  readonly gone: boolean;
}

/** What a server has stored, in one file each bucket and stream. The latest writes are kept undoable. */
export class SimulatedDisk {
  readonly #nowMs: () => number;
  readonly #flushedAfterMs: number;
  readonly #random: RandomStream;
  readonly #buckets = new Map<string, Kept<BucketFile>>();
  readonly #streams = new Map<string, Kept<StreamFile>>();
  /** Called with each entry that is written, in order. */
  onEntry: (bucket: string, entry: Entry) => void = () => {};
  /** Called with each entry that a queue keeps. */
  onQueued: (queue: string, entry: StreamEntry) => void = () => {};

  constructor(nowMs: () => number, flushedAfterMs: number, random: RandomStream) {
    this.#nowMs = nowMs;
    this.#flushedAfterMs = flushedAfterMs;
    this.#random = random;
  }

  /** Each file loses what was written to it in another part of the last `lostMs`: no two are flushed at the same time. */
  powerCut(lostMs: number): readonly LostWrites[] {
    const lost: LostWrites[] = [];
    for (const files of [this.#buckets, this.#streams] as Map<string, Kept<BucketFile | StreamFile>>[]) {
      for (const [name, { file, createdMs }] of files) {
        const fromMs = this.#lostFromMs(lostMs);
        const gone = createdMs >= fromMs;
        let writes = file.unflushed.lose(fromMs);
        if (file instanceof StreamFile && file.options.kind === "queue")
          writes += file.consumers.unflushed.lose(this.#lostFromMs(lostMs));
        if (gone) files.delete(name);
        if (gone || writes > 0) lost.push({ name, writes, gone });
      }
    }
    return lost;
  }

  #lostFromMs(lostMs: number): number {
    return this.#nowMs() - this.#random.between(0, Math.min(lostMs, this.#flushedAfterMs));
  }

  captures(subject: string): boolean {
    for (const { file } of this.#streams.values()) if (file.takes(subject)) return true;
    return false;
  }

  /** Keeps what was published, in each stream over its subject; a queue that is full does not. */
  capture(subject: string, payload: Uint8Array, atWallMs: number): void {
    for (const { file } of this.#streams.values()) {
      if (!file.takes(subject) || file.refuse(subject, payload) !== undefined) continue;
      const entry = file.keep(subject, payload, atWallMs);
      if (file.options.kind === "queue") this.onQueued(file.name, entry);
    }
  }

  bucket(name: string): BucketFile | undefined {
    return this.#buckets.get(name)?.file;
  }

  stream(name: string): StreamFile | undefined {
    return this.#streams.get(name)?.file;
  }

  perform(request: Exclude<StoreRequest, QueueRequest>, atWallMs: number): StoreAnswer {
    if (request.op === "bucket") return this.#openBucket(request.bucket, request.valueMaxBytes);
    if (request.op === "stream") return this.#openStream(request.stream, request.options);
    if ("bucket" in request) {
      const bucket = this.bucket(request.bucket);
      if (bucket === undefined) return noBucket(request.bucket);
      if (request.op === "get") return ok(bucket.get(request.key));
      if (request.op === "entries") return ok(bucket.present(request.under));
      return bucket.write(request);
    }
    const stream = this.stream(request.stream);
    if (stream === undefined) return rejected("STORE_FAILED", `Stream ${request.stream} is gone`);
    if (request.op === "append") {
      const { subject, payload } = request;
      const refused =
        refuseSequence(stream.name, stream.lastSequence, request.expected) ?? stream.refuse(subject, payload);
      if (refused === undefined) this.capture(subject, payload, atWallMs);
      return refused ?? ok(stream.lastSequence);
    }
    if (request.op === "read") return ok(stream.read(request));
    if (request.op === "count") return ok(stream.count);
    if (request.op === "last") return ok(stream.lastSequence);
    if (stream.remove(request.sequence)) return ok(undefined);
    return rejected("STORE_FAILED", `Stream ${stream.name} has no entry ${quote(request.sequence)}`);
  }

  #openBucket(name: string, valueMaxBytes: number | undefined): StoreAnswer {
    const known = this.bucket(name);
    if (known !== undefined) return ok(known.valueMaxBytes);
    const file = new BucketFile(valueMaxBytes, this.#unflushed(), (entry) => this.onEntry(name, entry));
    this.#buckets.set(name, { file, createdMs: this.#nowMs() });
    return ok(valueMaxBytes);
  }

  #openStream(name: string, options: StreamOptions): StoreAnswer {
    const known = this.stream(name);
    if (known !== undefined) return ok(known.options);
    const file = new StreamFile(name, options, this.#unflushed(), new ConsumerFile(this.#unflushed()));
    this.#streams.set(name, { file, createdMs: this.#nowMs() });
    return ok(options);
  }

  #unflushed(): Unflushed {
    return new Unflushed(this.#nowMs, this.#flushedAfterMs);
  }
}

export function noBucket(name: string): Outcome<never> {
  return rejected("STORE_FAILED", `Bucket ${name} is gone`);
}
