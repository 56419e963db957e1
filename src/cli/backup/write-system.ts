import { decodeValue, encodeValue } from "../../../protocols/index.ts";
import { deadLetterStream } from "../../dead-letters.ts";
import { historyStream } from "../../durable/history/history-stream.ts";
import type { ShardRecord } from "../../durable/placement/records.ts";
import { boxStream, hostsBucket, recordsBucket } from "../../durable/stores.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Bucket, Outcome, Store, Stream } from "../../transport/transport.ts";
import { CommandFailure } from "../command.ts";
import { plainText } from "../output.ts";
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
  /** By type. */
  readonly #histories: ReadonlyMap<string, Stream>;
  /** Oldest first. */
  readonly #underWay: { readonly written: Promise<Outcome<number>>; readonly bytes: number }[] = [];
  #underWayBytes = 0;

  private constructor(parts: Parts) {
    this.#records = parts.records;
    this.#box = parts.box;
    this.#letters = parts.letters;
    this.#hosts = parts.hosts;
    this.#histories = parts.histories;
  }

  /** @throws STORE_FAILED, STORE_FULL, SERVER_TOO_OLD for replicas */
  static async open(store: Store, { system, waitingMax, histories }: Header): Promise<SystemWriter> {
    const [records, box] = [recordsBucket(system), boxStream(system, waitingMax)];
    const [letters, hosts] = [deadLetterStream(system), hostsBucket(system)];
    const opened = new Map<string, Stream>();
    for (const [type, historyMax] of Object.entries(histories)) {
      const { name, options } = historyStream(system, type, historyMax);
      opened.set(type, valueOrThrow(await store.stream(name, options)));
    }
    return new SystemWriter({
      records: valueOrThrow(await store.bucket(records.name, records.options)),
      box: valueOrThrow(await store.stream(box.name, box.options)),
      letters: valueOrThrow(await store.stream(letters.name, letters.options)),
      hosts: valueOrThrow(await store.bucket(hosts.name, hosts.options)),
      histories: opened,
    });
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
      case "history":
        return this.#historyOf(name).append(name, bytes);
      case "letter":
        return this.#letters.append(name, bytes);
      case "placement":
        return this.#hosts.put(name, name.startsWith("shard.") ? free(bytes) : bytes);
    }
  }

  /** @throws CommandFailure for a subject of a type whose histories the header does not name */
  #historyOf(subject: string): Stream {
    const [, , , , type = ""] = subject.split(".");
    const stream = this.#histories.get(type);
    if (stream !== undefined) return stream;
    throw new CommandFailure(
      `The file has a history on ${plainText(subject)}, of which its header does not tell`,
    );
  }
}

/** What it fills. */
interface Parts {
  readonly records: Bucket;
  readonly box: Stream;
  readonly letters: Stream;
  readonly hosts: Bucket;
  readonly histories: ReadonlyMap<string, Stream>;
}

/** Whoever held it is not here: anybody may take it. */
function free(bytes: Uint8Array): Uint8Array {
  return encodeValue({ ...(decodeValue(bytes) as ShardRecord), held: false });
}
