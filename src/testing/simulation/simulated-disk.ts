import { quote } from "../../../protocols/index.ts";
import { ok, rejected } from "../../transport/outcomes.ts";
import { lostRace, refuseSize } from "../../transport/store-rules.ts";
import type { Entry, StreamOptions } from "../../transport/transport.ts";
import type { StoreAnswer, StoreRequest } from "./frames.ts";
import { StreamFile } from "./stream-file.ts";

interface BucketFile {
  readonly valueMaxBytes: number | undefined;
  /** In order of revision, deleted keys too. */
  entries: Map<string, Entry>;
  revision: number;
}

interface Write {
  readonly atMs: number;
  readonly undo: () => void;
}

/** What a server has stored. The latest writes are kept undoable: a power cut takes what was not flushed yet. */
export class SimulatedDisk {
  readonly #nowMs: () => number;
  readonly #flushedAfterMs: number;
  readonly #buckets = new Map<string, BucketFile>();
  readonly #streams = new Map<string, StreamFile>();
  #unsynced: Write[] = [];
  /** Called with each entry that is written, in order. */
  onEntry: (bucket: string, entry: Entry) => void = () => {};

  constructor(nowMs: () => number, flushedAfterMs: number) {
    this.#nowMs = nowMs;
    this.#flushedAfterMs = flushedAfterMs;
  }

  /** @returns how many writes are lost */
  powerCut(lostMs: number): number {
    const fromMs = this.#nowMs() - Math.min(lostMs, this.#flushedAfterMs);
    let lost = 0;
    for (
      let last = this.#unsynced.at(-1);
      last !== undefined && last.atMs >= fromMs;
      last = this.#unsynced.at(-1)
    ) {
      last.undo();
      this.#unsynced.pop();
      lost += 1;
    }
    return lost;
  }

  captures(subject: string): boolean {
    for (const stream of this.#streams.values()) if (stream.takes(subject)) return true;
    return false;
  }

  /** Keeps what was published, in each stream over its subject. @returns the last sequence number given */
  capture(subject: string, payload: Uint8Array, atWallMs: number): number {
    let sequence = 0;
    for (const stream of this.#streams.values()) {
      if (!stream.takes(subject)) continue;
      this.#wrote(stream.keep(subject, payload, atWallMs));
      sequence = stream.lastSequence;
    }
    return sequence;
  }

  /** Entries behind a revision; undefined for those that are there. */
  entriesAfter(bucket: string, revision: number | undefined): readonly Entry[] {
    const entries = [...(this.#buckets.get(bucket)?.entries.values() ?? [])];
    return revision === undefined
      ? entries.filter((entry) => entry.value !== undefined)
      : entries.filter((entry) => entry.revision > revision);
  }

  perform(request: StoreRequest, atWallMs: number): StoreAnswer {
    if (request.op === "bucket") return this.#openBucket(request.bucket, request.valueMaxBytes);
    if (request.op === "stream") return this.#openStream(request.stream, request.options);
    if ("bucket" in request) {
      const bucket = this.#buckets.get(request.bucket);
      if (bucket === undefined) return rejected("STORE_FAILED", `Bucket ${request.bucket} is gone`);
      if (request.op === "get") return ok(bucket.entries.get(request.key));
      if (request.op === "entries") return ok(this.entriesAfter(request.bucket, undefined));
      return this.#write(request, bucket);
    }
    const stream = this.#streams.get(request.stream);
    if (stream === undefined) return rejected("STORE_FAILED", `Stream ${request.stream} is gone`);
    if (request.op === "append") return ok(this.capture(request.subject, request.payload, atWallMs));
    if (request.op === "read") return ok(stream.read(request));
    if (request.op === "count") return ok(stream.count);
    return this.#removed(stream, request.sequence);
  }

  #removed(stream: StreamFile, sequence: number): StoreAnswer {
    const undo = stream.remove(sequence);
    if (undo === undefined)
      return rejected("STORE_FAILED", `Stream ${stream.name} has no entry ${quote(sequence)}`);
    this.#wrote(undo);
    return ok(undefined);
  }

  #openBucket(name: string, valueMaxBytes: number | undefined): StoreAnswer {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { valueMaxBytes, entries: new Map(), revision: 0 };
      this.#buckets.set(name, bucket);
    }
    return ok(bucket.valueMaxBytes);
  }

  #openStream(name: string, options: StreamOptions): StoreAnswer {
    const known = this.#streams.get(name);
    if (known === undefined) this.#streams.set(name, new StreamFile(name, options));
    return ok(known?.options ?? options);
  }

  #write(
    { bucket: name, key, value, revision }: StoreRequest & { op: "write" },
    bucket: BucketFile,
  ): StoreAnswer {
    const refused = refuseSize(`the value of ${key}`, value?.length ?? 0, bucket.valueMaxBytes);
    if (refused !== undefined) return refused;
    const before = bucket.entries.get(key);
    if (revision !== undefined && revision !== (before?.revision ?? 0)) {
      return lostRace(key, `at revision ${revision}`);
    }
    bucket.revision += 1;
    const entry: Entry = { key, value, revision: bucket.revision };
    // Last in the map, so that the map is in order of revision.
    bucket.entries.delete(key);
    bucket.entries.set(key, entry);
    this.#wrote(() => {
      bucket.revision -= 1;
      bucket.entries.delete(key);
      if (before === undefined) return;
      const sorted = [...bucket.entries, [key, before] as const].sort(
        (a, b) => a[1].revision - b[1].revision,
      );
      bucket.entries = new Map(sorted);
    });
    this.onEntry(name, entry);
    return ok(entry.revision);
  }

  #wrote(undo: () => void): void {
    const nowMs = this.#nowMs();
    this.#unsynced.push({ atMs: nowMs, undo });
    if (this.#unsynced.length < 1_000) return;
    this.#unsynced = this.#unsynced.filter(({ atMs }) => atMs >= nowMs - this.#flushedAfterMs);
  }
}
