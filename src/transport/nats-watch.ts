import type { Msg, Subscription as NatsSubscription } from "nats";
import type { Timer } from "../env/env.ts";
import { thrownBy } from "./event-listeners.ts";
import { type JetStreamApi, positionOf } from "./jetstream-api.ts";
import { type ConsumerInfo, consumerDefaults, entryOf } from "./jetstream-read.ts";
import { Deferred, done, ok, unknown } from "./outcomes.ts";
import type { Closable, Entry, Outcome } from "./transport.ts";

/** The server says so often that it is there; silence of three times as long means that it has forgotten us. */
const heartbeatMs = 1_000;
const silenceMaxMs = 3 * heartbeatMs;
const statusCode = 100;

/** Watches a bucket until closed, over lost messages, restarts of the server and lost connections. */
export async function watchBucket(
  api: JetStreamApi,
  bucket: string,
  handler: (entry: Entry) => void,
): Promise<Outcome<Closable>> {
  const watch = new BucketWatch(api, bucket, handler);
  const begun = await watch.begin();
  if (begun.kind === "ok") return ok<Closable>({ close: () => watch.close() });
  watch.close();
  return begun;
}

/**
 * Follows the bucket's stream with a consumer of its own. Whatever is missed (a gap in the running
 * numbers, silence, another connection), it begins anew behind the last revision it has seen.
 */
class BucketWatch {
  readonly #api: JetStreamApi;
  readonly #bucket: string;
  readonly #handler: (entry: Entry) => void;
  readonly #ready = new Deferred<void>();
  readonly #removeListener: () => void;
  #present = false;
  #closed = false;
  /** Each consumer is one round; what a former one still sends is dropped. */
  #round = 0;
  #delivered = 0;
  #expected = Number.POSITIVE_INFINITY;
  #lastRevision = 0;
  #heardAtMs = 0;
  #subscription: NatsSubscription | undefined;
  #timer: Timer | undefined;
  #failureTold = false;

  constructor(api: JetStreamApi, bucket: string, handler: (entry: Entry) => void) {
    this.#api = api;
    this.#bucket = bucket;
    this.#handler = handler;
    this.#removeListener = api.host.events.add((event) => {
      if (event.type === "connected") void this.#again();
      if (event.type === "closed") this.close();
    });
  }

  /** Resolves when the present entries have been delivered. */
  async begin(): Promise<Outcome> {
    const link = this.#api.link();
    if (link.kind !== "ok") return link;
    const consumed = await this.#consume();
    if (consumed.kind !== "ok") return consumed;
    this.#checkLater();
    return link.value.attempt(this.#ready.promise, (thrown) => unknown("STORE_FAILED", String(thrown)));
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#timer?.cancel();
    this.#removeListener();
    this.#subscription?.unsubscribe();
  }

  async #consume(): Promise<Outcome> {
    const link = this.#api.link();
    if (link.kind !== "ok") return link;
    const round = ++this.#round;
    this.#subscription?.unsubscribe();
    this.#delivered = 0;
    this.#expected = Number.POSITIVE_INFINITY;
    this.#heardAtMs = this.#api.settings.env.monotonicMs();
    const inbox = this.#api.inbox();
    this.#subscription = link.value.nc.subscribe(inbox, {
      callback: (error, msg) => {
        if (error === null && round === this.#round) this.#take(msg);
      },
    });
    const stream = `KV_${this.#bucket}`;
    const made = await this.#api.call<ConsumerInfo>(`CONSUMER.CREATE.${stream}`, {
      stream_name: stream,
      config: {
        ...consumerDefaults,
        ...this.#start(),
        filter_subject: `$KV.${this.#bucket}.>`,
        deliver_subject: inbox,
        flow_control: true,
        idle_heartbeat: heartbeatMs * 1_000_000,
      },
    });
    if (made.kind !== "ok") return made;
    if (round !== this.#round) return done;
    this.#expected = made.value.num_pending + made.value.delivered.consumer_seq;
    this.#checkPresent();
    return done;
  }

  #start(): object {
    return this.#lastRevision === 0 && !this.#present
      ? { deliver_policy: "last_per_subject" }
      : { deliver_policy: "by_start_sequence", opt_start_seq: this.#lastRevision + 1 };
  }

  #take(msg: Msg): void {
    this.#heardAtMs = this.#api.settings.env.monotonicMs();
    if (msg.headers?.code === statusCode) return this.#takeStatus(msg);
    const { delivered } = positionOf(msg.reply ?? "");
    if (delivered !== this.#delivered + 1) return void this.#again();
    this.#delivered = delivered;
    const { subject, sequence, payload, deleted } = entryOf(msg);
    this.#lastRevision = sequence;
    const key = subject.slice(`$KV.${this.#bucket}.`.length);
    if (this.#present || !deleted)
      this.#tell({ key, value: deleted ? undefined : payload, revision: sequence });
    this.#checkPresent();
  }

  /** Flow control wants an answer; a heartbeat tells how far the server has come. */
  #takeStatus(msg: Msg): void {
    if (msg.reply) msg.respond();
    const stalled = msg.headers?.get("Nats-Consumer-Stalled");
    const link = this.#api.link();
    if (stalled && link.kind === "ok") link.value.nc.publish(stalled);
    if (Number(msg.headers?.get("Nats-Last-Consumer") ?? 0) > this.#delivered) void this.#again();
  }

  #tell(entry: Entry): void {
    try {
      this.#handler(entry);
    } catch (thrown) {
      this.#api.host.events.error(thrownBy(`A watcher of ${entry.key}`, thrown), entry.key);
    }
  }

  #checkPresent(): void {
    if (this.#present || this.#delivered < this.#expected) return;
    this.#present = true;
    this.#ready.resolve();
  }

  #checkLater(): void {
    const { env } = this.#api.settings;
    this.#timer = env.setTimer(heartbeatMs, () => {
      if (env.monotonicMs() - this.#heardAtMs > silenceMaxMs) void this.#again();
      this.#checkLater();
    });
  }

  /** A failure is told once; the next check tries again. */
  async #again(): Promise<void> {
    if (this.#closed || this.#api.link().kind !== "ok") return;
    const outcome = await this.#consume();
    // Without a connection there is nothing to tell: the next one begins anew.
    if (outcome.kind !== "ok" && this.#api.link().kind !== "ok") return;
    if (outcome.kind !== "ok" && !this.#failureTold) this.#api.host.events.error(outcome.error, this.#bucket);
    this.#failureTold = outcome.kind !== "ok";
  }
}
