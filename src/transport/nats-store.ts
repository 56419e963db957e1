import type { CoxswainError } from "../../protocols/index.ts";
import { assertReplicas } from "../server/index.ts";
import { jetStreamCode, refusedWith } from "./jetstream-answer.ts";
import { JetStreamApi, type StoreHost, type StoreSettings } from "./jetstream-api.ts";
import { NatsBucket } from "./nats-bucket.ts";
import { NatsStream } from "./nats-stream.ts";
import { ok } from "./outcomes.ts";
import { refuseName, refuseOther, refuseStream } from "./store-rules.ts";
import type { Bucket, Outcome, Store, Stream, StreamOptions } from "./transport.ts";

/** A stream's configuration, as far as we look at it. */
interface StreamInfo {
  readonly config: {
    readonly subjects?: readonly string[];
    readonly retention?: string;
    readonly max_msg_size?: number;
  };
}

function logConfig({ subjectMessagesMax }: StreamOptions): object {
  return { discard: "old", max_msgs_per_subject: subjectMessagesMax ?? -1 };
}

function queueConfig({ subjectMessagesMax }: StreamOptions): object {
  const bound = { max_msgs_per_subject: subjectMessagesMax, discard_new_per_subject: true };
  return {
    retention: "workqueue",
    discard: "new",
    // Nothing of ours has an id by which a server could tell it from its double.
    duplicate_window: 100_000_000,
    ...(subjectMessagesMax === undefined ? {} : bound),
  };
}

/**
 * How a server refuses what somebody else makes at the same moment. 2.9 now and then finds that it overlaps, with what is not
 * yet told from another (7 of 1,200 in fours).
 */
const whenRaced = [jetStreamCode.streamNameInUse, jetStreamCode.streamSubjectsOverlap];

/** What a key's expected revision adds to its message, which the server counts into its size. */
const headersMaxBytes = 512;

/**
 * Buckets and streams in JetStream. A bucket has the form of a NATS key-value bucket, so other clients can
 * read it; but it is always read from the leader, since a direct get may be stale.
 */
export class NatsStore implements Store {
  readonly #api: JetStreamApi;

  constructor(settings: StoreSettings, host: StoreHost) {
    this.#api = new JetStreamApi(settings, host);
  }

  async bucket(name: string, limits: { readonly valueMaxBytes?: number } = {}): Promise<Outcome<Bucket>> {
    const refusal = refuseName("bucket", name);
    if (refusal !== undefined) return refusal;
    const { valueMaxBytes } = limits;
    const opened = await this.#open(`KV_${name}`, {
      subjects: [`$KV.${name}.>`],
      max_msgs_per_subject: 1,
      max_msg_size: valueMaxBytes === undefined ? -1 : valueMaxBytes + headersMaxBytes,
      discard: "new",
      deny_delete: true,
      allow_rollup_hdrs: true,
    });
    if (opened.kind !== "ok") return opened;
    const { max_msg_size = -1 } = opened.value.config;
    const valueMax = max_msg_size < 0 ? undefined : max_msg_size - headersMaxBytes;
    return ok(new NatsBucket(this.#api, name, valueMax));
  }

  async stream(name: string, options: StreamOptions): Promise<Outcome<Stream>> {
    const refusal = refuseStream(name, options);
    if (refusal !== undefined) return refusal;
    const opened = await this.#open(name, {
      subjects: options.subjects,
      max_msgs: options.messagesMax,
      max_bytes: options.bytesMax,
      ...(options.kind === "queue" ? queueConfig(options) : logConfig(options)),
    });
    if (opened.kind !== "ok") return opened;
    const { subjects = [], retention } = opened.value.config;
    const found = { subjects, kind: retention === "workqueue" ? "queue" : "log" } as const;
    return refuseOther(name, found, options) ?? ok(new NatsStream(this.#api, name, found));
  }

  /** Opens it where it is there: only where it is missing is it created, with this configuration. */
  async #open(name: string, config: object): Promise<Outcome<StreamInfo>> {
    const found = await this.#api.call<StreamInfo>(`STREAM.INFO.${name}`);
    if (!refusedWith(found, jetStreamCode.streamNotFound)) return found;
    const link = this.#api.link();
    if (link.kind !== "ok") return link;
    const { replicas } = this.#api.settings;
    try {
      assertReplicas(link.value.info.version, replicas);
    } catch (thrown) {
      return { kind: "rejected", error: thrown as CoxswainError };
    }
    const usual = { name, retention: "limits", storage: "file", allow_direct: false, num_replicas: replicas };
    const created = await this.#api.call<StreamInfo>(`STREAM.CREATE.${name}`, { ...usual, ...config });
    if (!whenRaced.some((code) => refusedWith(created, code))) return created;
    const raced = await this.#api.call<StreamInfo>(`STREAM.INFO.${name}`);
    return refusedWith(raced, jetStreamCode.streamNotFound) ? created : raced;
  }
}
