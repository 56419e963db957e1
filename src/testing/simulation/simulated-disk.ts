import { quote } from "../../../protocols/index.ts";
import { ok, rejected } from "../../transport/outcomes.ts";
import type { Entry, Outcome, StreamOptions } from "../../transport/transport.ts";
import { BucketFile } from "./bucket-file.ts";
import type { StoreAnswer, StoreRequest } from "./frames.ts";
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
        const fromMs = this.#nowMs() - this.#random.between(0, Math.min(lostMs, this.#flushedAfterMs));
        const gone = createdMs >= fromMs;
        const writes = file.unflushed.lose(fromMs);
        if (gone) files.delete(name);
        if (gone || writes > 0) lost.push({ name, writes, gone });
      }
    }
    return lost;
  }

  captures(subject: string): boolean {
    for (const { file } of this.#streams.values()) if (file.takes(subject)) return true;
    return false;
  }

  /** Keeps what was published, in each stream over its subject. @returns the last sequence number given */
  capture(subject: string, payload: Uint8Array, atWallMs: number): number {
    let sequence = 0;
    for (const { file } of this.#streams.values()) {
      if (file.takes(subject)) sequence = file.keep(subject, payload, atWallMs);
    }
    return sequence;
  }

  bucket(name: string): BucketFile | undefined {
    return this.#buckets.get(name)?.file;
  }

  perform(request: StoreRequest, atWallMs: number): StoreAnswer {
    if (request.op === "bucket") return this.#openBucket(request.bucket, request.valueMaxBytes);
    if (request.op === "stream") return this.#openStream(request.stream, request.options);
    if ("bucket" in request) {
      const bucket = this.bucket(request.bucket);
      if (bucket === undefined) return noBucket(request.bucket);
      if (request.op === "get") return ok(bucket.get(request.key));
      if (request.op === "entries") return ok(bucket.present(request.under));
      return bucket.write(request);
    }
    const stream = this.#streams.get(request.stream)?.file;
    if (stream === undefined) return rejected("STORE_FAILED", `Stream ${request.stream} is gone`);
    if (request.op === "append") return ok(this.capture(request.subject, request.payload, atWallMs));
    if (request.op === "read") return ok(stream.read(request));
    if (request.op === "count") return ok(stream.count);
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
    const known = this.#streams.get(name)?.file;
    if (known !== undefined) return ok(known.options);
    const file = new StreamFile(name, options, this.#unflushed());
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
