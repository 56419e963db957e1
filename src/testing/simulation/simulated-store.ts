import { quote } from "../../../protocols/index.ts";
import type { EventListeners } from "../../transport/event-listeners.ts";
import { thrownBy } from "../../transport/event-listeners.ts";
import { done, ok, rejected, tooLarge } from "../../transport/outcomes.ts";
import {
  lostRace,
  refuseConsume,
  refuseKey,
  refuseName,
  refuseOther,
  refuseSize,
  refuseStream,
} from "../../transport/store-rules.ts";
import { SubjectTree } from "../../transport/subject-tree.ts";
import type {
  Bucket,
  Closable,
  Entry,
  Outcome,
  Store,
  Stream,
  StreamEntry,
  StreamOptions,
} from "../../transport/transport.ts";
import type { StoreClient } from "./store-client.ts";

/** The store as a client of NATS sees it: each call is one request or several, each with its own fate. */
export function simulatedStore(client: StoreClient, events: EventListeners, payloadMaxBytes: number): Store {
  return {
    bucket: async (name, limits = {}) => {
      const refused = refuseName("bucket", name);
      if (refused !== undefined) return refused;
      const opened = await client.ask({ op: "bucket", bucket: name, valueMaxBytes: limits.valueMaxBytes });
      if (opened.kind !== "ok") return opened;
      return ok(new SimulatedBucket(client, name, opened.value as number | undefined, events));
    },
    stream: async (name, options) => {
      const refused = refuseStream(name, options);
      if (refused !== undefined) return refused;
      const opened = await client.ask({ op: "stream", stream: name, options });
      if (opened.kind !== "ok") return opened;
      const found = opened.value as StreamOptions;
      const other = refuseOther(name, found, options);
      return other ?? ok(streamOf(client, name, found, { events, payloadMaxBytes }));
    },
  };
}

class SimulatedBucket implements Bucket {
  readonly #client: StoreClient;
  readonly #name: string;
  readonly #valueMaxBytes: number | undefined;
  readonly #events: EventListeners;

  constructor(client: StoreClient, name: string, valueMaxBytes: number | undefined, events: EventListeners) {
    this.#client = client;
    this.#name = name;
    this.#valueMaxBytes = valueMaxBytes;
    this.#events = events;
  }

  async get(key: string): Promise<Outcome<Entry | undefined>> {
    const last = await this.#last(key);
    if (last.kind !== "ok") return last;
    return ok(last.value?.value === undefined ? undefined : last.value);
  }

  /** Three steps, as on a real server: others may write in between. */
  async create(key: string, value: Uint8Array): Promise<Outcome<number>> {
    const refused = this.#refuse(key, value);
    if (refused !== undefined) return refused;
    const copy = new Uint8Array(value);
    const created = await this.#write(key, copy, 0);
    if (created.kind !== "rejected" || created.error.code !== "ADDRESS_TAKEN") return created;
    const last = await this.#last(key);
    if (last.kind !== "ok") return last;
    if (last.value?.value !== undefined) return lostRace(key, "missing");
    return this.#write(key, copy, last.value?.revision ?? 0);
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<Outcome<number>> {
    return this.#refuse(key, value) ?? this.#write(key, new Uint8Array(value), revision);
  }

  async put(key: string, value: Uint8Array): Promise<Outcome<number>> {
    return this.#refuse(key, value) ?? this.#write(key, new Uint8Array(value), undefined);
  }

  async delete(key: string, revision?: number): Promise<Outcome> {
    const refused = this.#refuse(key);
    if (refused !== undefined) return refused;
    const deleted = await this.#write(key, undefined, revision);
    return deleted.kind === "ok" ? done : deleted;
  }

  async entries(under?: string): Promise<Outcome<readonly Entry[]>> {
    const refused = under === undefined ? undefined : refuseKey(under);
    if (refused !== undefined) return refused;
    const read = await this.#client.ask({ op: "entries", bucket: this.#name, under });
    return read.kind === "ok" ? ok((read.value as readonly Entry[]).map(copyOf)) : read;
  }

  async watch(handler: (entry: Entry) => void): Promise<Outcome<Closable>> {
    const { begun, close } = this.#client.watch(this.#name, (entry) => {
      try {
        handler(entry);
      } catch (thrown) {
        this.#events.error(thrownBy(`A watcher of ${entry.key}`, thrown), entry.key);
      }
    });
    const outcome = await begun;
    return outcome.kind === "ok" ? ok<Closable>({ close }) : outcome;
  }

  async #last(key: string): Promise<Outcome<Entry | undefined>> {
    const refused = refuseKey(key);
    if (refused !== undefined) return refused;
    const found = await this.#client.ask({ op: "get", bucket: this.#name, key });
    if (found.kind !== "ok") return found;
    return ok(found.value === undefined ? undefined : copyOf(found.value as Entry));
  }

  async #write(
    key: string,
    value: Uint8Array | undefined,
    revision: number | undefined,
  ): Promise<Outcome<number>> {
    const written = await this.#client.ask({ op: "write", bucket: this.#name, key, value, revision });
    return written.kind === "ok" ? ok(written.value as number) : written;
  }

  #refuse(key: string, value?: Uint8Array): Outcome<never> | undefined {
    return refuseKey(key) ?? refuseSize(`the value of ${key}`, value?.length ?? 0, this.#valueMaxBytes);
  }
}

function copyOf(entry: Entry): Entry {
  return { ...entry, value: entry.value && new Uint8Array(entry.value) };
}

function streamOf(
  client: StoreClient,
  name: string,
  { subjects, kind }: StreamOptions,
  { events, payloadMaxBytes }: { readonly events: EventListeners; readonly payloadMaxBytes: number },
): Stream {
  const taken = new SubjectTree<true>();
  for (const subject of subjects) taken.add(subject, true);
  return {
    append: async (subject, payload, expected) => {
      if (taken.match(subject).length === 0) {
        return rejected("STORE_FAILED", `Stream ${name} does not take ${quote(subject)}`);
      }
      if (payload.length > payloadMaxBytes) {
        return { kind: "rejected", error: tooLarge(subject, payload, payloadMaxBytes) };
      }
      const copy = new Uint8Array(payload);
      const stored = await client.ask({ op: "append", stream: name, subject, payload: copy, expected });
      return stored.kind === "ok" ? ok(stored.value as number) : stored;
    },
    read: async ({ fromSequence = 1, limit = Number.POSITIVE_INFINITY, subject } = {}) => {
      const read = await client.ask({ op: "read", stream: name, fromSequence, limit, subject });
      if (read.kind !== "ok") return read;
      const entries = read.value as readonly StreamEntry[];
      return ok(entries.map((entry) => ({ ...entry, payload: new Uint8Array(entry.payload) })));
    },
    delete: async (sequence) => {
      const removed = await client.ask({ op: "remove", stream: name, sequence });
      return removed.kind === "ok" ? done : removed;
    },
    count: async () => {
      const counted = await client.ask({ op: "count", stream: name });
      return counted.kind === "ok" ? ok(counted.value as number) : counted;
    },
    lastSequence: async () => {
      const last = await client.ask({ op: "last", stream: name });
      return last.kind === "ok" ? ok(last.value as number) : last;
    },
    consume: async (options, handler) =>
      refuseConsume(name, kind, options) ?? client.consume(name, options, events, handler),
  };
}
