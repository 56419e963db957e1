import type { Msg } from "nats";
import type { EntryPosition } from "./entry-position.ts";
import { thrownBy } from "./event-listeners.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { type ConsumerInfo, consumerDefaults, entryOf, ephemeralHasteMs } from "./jetstream-read.ts";
import { type Followed, followedDefaults, NatsFollower } from "./nats-follower.ts";
import { Deferred, ok, unknown } from "./outcomes.ts";
import type { Closable, Entry, Outcome } from "./transport.ts";

/** Watches a bucket until closed, over lost messages, restarts of the server and lost connections. */
export async function watchBucket(
  api: JetStreamApi,
  bucket: string,
  handler: (entry: Entry) => void,
): Promise<Outcome<Closable>> {
  const watch = new BucketWatch(api, bucket, handler);
  const begun = await watch.begin();
  if (begun.kind === "ok") return ok<Closable>({ close: () => watch.closed() });
  watch.closed();
  return begun;
}

/** Follows the bucket's stream with consumers of its own, each behind the last revision it has seen. */
class BucketWatch implements Followed<ConsumerInfo> {
  readonly name: string;
  readonly hasteMs = ephemeralHasteMs;
  readonly #api: JetStreamApi;
  readonly #handler: (entry: Entry) => void;
  readonly #ready = new Deferred<void>();
  readonly #follower: NatsFollower<ConsumerInfo>;
  #present = false;
  #expected = Number.POSITIVE_INFINITY;
  #lastRevision = 0;

  constructor(api: JetStreamApi, bucket: string, handler: (entry: Entry) => void) {
    this.#api = api;
    this.name = bucket;
    this.#handler = handler;
    this.#follower = new NatsFollower(api, this);
  }

  /** Resolves when the present entries have been delivered. */
  async begin(): Promise<Outcome> {
    const link = this.#api.link();
    if (link.kind !== "ok") return link;
    const begun = await this.#follower.begin();
    if (begun.kind !== "ok") return begun;
    return link.value.attempt(this.#ready.promise, (thrown) => unknown("STORE_FAILED", String(thrown)));
  }

  closed(): void {
    this.#follower.close();
  }

  make(inbox: string, _first: boolean, withinMs: number): Promise<Outcome<ConsumerInfo>> {
    this.#expected = Number.POSITIVE_INFINITY;
    const stream = `KV_${this.name}`;
    const config = {
      ...consumerDefaults,
      ...followedDefaults,
      ...this.#start(),
      filter_subject: `$KV.${this.name}.>`,
      deliver_subject: inbox,
    };
    return this.#api.call(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config }, withinMs);
  }

  made(info: ConsumerInfo): void {
    this.#expected = info.num_pending + info.delivered.consumer_seq;
    this.#checkPresent();
  }

  take(msg: Msg, { sequence }: EntryPosition): void {
    const { subject, payload, deleted } = entryOf(msg);
    this.#lastRevision = sequence;
    const key = subject.slice(`$KV.${this.name}.`.length);
    if (this.#present || !deleted)
      this.#tell({ key, value: deleted ? undefined : payload, revision: sequence });
    this.#checkPresent();
  }

  #start(): object {
    return this.#lastRevision === 0 && !this.#present
      ? { deliver_policy: "last_per_subject" }
      : { deliver_policy: "by_start_sequence", opt_start_seq: this.#lastRevision + 1 };
  }

  #tell(entry: Entry): void {
    try {
      this.#handler(entry);
    } catch (thrown) {
      this.#api.host.events.error(thrownBy(`A watcher of ${entry.key}`, thrown), entry.key);
    }
  }

  #checkPresent(): void {
    if (this.#present || this.#follower.delivered < this.#expected) return;
    this.#present = true;
    this.#ready.resolve();
  }
}
