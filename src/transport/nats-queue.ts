import type { Msg } from "nats";
import type { EntryPosition } from "./entry-position.ts";
import { thrownBy } from "./event-listeners.ts";
import { jetStreamCode, refusedWith } from "./jetstream-answer.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { type Followed, followedDefaults, NatsFollower } from "./nats-follower.ts";
import { closedError, Deferred, done, ok, rejected } from "./outcomes.ts";
import type { ConsumeOptions, Consumption, Outcome, QueueEntry } from "./transport.ts";

/** So often a consumer is made that another one's stands in the way of: somebody takes it at the same time. */
const attemptsMax = 5;
const pauseMaxMs = 100;
const markLength = 8;
/** The rest of a mark counts how often its owner has made one. */
const ownerLength = 5;
/** In milliseconds: the servers that keep it choose a leader first. */
const hasteMs = 1_500;
/** In milliseconds: nobody may say that a consumer is gone whose leader is dead. */
const deletionMaxMs = 500;
const acknowledgement = new TextEncoder().encode("+ACK");

/** Takes a queue's entries until closed, or until another takes them; over restarts and lost connections. */
export async function consumeQueue(
  api: JetStreamApi,
  stream: string,
  options: ConsumeOptions,
  handler: (entry: QueueEntry) => void,
): Promise<Outcome<Consumption>> {
  const consumption = new QueueConsumption(api, stream, options, handler);
  const begun = await consumption.begin();
  if (begun.kind === "ok") return ok(consumption);
  consumption.close();
  return begun;
}

/**
 * A durable consumer of the stream that delivers to us. Its name is that of the options and a mark of this
 * consumption, another each time it is made: the server looks at nothing but the name and the sequence, so under
 * one name for all what a former owner acknowledges late would count for its successor, and what a server has
 * lost in a power cut for what has that sequence now.
 *
 * A queue has one consumer for a subject, the server sees to it. So who takes it over deletes those of its
 * name first, and whoever comes in between makes it try again. Nobody else deletes another's: when it has
 * missed something, a consumption deletes its own and makes it anew, so that all comes again that is not
 * acknowledged. If another's stands in the way, it has been taken.
 *
 * What is left is a moment in which the owner has deleted its own and not yet made it again. A former owner
 * that looks just then finds neither; it looks once more, three seconds later, before it makes one. If the
 * owner's connection broke in between, the former one may thus be back and the owner gets "taken". It
 * settles on one of them, and not always on the last: what a turn may change is fenced by its record.
 */
class QueueConsumption implements Consumption, Followed<void> {
  readonly name: string;
  readonly hasteMs = hasteMs;
  readonly ended: Promise<"closed" | "taken" | "gone">;
  readonly #api: JetStreamApi;
  readonly #options: ConsumeOptions;
  readonly #handler: (entry: QueueEntry) => void;
  readonly #end = new Deferred<"closed" | "taken" | "gone">();
  readonly #follower: NatsFollower<void>;
  readonly #own: string;
  #count = 0;
  #consumer = "";
  /** Where ours is missing, we may have deleted it. */
  #deleted = false;
  /** It was missing, and nobody else's was there. */
  #missing = false;

  constructor(
    api: JetStreamApi,
    stream: string,
    options: ConsumeOptions,
    handler: (entry: QueueEntry) => void,
  ) {
    this.#api = api;
    this.name = stream;
    this.#options = options;
    this.#handler = handler;
    this.ended = this.#end.promise;
    this.#own = `${options.name}-${api.settings.env.uniqueId().slice(-ownerLength)}`;
    this.#follower = new NatsFollower(api, this);
  }

  begin(): Promise<Outcome> {
    return this.#follower.begin();
  }

  // The consumer stays: what was acknowledged just now may not have come there. The next owner deletes it.
  close(): void {
    this.#finish("closed");
  }

  closed(): void {
    this.#finish("closed");
  }

  make(inbox: string, first: boolean, withinMs: number): Promise<Outcome> {
    return first ? this.#takeOver(inbox, withinMs) : this.#renew(inbox, withinMs);
  }

  made(): void {}

  take(msg: Msg, { sequence, storedAtMs }: EntryPosition): void {
    const reply = msg.reply ?? "";
    let acknowledged = false;
    const acknowledge = (): void => {
      const link = this.#api.link();
      // Without a connection it comes again.
      if (acknowledged || link.kind !== "ok") return;
      acknowledged = true;
      link.value.publish(reply, acknowledgement, undefined);
    };
    const { subject } = msg;
    const payload = new Uint8Array(msg.data);
    try {
      this.#handler({ sequence, subject, payload, storedAtMs, acknowledge });
    } catch (thrown) {
      this.#api.host.events.error(thrownBy(`A consumer of ${this.name}`, thrown), subject);
    }
  }

  async #takeOver(inbox: string, withinMs: number): Promise<Outcome> {
    const { env } = this.#api.settings;
    for (let attempt = 1; ; attempt++) {
      const present = await this.#present();
      if (present.kind !== "ok") return present;
      for (const consumer of present.value) {
        const deleted = await this.#delete(consumer);
        if (deleted.kind !== "ok" && !refusedWith(deleted, jetStreamCode.consumerNotFound)) return deleted;
      }
      const made = await this.#create(inbox, withinMs);
      if (!isInTheWay(made)) return made;
      if (attempt === attemptsMax) return inTheWay(this.name, this.#options);
      await new Promise<void>((resolve) => env.setTimer(env.random() * pauseMaxMs, resolve));
    }
  }

  async #renew(inbox: string, withinMs: number): Promise<Outcome> {
    const deleted = await this.#delete(this.#consumer);
    if (deleted.kind !== "rejected") this.#deleted = true;
    if (refusedWith(deleted, jetStreamCode.consumerNotFound)) {
      const present = await this.#present();
      if (present.kind !== "ok") return this.#unlessGone(present);
      if (present.value.some((consumer) => !consumer.startsWith(this.#own))) return this.#finish("taken");
      // A server that lost its power may have an older one of ours again.
      for (const consumer of present.value) {
        const older = await this.#delete(consumer);
        if (older.kind !== "ok") return this.#unlessGone(older);
        this.#deleted = true;
      }
      if (!this.#deleted && !this.#missing) {
        this.#missing = true;
        return done;
      }
    } else if (deleted.kind !== "ok") return this.#unlessGone(deleted);
    const made = await this.#create(inbox, withinMs);
    if (isInTheWay(made)) return this.#finish("taken");
    if (made.kind !== "ok") return this.#unlessGone(made);
    this.#deleted = false;
    this.#missing = false;
    return made;
  }

  /** A stream that is missing was deleted by an operator: it is not made again behind his back. */
  #unlessGone(outcome: Outcome<unknown>): Outcome {
    if (refusedWith(outcome, jetStreamCode.streamNotFound)) return this.#finish("gone");
    return outcome.kind === "ok" ? done : outcome;
  }

  #finish(how: "closed" | "taken" | "gone"): Outcome {
    this.#follower.close();
    this.#end.resolve(how);
    return done;
  }

  /** The consumers of our name that are there, whoever's they are. */
  async #present(): Promise<Outcome<readonly string[]>> {
    const { name } = this.#options;
    const found: string[] = [];
    for (let offset = 0; ; ) {
      const page = await this.#api.call<ConsumerNames>(`CONSUMER.NAMES.${this.name}`, { offset });
      if (page.kind !== "ok") return page;
      const { total, consumers } = page.value;
      const names = consumers ?? [];
      found.push(...names.filter((each) => isNamed(each, name)));
      offset += names.length;
      if (names.length === 0 || offset >= total) return ok(found);
    }
  }

  async #delete(consumer: string): Promise<Outcome<unknown>> {
    const deleted = await this.#api.call(`CONSUMER.DELETE.${this.name}.${consumer}`, {}, deletionMaxMs);
    if (deleted.kind !== "unknown") return deleted;
    const present = await this.#present();
    return present.kind === "ok" && !present.value.includes(consumer) ? done : deleted;
  }

  async #create(inbox: string, withinMs: number): Promise<Outcome> {
    // Somebody else may have it by now.
    if (this.#follower.closed) return { kind: "rejected", error: closedError() };
    const count = (this.#count++).toString(36).padStart(markLength - ownerLength, "0");
    this.#consumer = this.#own + count.slice(ownerLength - markLength);
    const { subject, ackWaitMs, unacknowledgedMax } = this.#options;
    const config = {
      ...followedDefaults,
      durable_name: this.#consumer,
      ack_policy: "explicit",
      deliver_policy: "all",
      replay_policy: "instant",
      deliver_subject: inbox,
      filter_subject: subject,
      ack_wait: ackWaitMs * 1_000_000,
      max_ack_pending: unacknowledgedMax,
    };
    const subjectOf = `CONSUMER.DURABLE.CREATE.${this.name}.${this.#consumer}`;
    const created = await this.#api.call(subjectOf, { stream_name: this.name, config }, withinMs);
    return created.kind === "ok" ? done : created;
  }
}

interface ConsumerNames {
  readonly total: number;
  readonly consumers: readonly string[] | null;
}

/** Whether it is a consumer of `name`, by the form that ours have; a mark has no dash. */
function isNamed(consumer: string, name: string): boolean {
  const mark = consumer.slice(name.length + 1);
  return consumer.startsWith(`${name}-`) && mark.length === markLength && !/[-_]/.test(mark);
}

function isInTheWay(outcome: Outcome<unknown>): boolean {
  const { consumerNotUnique, consumerUnfiltered } = jetStreamCode;
  return refusedWith(outcome, consumerNotUnique) || refusedWith(outcome, consumerUnfiltered);
}

function inTheWay(stream: string, { name, subject }: ConsumeOptions): Outcome<never> {
  return rejected(
    "STORE_FAILED",
    `Expected ${stream} to have no other consumer of ${subject} than ${name}, but another one is there`,
  );
}
