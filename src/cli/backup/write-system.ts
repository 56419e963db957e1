import { decodeValue, encodeValue } from "../../../protocols/index.ts";
import { deadLetterStream } from "../../dead-letters.ts";
import type { ShardRecord } from "../../durable/placement/records.ts";
import { boxStream, hostsBucket, recordsBucket } from "../../durable/stores.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Bucket, Outcome, Store, Stream } from "../../transport/transport.ts";
import type { Entry, Header } from "./format.ts";

/** Writes that are under way at a time; they are stored in the order in which they were sent. */
const underWayMax = 64;
const underWayMaxBytes = 16 * 1_048_576;

/** Makes a system's streams, and fills them in order. */
export class SystemWriter {
  readonly #records: Bucket;
  readonly #box: Stream;
  readonly #letters: Stream;
  readonly #hosts: Bucket;
  /** Oldest first. */
  readonly #underWay: { readonly written: Promise<Outcome<number>>; readonly bytes: number }[] = [];
  #underWayBytes = 0;

  private constructor(records: Bucket, box: Stream, letters: Stream, hosts: Bucket) {
    this.#records = records;
    this.#box = box;
    this.#letters = letters;
    this.#hosts = hosts;
  }

  /** @throws STORE_FAILED, STORE_FULL, SERVER_TOO_OLD for replicas */
  static async open(store: Store, { system, waitingMax }: Header): Promise<SystemWriter> {
    const [records, box, letters, hosts] = [
      recordsBucket(system),
      boxStream(system, waitingMax),
      deadLetterStream(system),
      hostsBucket(system),
    ];
    return new SystemWriter(
      valueOrThrow(await store.bucket(records.name, records.options)),
      valueOrThrow(await store.stream(box.name, box.options)),
      valueOrThrow(await store.stream(letters.name, letters.options)),
      valueOrThrow(await store.bucket(hosts.name, hosts.options)),
    );
  }

  /** Resolves when more may be given. @throws what the store refuses, of this entry or one before */
  async write(entry: Entry): Promise<void> {
    const { length } = entry.bytes;
    while (this.#underWay.length >= underWayMax || this.#underWayBytes + length > underWayMaxBytes) {
      if (this.#underWay.length === 0) break;
      await this.#oldest();
    }
    const written = this.#begin(entry);
    // One that is not awaited yet must not end the process.
    written.catch(() => {});
    this.#underWay.push({ written, bytes: length });
    this.#underWayBytes += length;
  }

  /** Resolves when all is stored. @throws as `write` */
  async finish(): Promise<void> {
    while (this.#underWay.length > 0) await this.#oldest();
  }

  async #oldest(): Promise<void> {
    const first = this.#underWay.shift();
    if (first === undefined) return;
    this.#underWayBytes -= first.bytes;
    valueOrThrow(await first.written);
  }

  #begin({ kind, name, bytes }: Entry): Promise<Outcome<number>> {
    switch (kind) {
      case "record":
        return this.#records.put(name, bytes);
      case "message":
        return this.#box.append(name, bytes);
      case "letter":
        return this.#letters.append(name, bytes);
      case "placement":
        return this.#hosts.put(name, name.startsWith("shard.") ? free(bytes) : bytes);
    }
  }
}

/** Whoever held it is not here: anybody may take it. */
function free(bytes: Uint8Array): Uint8Array {
  return encodeValue({ ...(decodeValue(bytes) as ShardRecord), held: false });
}
