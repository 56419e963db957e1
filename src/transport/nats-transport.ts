import type { Subscription as NatsSubscription, ServerInfo } from "nats";
import {
  CoxswainError,
  type Envelope,
  encodeEnvelope,
  type Limits,
  limitsDefault,
} from "../../protocols/index.ts";
import { EventListeners } from "./event-listeners.ts";
import type { NatsConnector } from "./nats-connector.ts";
import { NatsDeliveries } from "./nats-delivery.ts";
import type { LinkEnd, NatsLink } from "./nats-link.ts";
import { NatsStore } from "./nats-store.ts";
import { closedError, tooLarge, unknown } from "./outcomes.ts";
import { splitBatch } from "./split-batch.ts";
import { isPattern, isSubject, refusedSubject, subjectError } from "./subject-tree.ts";
import type { Delivery, Outcome, Store, Subscription, Transport, TransportEvent } from "./transport.ts";
import { fullError, type Publish, WaitingPublishes } from "./waiting-publishes.ts";

/** A transport over NATS, and what is known of the server at its other end. */
export interface NatsTransport extends Transport {
  readonly name: "nats";
  /** What the server said of itself on the latest connection. */
  readonly info: ServerInfo;
}

export function createNatsTransport(connector: NatsConnector, link: NatsLink): NatsTransport {
  return new NatsConnectionTransport(connector, link);
}

interface Receiver {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly handler: (delivery: Delivery) => void;
  open: boolean;
  subscription: NatsSubscription | undefined;
}

/** So many bytes are published between two looks at what the socket has not taken yet. */
const outboundCheckBytes = 262_144;

class NatsConnectionTransport implements NatsTransport {
  readonly name = "nats";
  readonly store: Store;
  readonly events = new EventListeners();
  readonly #connector: NatsConnector;
  readonly #receivers = new Set<Receiver>();
  readonly #deliveries = new NatsDeliveries();
  readonly #waiting: WaitingPublishes;
  #state: "open" | "draining" | "closed" = "open";
  #link: NatsLink;
  #limits: Partial<Limits> | undefined;
  #uncheckedBytes = 0;
  #drained: Promise<void> | undefined;

  constructor(connector: NatsConnector, link: NatsLink) {
    this.#connector = connector;
    this.#waiting = new WaitingPublishes(connector.settings.waitingMaxBytes);
    this.#link = link;
    this.#adopt(link);
    this.store = new NatsStore(connector.settings, {
      link: () => (this.#state === "closed" ? undefined : this.#link),
      events: this.events,
    });
  }

  get connected(): boolean {
    return this.#state !== "closed" && this.#link.up;
  }

  get url(): string {
    return this.#link.url;
  }

  get info(): ServerInfo {
    return this.#link.info;
  }

  get payloadMaxBytes(): number {
    return this.#link.info.max_payload;
  }

  publish(subject: string, payload: Uint8Array | Envelope, reply?: string): CoxswainError | undefined {
    if (this.#state === "closed") return closedError();
    let bytes: Uint8Array;
    if (payload instanceof Uint8Array) {
      bytes = payload;
    } else {
      try {
        bytes = encodeEnvelope(payload, this.#limits);
      } catch (thrown) {
        return thrown as CoxswainError;
      }
    }
    if (bytes.length > this.payloadMaxBytes) return tooLarge(subject, bytes, this.payloadMaxBytes);
    // The client keeps the bytes until its next flush, and the caller may change them before.
    if (bytes === payload) bytes = Buffer.from(payload);
    if (!this.#link.up)
      return refusedSubject(subject, reply) ?? this.#wait({ subject, payload: bytes, reply });
    return this.#send(subject, bytes, reply);
  }

  #wait(publish: Publish): CoxswainError | undefined {
    return this.#state === "open" ? this.#waiting.add(publish) : closedError();
  }

  #send(subject: string, payload: Uint8Array, reply: string | undefined): CoxswainError | undefined {
    this.#uncheckedBytes += payload.length + subject.length;
    if (this.#uncheckedBytes > outboundCheckBytes) {
      const { outboundBytes } = this.#link;
      const { outboundMaxBytes } = this.#connector.settings;
      if (outboundBytes > outboundMaxBytes) {
        return fullError("be on their way to the server", outboundBytes, outboundMaxBytes);
      }
      this.#uncheckedBytes = 0;
    }
    try {
      return this.#link.publish(subject, payload, reply);
    } catch (cause) {
      // The last flush of a drain is under way, or the server takes less than the one before.
      return payload.length > this.payloadMaxBytes
        ? tooLarge(subject, payload, this.payloadMaxBytes)
        : closedError(cause);
    }
  }

  subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: { queue?: string } = {},
  ): Subscription {
    const { queue } = options;
    const refusal = this.#refusal(pattern, queue);
    if (refusal !== undefined) {
      this.events.error(refusal, pattern);
      return { close: () => {}, drain: () => Promise.resolve() };
    }
    const receiver: Receiver = { pattern, queue, handler, open: true, subscription: undefined };
    this.#receivers.add(receiver);
    if (this.#link.up) this.#open(receiver);
    return { close: () => this.#unsubscribe(receiver), drain: () => this.#drainOne(receiver) };
  }

  #refusal(pattern: string, queue: string | undefined): CoxswainError | undefined {
    if (this.#state !== "open") return closedError();
    if (!isPattern(pattern)) return subjectError("a subject pattern", pattern);
    return queue === undefined || isSubject(queue) ? undefined : subjectError("a subject", queue);
  }

  /** Once for each link. */
  #open(receiver: Receiver): void {
    receiver.subscription = this.#link.nc.subscribe(receiver.pattern, {
      ...(receiver.queue === undefined ? {} : { queue: receiver.queue }),
      callback: (error, msg) => {
        // A refused subscription is told on the status iterator as well, from where it is reported.
        if (error === null && receiver.open) this.#deliver(receiver, this.#deliveries.of(msg));
      },
    });
  }

  #deliver(receiver: Receiver, delivery: Delivery): void {
    const several = splitBatch(delivery);
    if (several === undefined) return this.events.guard(receiver.handler, delivery);
    for (const each of several) if (receiver.open) this.events.guard(receiver.handler, each);
  }

  #unsubscribe(receiver: Receiver): void {
    receiver.open = false;
    if (this.#receivers.delete(receiver)) receiver.subscription?.unsubscribe();
  }

  async #drainOne(receiver: Receiver): Promise<void> {
    const { subscription } = receiver;
    const link = this.#link;
    // A new link must not open it again.
    if (this.#receivers.delete(receiver) && subscription !== undefined && link.up) {
      await link.attempt(subscription.drain(), (thrown) => unknown("CONNECTION_LOST", String(thrown)));
    }
    receiver.open = false;
  }

  async flush(): Promise<Outcome> {
    if (this.#state === "closed") return { kind: "rejected", error: closedError() };
    const link = this.#link;
    if (!link.up) return unknown("CONNECTION_LOST", `Not connected; ${this.#waiting.count} messages wait`);
    return link.attempt(link.nc.flush(), (thrown) => unknown("CONNECTION_LOST", String(thrown), thrown));
  }

  onEvent(listener: (event: TransportEvent) => void): () => void {
    return this.events.add(listener);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "draining";
    const link = this.#link;
    link.leave();
    if (link.up) await link.attempt(link.nc.drain(), (thrown) => unknown("CONNECTION_LOST", String(thrown)));
    this.#close();
  }

  async close(): Promise<void> {
    this.#close();
  }

  #close(why?: CoxswainError): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const receiver of [...this.#receivers]) this.#unsubscribe(receiver);
    this.#connector.stop();
    this.#link.close("closed by us");
    const lost = this.#waiting.takeAll().length;
    const error = why ?? (lost === 0 ? undefined : lostError(lost));
    this.events.emit(error === undefined ? { type: "closed" } : { type: "closed", error });
  }

  #adopt(link: NatsLink): void {
    this.#link = link;
    this.#uncheckedBytes = 0;
    const bytesMax = this.payloadMaxBytes;
    this.#limits = bytesMax === limitsDefault.bytesMax ? undefined : { bytesMax };
    link.onError((error, subject) => this.events.error(error, subject));
    void link.ended.then((end) => this.#lost(end));
    for (const receiver of this.#receivers) this.#open(receiver);
    for (const publish of this.#waiting.takeAll()) this.#sendLate(publish);
  }

  #sendLate({ subject, payload, reply }: Publish): void {
    const error = this.#send(subject, payload, reply);
    if (error !== undefined) this.events.error(error, subject);
  }

  async #lost(end: LinkEnd): Promise<void> {
    if (this.#state !== "open") return;
    const before = this.#link;
    this.events.emit({ type: "disconnected", reason: end.reason });
    let said = "";
    try {
      const link = await this.#connector.reconnect((error) => {
        // A server that is not there is no news; one that refuses us is, once.
        if (error.code !== "SERVER_NOT_FOUND" && error.message !== said) this.events.error(error);
        said = error.message;
      });
      if (link === undefined) return;
      if (end.slow && !restarted(before, link)) this.events.error(slowError(before));
      this.#adopt(link);
      this.events.emit({ type: "connected", server: link.url });
    } catch (thrown) {
      this.#close(thrown as CoxswainError);
    }
  }
}

/** Whether the server at this place is another process than before: then it did not cut us, it died. */
function restarted(before: NatsLink, after: NatsLink): boolean {
  return before.url === after.url && before.info.server_id !== after.info.server_id;
}

function slowError({ url }: NatsLink): CoxswainError {
  return new CoxswainError(
    "TRANSPORT_SLOW",
    `This process was too busy to read, and ${url} cut the connection; what was on its way is lost`,
  );
}

function lostError(count: number): CoxswainError {
  return new CoxswainError(
    "TRANSPORT_CLOSED",
    `Closed while ${count} published messages waited for a connection; they are lost`,
    { details: { lost: count } },
  );
}
