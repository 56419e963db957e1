import { quote } from "../../protocols/index.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { readEntries, readQueue } from "./jetstream-read.ts";
import { consumeQueue } from "./nats-queue.ts";
import { done, ok, rejected } from "./outcomes.ts";
import { refuseConsume, refuseSize } from "./store-rules.ts";
import { isSubject, SubjectTree } from "./subject-tree.ts";
import type {
  ConsumeOptions,
  Consumption,
  Expected,
  Outcome,
  QueueEntry,
  Stream,
  StreamEntry,
} from "./transport.ts";

const expectedSequence = "Nats-Expected-Last-Sequence";

/** A JetStream stream. */
export class NatsStream implements Stream {
  readonly #api: JetStreamApi;
  readonly #name: string;
  readonly #subjects = new SubjectTree<true>();

  readonly #kind: "log" | "queue";

  constructor(
    api: JetStreamApi,
    name: string,
    { subjects, kind }: { readonly subjects: readonly string[]; readonly kind: "log" | "queue" },
  ) {
    this.#api = api;
    this.#name = name;
    this.#kind = kind;
    for (const subject of subjects) this.#subjects.add(subject, true);
  }

  async append(subject: string, payload: Uint8Array, expected?: Expected): Promise<Outcome<number>> {
    if (!isSubject(subject) || this.#subjects.match(subject).length === 0) {
      return rejected("STORE_FAILED", `Stream ${this.#name} does not take ${quote(subject)}`);
    }
    const payloadMaxBytes = this.#api.host.link()?.info.max_payload;
    const refusal = refuseSize(`an entry of ${this.#name}`, payload.length, payloadMaxBytes);
    const fields = expected && { [expectedSequence]: String(expected.lastSequence) };
    return refusal ?? this.#api.publish(this.#name, subject, payload, fields);
  }

  async read(
    options: { fromSequence?: number; limit?: number; subject?: string } = {},
  ): Promise<Outcome<readonly StreamEntry[]>> {
    const { fromSequence = 1, limit, subject } = options;
    if (this.#kind === "queue") return readQueue(this.#api, this.#name, fromSequence, limit, subject);
    const read = await readEntries(
      this.#api,
      this.#name,
      {
        deliver_policy: "by_start_sequence",
        opt_start_seq: Math.max(1, fromSequence),
        ...(subject === undefined ? {} : { filter_subject: subject }),
      },
      limit,
    );
    if (read.kind !== "ok") return read;
    return ok(read.value.map(({ deleted, ...entry }) => entry));
  }

  async delete(sequence: number): Promise<Outcome> {
    const deleted = await this.#api.call(`STREAM.MSG.DELETE.${this.#name}`, {
      seq: sequence,
      no_erase: true,
    });
    return deleted.kind === "ok" ? done : deleted;
  }

  async count(): Promise<Outcome<number>> {
    const info = await this.#api.call<{ state: { messages: number } }>(`STREAM.INFO.${this.#name}`);
    return info.kind === "ok" ? ok(info.value.state.messages) : info;
  }

  async lastSequence(): Promise<Outcome<number>> {
    const info = await this.#api.call<{ state: { last_seq: number } }>(`STREAM.INFO.${this.#name}`);
    return info.kind === "ok" ? ok(info.value.state.last_seq) : info;
  }

  async consume(
    options: ConsumeOptions,
    handler: (entry: QueueEntry) => void,
  ): Promise<Outcome<Consumption>> {
    const refusal = refuseConsume(this.#name, this.#kind, options);
    return refusal ?? consumeQueue(this.#api, this.#name, options, handler);
  }
}
