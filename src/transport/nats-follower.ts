import type { Msg, Subscription as NatsSubscription } from "nats";
import type { Timer } from "../env/env.ts";
import { type EntryPosition, positionOf } from "./entry-position.ts";
import type { JetStreamApi } from "./jetstream-api.ts";
import { closedError, done } from "./outcomes.ts";
import type { Outcome } from "./transport.ts";

/** The server says so often that it is there; silence of three times as long means that it has forgotten us. */
const heartbeatMs = 1_000;
const silenceMaxMs = 3 * heartbeatMs;
const statusCode = 100;

/** What every consumer has that is followed. */
export const followedDefaults = { flow_control: true, idle_heartbeat: heartbeatMs * 1_000_000 } as const;

/** A consumer that delivers to us, and is made anew whenever something may have been missed. */
export interface Followed<Made> {
  /** Of a bucket or a stream, where a failure is told. */
  readonly name: string;
  /** What the server usually needs at most to make the consumer, in milliseconds. */
  readonly hasteMs: number;
  /** Makes the consumer. `first`: the one that `begin` waits for. Each answer may take so long. */
  make(inbox: string, first: boolean, withinMs: number): Promise<Outcome<Made>>;
  /** It is made; some of its entries may have been taken already. */
  made(answer: Made): void;
  take(msg: Msg, position: EntryPosition): void;
  /** The transport has been closed. */
  closed(): void;
}

/**
 * Takes what a consumer delivers, until closed. Whatever is missed (a gap in the running numbers, silence,
 * another connection), it has a new consumer made. One at a time, so that they cannot cross on the way.
 */
export class NatsFollower<Made> {
  readonly #api: JetStreamApi;
  readonly #followed: Followed<Made>;
  readonly #removeListener: () => void;
  #closed = false;
  /** Each consumer is one round; what a former one still sends is dropped. */
  #round = 0;
  #delivered = 0;
  #heardAtMs = 0;
  #making = false;
  /** Something was missed while a consumer was being made. */
  #missed = false;
  #subscription: NatsSubscription | undefined;
  #timer: Timer | undefined;
  #failureTold = false;

  constructor(api: JetStreamApi, followed: Followed<Made>) {
    this.#api = api;
    this.#followed = followed;
    this.#removeListener = api.host.events.add((event) => {
      if (event.type === "connected") void this.#again();
      if (event.type === "closed") followed.closed();
    });
  }

  /** The running number of the last entry that was taken of this consumer. */
  get delivered(): number {
    return this.#delivered;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with the first consumer. */
  async begin(): Promise<Outcome> {
    const outcome = await this.#begin(true);
    if (outcome.kind === "ok" && !this.#closed) this.#checkLater();
    return outcome;
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#timer?.cancel();
    this.#removeListener();
    this.#subscription?.unsubscribe();
  }

  async #begin(first: boolean): Promise<Outcome> {
    this.#making = true;
    const made = await this.#api.madeConsumer(this.#followed.hasteMs, (withinMs) =>
      this.#make(first, withinMs),
    );
    this.#making = false;
    if (this.#missed) void this.#again();
    return made;
  }

  async #make(first: boolean, withinMs: number): Promise<Outcome> {
    const link = this.#api.link();
    if (link.kind !== "ok") return link;
    if (this.#closed) return { kind: "rejected", error: closedError() };
    const round = ++this.#round;
    this.#subscription?.unsubscribe();
    this.#delivered = 0;
    this.#heardAtMs = this.#api.settings.env.monotonicMs();
    const inbox = this.#api.inbox();
    this.#subscription = link.value.nc.subscribe(inbox, {
      callback: (error, msg) => {
        if (error === null && round === this.#round) this.#take(msg);
      },
    });
    const made = await this.#followed.make(inbox, first, withinMs);
    if (made.kind === "ok" && round === this.#round) this.#followed.made(made.value);
    return made.kind === "ok" ? done : made;
  }

  #take(msg: Msg): void {
    this.#heardAtMs = this.#api.settings.env.monotonicMs();
    if (msg.data.length === 0 && msg.headers?.code === statusCode) return this.#takeStatus(msg);
    const position = positionOf(msg.reply ?? "");
    if (position.delivered !== this.#delivered + 1) return void this.#again();
    this.#delivered = position.delivered;
    this.#followed.take(msg, position);
  }

  /** Flow control wants an answer; a heartbeat tells how far the server has come. */
  #takeStatus(msg: Msg): void {
    if (msg.reply) msg.respond();
    const stalled = msg.headers?.get("Nats-Consumer-Stalled");
    const link = this.#api.link();
    if (stalled && link.kind === "ok") link.value.nc.publish(stalled);
    if (Number(msg.headers?.get("Nats-Last-Consumer") ?? 0) > this.#delivered) void this.#again();
  }

  #checkLater(): void {
    const { env } = this.#api.settings;
    this.#timer = env.setTimer(heartbeatMs, () => {
      // Where we were busy for so long, the server's word waits to be read.
      if (this.#isSilent()) env.soon(() => void (this.#isSilent() && this.#again()));
      this.#checkLater();
    });
  }

  #isSilent(): boolean {
    return !this.#making && this.#api.settings.env.monotonicMs() - this.#heardAtMs > silenceMaxMs;
  }

  /** A failure is told once; the next check tries again. */
  async #again(): Promise<void> {
    this.#missed = this.#making;
    if (this.#missed || this.#closed || this.#api.link().kind !== "ok") return;
    const outcome = await this.#begin(false);
    // Without a connection there is nothing to tell: the next one begins anew.
    if (this.#closed || (outcome.kind !== "ok" && this.#api.link().kind !== "ok")) return;
    const failed = outcome.kind !== "ok";
    if (failed && !this.#failureTold) this.#api.host.events.error(outcome.error, this.#followed.name);
    this.#failureTold = failed;
  }
}
