import { jetStreamCode, refusedWith } from "./jetstream-answer.ts";
import { isDeletion, type JetStreamApi, operationHeader } from "./jetstream-api.ts";
import { readEntries, type StoredMessage } from "./jetstream-read.ts";
import { watchBucket } from "./nats-watch.ts";
import type { Fields } from "./nats-writer.ts";
import { done, ok } from "./outcomes.ts";
import { lostRace, refuseKey, refuseSize } from "./store-rules.ts";
import type { Bucket, Closable, Entry, Outcome } from "./transport.ts";

const nothing = new Uint8Array(0);
const expectedRevision = "Nats-Expected-Last-Subject-Sequence";

/** A key-value bucket as ADR-8 describes it, history 1. */
export class NatsBucket implements Bucket {
  readonly #api: JetStreamApi;
  readonly #name: string;
  readonly #stream: string;
  readonly #valueMaxBytes: number | undefined;

  constructor(api: JetStreamApi, name: string, valueMaxBytes: number | undefined) {
    this.#api = api;
    this.#name = name;
    this.#stream = `KV_${name}`;
    this.#valueMaxBytes = valueMaxBytes;
  }

  async get(key: string): Promise<Outcome<Entry | undefined>> {
    const last = await this.#last(key);
    if (last.kind !== "ok") return last;
    return ok(last.value?.value === undefined ? undefined : last.value);
  }

  async create(key: string, value: Uint8Array): Promise<Outcome<number>> {
    const refusal = this.#refuse(key, value);
    if (refusal !== undefined) return refusal;
    const copy = new Uint8Array(value);
    const created = await this.#write(key, copy, 0);
    if (!lost(created)) return created;
    // The key may be there as the mark of its deletion.
    const last = await this.#last(key);
    if (last.kind !== "ok") return last;
    if (last.value?.value !== undefined) return lostRace(key, "missing");
    return this.#write(key, copy, last.value?.revision ?? 0);
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<Outcome<number>> {
    return this.#refuse(key, value) ?? this.#write(key, value, revision);
  }

  async put(key: string, value: Uint8Array): Promise<Outcome<number>> {
    return this.#refuse(key, value) ?? this.#write(key, value);
  }

  async delete(key: string, revision?: number): Promise<Outcome> {
    const refusal = this.#refuse(key);
    if (refusal !== undefined) return refusal;
    const deleted = await this.#write(key, nothing, revision, { [operationHeader]: "DEL" });
    return deleted.kind === "ok" ? done : deleted;
  }

  async entries(under?: string): Promise<Outcome<readonly Entry[]>> {
    const refusal = under === undefined ? undefined : refuseKey(under);
    if (refusal !== undefined) return refusal;
    const read = await readEntries(this.#api, this.#stream, {
      deliver_policy: "last_per_subject",
      filter_subject: this.#subject(under === undefined ? ">" : `${under}.>`),
    });
    if (read.kind !== "ok") return read;
    const prefixLength = this.#subject("").length;
    return ok(
      read.value
        .filter((entry) => !entry.deleted)
        .map(({ subject, payload, sequence }) => ({
          key: subject.slice(prefixLength),
          value: payload,
          revision: sequence,
        })),
    );
  }

  watch(handler: (entry: Entry) => void): Promise<Outcome<Closable>> {
    return watchBucket(this.#api, this.#name, handler);
  }

  async #last(key: string): Promise<Outcome<Entry | undefined>> {
    const refusal = refuseKey(key);
    if (refusal !== undefined) return refusal;
    const found = await this.#api.call<StoredMessage>(`STREAM.MSG.GET.${this.#stream}`, {
      last_by_subj: this.#subject(key),
    });
    if (refusedWith(found, jetStreamCode.noMessageFound)) return ok(undefined);
    if (found.kind !== "ok") return found;
    const { seq, data = "", hdrs = "" } = found.value.message;
    const [, operation] = /^KV-Operation:\s*(\w+)/im.exec(Buffer.from(hdrs, "base64").toString()) ?? [];
    const deleted = isDeletion(operation);
    const value = deleted ? undefined : new Uint8Array(Buffer.from(data, "base64"));
    return ok({ key, value, revision: seq });
  }

  async #write(key: string, value: Uint8Array, revision?: number, fields?: Fields): Promise<Outcome<number>> {
    const expected = revision === undefined ? fields : { ...fields, [expectedRevision]: String(revision) };
    const written = await this.#api.publish(this.#stream, this.#subject(key), value, expected);
    return lost(written) ? lostRace(key, `at revision ${revision}`) : written;
  }

  #refuse(key: string, value: Uint8Array = nothing): Outcome<never> | undefined {
    return refuseKey(key) ?? refuseSize(`the value of ${key}`, value.length, this.#valueMaxBytes);
  }

  #subject(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }
}

function lost(outcome: Outcome<unknown>): boolean {
  return outcome.kind === "rejected" && outcome.error.code === "ADDRESS_TAKEN";
}
