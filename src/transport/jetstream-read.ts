import type { Msg } from "nats";
import { positionOf } from "./entry-position.ts";
import { jetStreamCode, refusedWith } from "./jetstream-answer.ts";
import { isDeletion, type JetStreamApi, operationHeader } from "./jetstream-api.ts";
import type { NatsLink } from "./nats-link.ts";
import { nobodyThere, noResponders } from "./nats-requests.ts";
import { Deferred, ok, unknown } from "./outcomes.ts";
import type { Outcome, StreamEntry } from "./transport.ts";

export interface ReadEntry extends StreamEntry {
  /** It marks the deletion of a bucket's key. */
  readonly deleted: boolean;
}

/** So many entries, and bytes, are asked for at once: a server cuts a client for which too much waits. */
const batchMax = 5_000;
const batchMaxBytes = 8 * 1_048_576;
const nanosecondsPerMs = 1_000_000;

/** What every consumer of ours has: nobody acknowledges, and the server forgets it soon after we do. */
export const consumerDefaults = {
  ack_policy: "none",
  replay_policy: "instant",
  mem_storage: true,
  num_replicas: 1,
  inactive_threshold: 30_000 * nanosecondsPerMs,
} as const;

/** In milliseconds: a server that is there makes one within a few. */
export const ephemeralHasteMs = 500;

/** The first pause, and what they double up to, in milliseconds. */
const hearsayMs = 20;
const hearsayMaxMs = 1_000;

export interface ConsumerInfo {
  readonly name: string;
  readonly num_pending: number;
  readonly delivered: { readonly consumer_seq: number };
}

/** Reads what is in a stream now, in order, at most `limit` entries. `selection` is part of a consumer's configuration. */
export async function readEntries(
  api: JetStreamApi,
  stream: string,
  selection: object,
  limit: number = Number.POSITIVE_INFINITY,
): Promise<Outcome<readonly ReadEntry[]>> {
  const config = { ...consumerDefaults, ...selection };
  const made = await api.madeConsumer(ephemeralHasteMs, (withinMs) =>
    api.call<ConsumerInfo>(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config }, withinMs),
  );
  if (made.kind !== "ok") return made;
  const { name, num_pending: pending } = made.value;
  const read = await readPending(api, `${stream}.${name}`, Math.min(limit, pending));
  void api.call(`CONSUMER.DELETE.${stream}.${name}`);
  return read;
}

async function readPending(
  api: JetStreamApi,
  consumer: string,
  count: number,
): Promise<Outcome<readonly ReadEntry[]>> {
  const entries: ReadEntry[] = [];
  while (entries.length < count) {
    const link = api.link();
    if (link.kind !== "ok") return link;
    const batch = await pulled(api, link.value, consumer, Math.min(batchMax, count - entries.length));
    if (batch.kind !== "ok") return batch;
    // Fewer than announced: some were deleted meanwhile.
    if (batch.value.length === 0) break;
    entries.push(...batch.value);
  }
  return ok(entries);
}

/** Where another server has the consumer, ours may hear of it a moment after we do: until then nobody is there. */
async function pulled(
  api: JetStreamApi,
  link: NatsLink,
  consumer: string,
  count: number,
): Promise<Outcome<ReadEntry[]>> {
  const { env } = api.settings;
  for (let pauseMs = hearsayMs; api.clustered && pauseMs < hearsayMaxMs; pauseMs *= 2) {
    const batch = await pull(api, link, consumer, count);
    if (batch.kind !== "rejected") return batch;
    await new Promise<void>((resolve) => env.setTimer(pauseMs, resolve));
  }
  return pull(api, link, consumer, count);
}

async function pull(
  api: JetStreamApi,
  link: NatsLink,
  consumer: string,
  count: number,
): Promise<Outcome<ReadEntry[]>> {
  const { storeTimeoutMs, env } = api.settings;
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${consumer}`;
  const entries: ReadEntry[] = [];
  const answered = new Deferred<Outcome<ReadEntry[]>>();
  const inbox = api.inbox();
  const subscription = link.nc.subscribe(inbox, {
    callback: (error, msg) => {
      if (error !== null) return answered.resolve(unknown("STORE_FAILED", String(error), error));
      // Only what is empty can be a word of the server's; to read header fields takes longer than all the rest.
      const code = msg.data.length === 0 ? (msg.headers?.code ?? 0) : 0;
      if (code === noResponders) return answered.resolve(nobodyThere(subject));
      // Any other word: it has no more, or no more that fit.
      if (code === 0) entries.push(entryOf(msg));
      if (code !== 0 || entries.length === count) answered.resolve(ok(entries));
    },
  });
  const late = unknown("STORE_FAILED", `No answer to ${subject} within ${storeTimeoutMs} ms`);
  const timer = env.setTimer(storeTimeoutMs, () => answered.resolve(late));
  const max_bytes = Math.max(batchMaxBytes, 2 * link.info.max_payload);
  link.nc.publish(subject, JSON.stringify({ batch: count, max_bytes, no_wait: true }), { reply: inbox });
  const outcome = await link.attempt(answered.promise, (thrown) => unknown("STORE_FAILED", String(thrown)));
  timer.cancel();
  subscription.unsubscribe();
  return outcome.kind === "ok" ? outcome.value : outcome;
}

/** Reads a queue, entry by entry: a consumer would take from it. */
export async function readQueue(
  api: JetStreamApi,
  stream: string,
  fromSequence: number,
  limit: number = Number.POSITIVE_INFINITY,
  subject = ">",
): Promise<Outcome<readonly StreamEntry[]>> {
  const entries: StreamEntry[] = [];
  for (let sequence = Math.max(1, fromSequence); entries.length < limit; ) {
    const next = await api.call<StoredMessage>(`STREAM.MSG.GET.${stream}`, {
      seq: sequence,
      next_by_subj: subject,
    });
    if (refusedWith(next, jetStreamCode.noMessageFound)) break;
    if (next.kind !== "ok") return next;
    const { seq, data = "", time, subject: storedOn } = next.value.message;
    const payload = new Uint8Array(Buffer.from(data, "base64"));
    entries.push({ sequence: seq, subject: storedOn, payload, storedAtMs: Date.parse(time) });
    sequence = seq + 1;
  }
  return ok(entries);
}

/** What a stream's leader answers when it is asked for one message. */
export interface StoredMessage {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly data?: string;
    readonly hdrs?: string;
    readonly time: string;
  };
}

/** An entry as a consumer delivers it, with a payload of its own. */
export function entryOf(msg: Msg): ReadEntry {
  const { sequence, storedAtMs } = positionOf(msg.reply ?? "");
  const payload = new Uint8Array(msg.data);
  // What marks a deletion is empty, too.
  const deleted = payload.length === 0 && isDeletion(msg.headers?.get(operationHeader));
  return { sequence, subject: msg.subject, payload, storedAtMs, deleted };
}
