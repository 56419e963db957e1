import { type CoxswainError, type Envelope, encodeEnvelope, quote } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { thrownBy } from "./event-listeners.ts";
import type { QueueConnection, QueueHost } from "./memory-queue.ts";
import { MemoryStream } from "./memory-stream.ts";
import { done, ok, rejected } from "./outcomes.ts";
import {
  lostRace,
  refuseConsume,
  refuseKey,
  refuseName,
  refuseOther,
  refuseSequence,
  refuseSize,
  refuseStream,
} from "./store-rules.ts";
import { SubjectTree } from "./subject-tree.ts";
import type { Bucket, Closable, Entry, Outcome, Store, Stream, StreamOptions } from "./transport.ts";

/** What the store needs of the hub. */
interface Host extends QueueHost {
  readonly env: Pick<Env, "nowMs" | "monotonicMs" | "setTimer">;
  /** Subjects are captured from now on that were not. */
  changed(): void;
}

/** What the store needs of the transport that asks. */
interface Connection extends QueueConnection {
  publish(subject: string, payload: Uint8Array): CoxswainError | undefined;
}

/** Buckets and streams of one hub. They live as long as it does. */
export class MemoryStore {
  readonly #host: Host;
  readonly #buckets = new Map<string, BucketData>();
  readonly #streams = new Map<string, MemoryStream>();
  readonly #captured = new SubjectTree<MemoryStream>();

  constructor(host: Host) {
    this.#host = host;
  }

  captures(subject: string): boolean {
    return this.#captured.match(subject).length > 0;
  }

  /** Keeps what was published on a captured subject, as a server's stream does. */
  capture(subject: string, payload: Uint8Array | Envelope): void {
    const bytes = payload instanceof Uint8Array ? payload : encodeEnvelope(payload);
    for (const stream of this.#captured.match(subject)) stream.keep(subject, bytes, this.#host.env.nowMs());
  }

  forConnection(connection: Connection): Store {
    return {
      bucket: async (name, limits = {}) => {
        const refusal = refuseClosed(connection) ?? refuseName("bucket", name);
        if (refusal !== undefined) return refusal;
        let data = this.#buckets.get(name);
        if (data === undefined) {
          data = new BucketData(limits.valueMaxBytes);
          this.#buckets.set(name, data);
        }
        return ok(new MemoryBucket(data, this.#host, connection));
      },
      stream: async (name, options) => {
        const refusal = refuseClosed(connection) ?? refuseStream(name, options);
        if (refusal !== undefined) return refusal;
        const opened = this.#openStream(name, options);
        return opened.kind === "ok" ? ok(streamOf(opened.value, connection)) : opened;
      },
    };
  }

  #openStream(name: string, options: StreamOptions): Outcome<MemoryStream> {
    const known = this.#streams.get(name);
    if (known !== undefined) return refuseOther(name, known.options, options) ?? ok(known);
    const stream = new MemoryStream(name, options, this.#host);
    this.#streams.set(name, stream);
    for (const subject of options.subjects) this.#captured.add(subject, stream);
    this.#host.changed();
    return ok(stream);
  }
}

function refuseClosed(connection: Connection): Outcome<never> | undefined {
  return connection.connected ? undefined : rejected("TRANSPORT_CLOSED", "The connection is closed");
}

function streamOf(stream: MemoryStream, connection: Connection): Stream {
  return {
    append: async (subject, payload, expected) => {
      const refusal = refuseClosed(connection);
      if (refusal !== undefined) return refusal;
      if (!stream.takes(subject)) {
        return rejected("STORE_FAILED", `Stream ${stream.name} does not take ${quote(subject)}`);
      }
      const late = refuseSequence(stream.name, stream.lastSequence, expected);
      if (late !== undefined) return late;
      const full = stream.refuse(subject, payload);
      const error = connection.publish(subject, payload);
      if (error !== undefined) return { kind: "rejected", error };
      return full ?? ok(stream.lastSequence);
    },
    read: async (options) => refuseClosed(connection) ?? ok(stream.read(options)),
    delete: async (sequence) => refuseClosed(connection) ?? stream.delete(sequence),
    count: async () => refuseClosed(connection) ?? ok(stream.count),
    lastSequence: async () => refuseClosed(connection) ?? ok(stream.lastSequence),
    consume: async (options, handler) =>
      refuseClosed(connection) ??
      refuseConsume(stream.name, stream.options.kind, options) ??
      stream.consumers.consume(stream, connection, options, handler),
  };
}

class BucketData {
  readonly valueMaxBytes: number | undefined;
  readonly entries = new Map<string, Entry>();
  readonly watchers = new Set<(entry: Entry) => void>();
  #revision = 0;

  constructor(valueMaxBytes: number | undefined) {
    this.valueMaxBytes = valueMaxBytes;
  }

  write(key: string, value: Uint8Array | undefined): number {
    this.#revision += 1;
    const entry = { key, value: value && new Uint8Array(value), revision: this.#revision };
    // Last in the map, so that the map is in order of revision.
    this.entries.delete(key);
    this.entries.set(key, entry);
    for (const notify of this.watchers) notify(entry);
    return entry.revision;
  }

  present(): Entry[] {
    return [...this.entries.values()].filter((entry) => entry.value !== undefined).map(copyOf);
  }
}

function copyOf(entry: Entry): Entry {
  return { ...entry, value: entry.value && new Uint8Array(entry.value) };
}

class MemoryBucket implements Bucket {
  readonly #data: BucketData;
  readonly #host: Host;
  readonly #connection: Connection;

  constructor(data: BucketData, host: Host, connection: Connection) {
    this.#data = data;
    this.#host = host;
    this.#connection = connection;
  }

  async get(key: string): Promise<Outcome<Entry | undefined>> {
    const refusal = this.#refuse(key);
    if (refusal !== undefined) return refusal;
    const entry = this.#data.entries.get(key);
    return ok(entry?.value === undefined ? undefined : copyOf(entry));
  }

  async create(key: string, value: Uint8Array): Promise<Outcome<number>> {
    const refusal = this.#refuse(key, value);
    if (refusal !== undefined) return refusal;
    if (this.#data.entries.get(key)?.value !== undefined) return lostRace(key, "missing");
    return ok(this.#data.write(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<Outcome<number>> {
    const refusal = this.#refuse(key, value) ?? this.#refuseRevision(key, revision);
    return refusal ?? ok(this.#data.write(key, value));
  }

  async put(key: string, value: Uint8Array): Promise<Outcome<number>> {
    return this.#refuse(key, value) ?? ok(this.#data.write(key, value));
  }

  async delete(key: string, revision?: number): Promise<Outcome> {
    const refusal = this.#refuse(key) ?? this.#refuseRevision(key, revision);
    if (refusal !== undefined) return refusal;
    this.#data.write(key, undefined);
    return done;
  }

  async entries(under?: string): Promise<Outcome<readonly Entry[]>> {
    if (under === undefined) return refuseClosed(this.#connection) ?? ok(this.#data.present());
    const isUnder = ({ key }: Entry): boolean => key.startsWith(`${under}.`);
    return this.#refuse(under) ?? ok(this.#data.present().filter(isUnder));
  }

  async watch(handler: (entry: Entry) => void): Promise<Outcome<Closable>> {
    const refusal = refuseClosed(this.#connection);
    if (refusal !== undefined) return refusal;
    let open = true;
    const tell = (entry: Entry): void => {
      if (!open || !this.#connection.connected) return;
      try {
        handler(entry);
      } catch (thrown) {
        this.#connection.events.error(thrownBy(`A watcher of ${entry.key}`, thrown), entry.key);
      }
    };
    const notify = (entry: Entry): void => {
      if (!this.#connection.connected) this.#data.watchers.delete(notify);
      else this.#host.later(() => tell(copyOf(entry)));
    };
    for (const entry of this.#data.present()) notify(entry);
    this.#data.watchers.add(notify);
    await new Promise<void>((resolve) => this.#host.later(resolve));
    return ok<Closable>({
      close: () => {
        open = false;
        this.#data.watchers.delete(notify);
      },
    });
  }

  #refuse(key: string, value?: Uint8Array): Outcome<never> | undefined {
    return (
      refuseClosed(this.#connection) ??
      refuseKey(key) ??
      refuseSize(`the value of ${key}`, value?.length ?? 0, this.#data.valueMaxBytes)
    );
  }

  #refuseRevision(key: string, revision: number | undefined): Outcome<never> | undefined {
    const last = this.#data.entries.get(key)?.revision ?? 0;
    return revision === undefined || revision === last ? undefined : lostRace(key, `at revision ${revision}`);
  }
}
