import { type CoxswainError, checkOutgoing, copyPlain, type Envelope } from "../../protocols/index.ts";
import { EventListeners } from "./event-listeners.ts";
import { Hub, type MemoryHubOptions, type Receiver } from "./memory-hub.ts";
import { checkOptions } from "./options.ts";
import { closedError, done, tooLarge } from "./outcomes.ts";
import { isPattern, isSubject, subjectError } from "./subject-tree.ts";
import type { Delivery, Outcome, Store, Subscription, Transport, TransportEvent } from "./transport.ts";

export type { MemoryHubOptions } from "./memory-hub.ts";

/** Joins the transports of one process: what a nats-server is to connections. */
export interface MemoryHub {
  /** A new connection. Two of them are two nodes in one process. */
  connect(): Transport;
}

export function createMemoryHub(options: MemoryHubOptions = {}): MemoryHub {
  checkOptions("createMemoryHub", options, ["payloadMaxBytes", "pendingMax", "env"]);
  const hub = new Hub(options);
  return { connect: () => new MemoryTransport(hub) };
}

class MemoryTransport implements Transport {
  readonly name = "memory";
  readonly url = "memory";
  readonly payloadMaxBytes: number;
  readonly store: Store;
  readonly events = new EventListeners();
  readonly #hub: Hub;
  readonly #receivers = new Set<Receiver>();
  #state: "open" | "draining" | "closed" = "open";
  #drained: Promise<void> | undefined;

  constructor(hub: Hub) {
    this.#hub = hub;
    this.payloadMaxBytes = hub.payloadMaxBytes;
    this.store = hub.store.forConnection(this);
  }

  get connected(): boolean {
    return this.#state !== "closed";
  }

  publish(subject: string, payload: Uint8Array | Envelope, reply?: string): CoxswainError | undefined {
    if (this.#state === "closed") return closedError();
    const route = this.#hub.route(subject);
    if (route === undefined) return subjectError("a subject", subject);
    if (reply !== undefined && !isSubject(reply)) return subjectError("a subject", reply);
    let body: unknown;
    if (payload instanceof Uint8Array) {
      if (payload.length > this.payloadMaxBytes) return tooLarge(subject, payload, this.payloadMaxBytes);
    } else {
      try {
        checkOutgoing(payload);
        body = copyPlain(payload.body, this.#hub.limits).value;
      } catch (thrown) {
        return thrown as CoxswainError;
      }
    }
    if (route.stored) this.#hub.store.capture(subject, payload);
    const receivers = this.#hub.send(route, subject, payload, body, reply);
    if (receivers === 0 && reply !== undefined && !route.stored) this.#hub.answerUnreachable(this, reply);
    return undefined;
  }

  subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: { queue?: string } = {},
  ): Subscription {
    const receiver: Receiver = {
      owner: this,
      pattern,
      queue: options.queue,
      handler,
      open: true,
      pending: 0,
    };
    const refusal = this.#refusal(pattern, options.queue);
    if (refusal !== undefined) {
      this.events.error(refusal, pattern);
      return { close: () => {}, drain: () => Promise.resolve() };
    }
    this.#receivers.add(receiver);
    this.#hub.add(receiver);
    return { close: () => this.#unsubscribe(receiver), drain: () => this.#drainOne(receiver) };
  }

  #refusal(pattern: string, queue: string | undefined): CoxswainError | undefined {
    if (this.#state !== "open") return closedError();
    if (!isPattern(pattern)) return subjectError("a subject pattern", pattern);
    return queue === undefined || isSubject(queue) ? undefined : subjectError("a subject", queue);
  }

  #unsubscribe(receiver: Receiver): void {
    receiver.open = false;
    if (this.#receivers.delete(receiver)) this.#hub.delete(receiver);
  }

  async #drainOne(receiver: Receiver): Promise<void> {
    this.#hub.delete(receiver);
    await this.flush();
    this.#unsubscribe(receiver);
  }

  async flush(): Promise<Outcome> {
    if (this.#state === "closed") return { kind: "rejected", error: closedError() };
    await new Promise<void>((resolve) => this.#hub.queue.addRun(resolve));
    return done;
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
    for (const receiver of this.#receivers) this.#hub.delete(receiver);
    await new Promise<void>((resolve) => this.#hub.queue.addRun(resolve));
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const receiver of [...this.#receivers]) this.#unsubscribe(receiver);
    this.events.emit({ type: "closed" });
  }
}
