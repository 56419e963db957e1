import {
  type CoxswainError,
  type Envelope,
  encodeEnvelope,
  type Limits,
  limitsDefault,
} from "../../../protocols/index.ts";
import type { Env } from "../../env/env.ts";
import { EventListeners } from "../../transport/event-listeners.ts";
import { closedError, done, tooLarge, unknown } from "../../transport/outcomes.ts";
import { isPattern, isSubject, refusedSubject, subjectError } from "../../transport/subject-tree.ts";
import type {
  Delivery,
  Outcome,
  Store,
  Subscription,
  Transport,
  TransportEvent,
} from "../../transport/transport.ts";
import { WaitingPublishes } from "../../transport/waiting-publishes.ts";
import type { ClientEnd, Connection } from "./connection.ts";
import type { DownFrame } from "./frames.ts";
import { simulatedStore } from "./simulated-store.ts";
import { StoreClient } from "./store-client.ts";

/** How a client behaves; as the NATS transport's options of the same names, with the same defaults. */
export interface ClientOptions {
  readonly livenessMs: number;
  readonly reconnectWaitMs: number;
  readonly waitingMaxBytes: number;
  readonly storeTimeoutMs: number;
  readonly payloadMaxBytes: number;
}

export const clientDefaults: ClientOptions = {
  livenessMs: 3_000,
  reconnectWaitMs: 500,
  waitingMaxBytes: 8 * 1_048_576,
  storeTimeoutMs: 5_000,
  payloadMaxBytes: limitsDefault.bytesMax,
};

/** Opens a connection to the server; undefined where that did not succeed in time. */
export type Dial = (client: ClientEnd) => Promise<Connection | undefined>;

interface Receiver {
  readonly sid: number;
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly handler: (delivery: Delivery) => void;
  open: boolean;
}

/** A transport whose server is simulated. It does what the one over NATS does, connection by connection. */
export class SimulatedTransport implements Transport {
  readonly name = "nats";
  readonly url = "simulated";
  readonly payloadMaxBytes: number;
  readonly store: Store;
  readonly events = new EventListeners();
  readonly #env: Env;
  readonly #dial: Dial;
  readonly #options: ClientOptions;
  readonly #storeClient: StoreClient;
  readonly #limits: Partial<Limits>;
  readonly #waiting: WaitingPublishes;
  readonly #receivers = new Map<number, Receiver>();
  readonly #pings = new Map<number, (outcome: Outcome) => void>();
  #state: "open" | "draining" | "closed" = "open";
  #connection: Connection | undefined;
  #hasBeenLost = false;
  #count = 0;
  #drained: Promise<void> | undefined;

  constructor(env: Env, options: ClientOptions, dial: Dial) {
    this.#env = env;
    this.#options = options;
    this.#dial = dial;
    this.payloadMaxBytes = options.payloadMaxBytes;
    this.#limits = { bytesMax: options.payloadMaxBytes };
    this.#waiting = new WaitingPublishes(options.waitingMaxBytes);
    this.#storeClient = new StoreClient({
      env,
      storeTimeoutMs: options.storeTimeoutMs,
      connection: () => (this.#state === "closed" ? "closed" : this.#connection),
    });
    this.store = simulatedStore(this.#storeClient, this.events, options.payloadMaxBytes);
  }

  get connected(): boolean {
    return this.#state !== "closed" && this.#connection !== undefined;
  }

  /** Tries until the server lets it; again whenever the connection has ended. */
  async connect(): Promise<void> {
    const { reconnectWaitMs } = this.#options;
    for (let attempt = 1; this.#state === "open"; attempt++) {
      let connection: Connection | undefined;
      let ended = false;
      const end: ClientEnd = {
        arrived: (frame) => this.#arrived(connection, frame),
        ended: (reason) => {
          ended = true;
          this.#lost(connection, reason);
        },
      };
      connection = await this.#dial(end);
      if (connection !== undefined && !ended) return this.#adopt(connection);
      const waitMs = reconnectWaitMs * ((attempt === 1 ? 0 : 0.5) + this.#env.random());
      await new Promise<void>((resolve) => this.#env.setTimer(waitMs, resolve));
    }
  }

  /** The line went silent: the client finds out by its pings. */
  suspect(isSilent: () => boolean): void {
    const connection = this.#connection;
    const { livenessMs } = this.#options;
    this.#env.setTimer(livenessMs * (1 + this.#env.random() / 2), () => {
      if (connection === undefined || connection !== this.#connection || !isSilent()) return;
      connection.abandon();
      this.#lost(connection, "the server did not answer pings");
    });
  }

  publish(subject: string, payload: Uint8Array | Envelope, reply?: string): CoxswainError | undefined {
    if (this.#state === "closed") return closedError();
    let bytes: Uint8Array;
    try {
      bytes = payload instanceof Uint8Array ? new Uint8Array(payload) : encodeEnvelope(payload, this.#limits);
    } catch (thrown) {
      return thrown as CoxswainError;
    }
    if (bytes.length > this.payloadMaxBytes) return tooLarge(subject, bytes, this.payloadMaxBytes);
    const refused = refusedSubject(subject, reply);
    if (refused !== undefined) return refused;
    if (this.#connection !== undefined) {
      const label = payload instanceof Uint8Array ? `${bytes.length} bytes` : `${payload.type}#${payload.id}`;
      this.#connection.sendUp({ op: "publish", subject, payload: bytes, reply, label });
      return undefined;
    }
    return this.#state === "open" ? this.#waiting.add({ subject, payload: bytes, reply }) : closedError();
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
    const receiver: Receiver = { sid: this.#count++, pattern, queue, handler, open: true };
    this.#receivers.set(receiver.sid, receiver);
    this.#connection?.sendUp({ op: "subscribe", ...subscriptionOf(receiver) });
    return { close: () => this.#unsubscribe(receiver), drain: () => this.#drainOne(receiver) };
  }

  #refusal(pattern: string, queue: string | undefined): CoxswainError | undefined {
    if (this.#state !== "open") return closedError();
    if (!isPattern(pattern)) return subjectError("a subject pattern", pattern);
    return queue === undefined || isSubject(queue) ? undefined : subjectError("a subject", queue);
  }

  #unsubscribe(receiver: Receiver): void {
    receiver.open = false;
    if (!this.#receivers.delete(receiver.sid)) return;
    this.#connection?.sendUp({ op: "unsubscribe", sid: receiver.sid });
  }

  async #drainOne(receiver: Receiver): Promise<void> {
    this.#connection?.sendUp({ op: "unsubscribe", sid: receiver.sid });
    await this.flush();
    this.#receivers.delete(receiver.sid);
    receiver.open = false;
  }

  async flush(): Promise<Outcome> {
    if (this.#state === "closed") return { kind: "rejected", error: closedError() };
    const connection = this.#connection;
    if (connection === undefined) return unknown("CONNECTION_LOST", "Not connected");
    const id = this.#count++;
    return new Promise((resolve) => {
      this.#pings.set(id, resolve);
      connection.sendUp({ op: "ping", id });
    });
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
    for (const { sid } of this.#receivers.values()) this.#connection?.sendUp({ op: "unsubscribe", sid });
    // Once for what was on its way to us, once for what its handlers sent.
    await this.flush();
    await this.flush();
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const connection = this.#connection;
    this.#state = "closed";
    for (const receiver of this.#receivers.values()) receiver.open = false;
    this.#receivers.clear();
    this.#end("closed by us");
    connection?.abandon();
    this.#storeClient.close();
    const lost = this.#waiting.takeAll().length;
    const closed = { type: "closed" } as const;
    this.events.emit(lost === 0 ? closed : { ...closed, error: closedError(`${lost} messages waited`) });
  }

  #adopt(connection: Connection): void {
    if (this.#state !== "open") return connection.abandon();
    this.#connection = connection;
    for (const receiver of this.#receivers.values()) {
      connection.sendUp({ op: "subscribe", ...subscriptionOf(receiver) });
    }
    this.#storeClient.renew(connection);
    for (const { subject, payload, reply } of this.#waiting.takeAll()) {
      connection.sendUp({ op: "publish", subject, payload, reply, label: `${payload.length} bytes, late` });
    }
    if (this.#hasBeenLost) this.events.emit({ type: "connected", server: this.url });
  }

  #lost(connection: Connection | undefined, reason: string): void {
    if (connection === undefined || connection !== this.#connection) return;
    this.#end(reason);
    this.#hasBeenLost = true;
    if (this.#state !== "open") return;
    this.events.emit({ type: "disconnected", reason });
    void this.connect();
  }

  /** What waited for this connection settles. */
  #end(reason: string): void {
    this.#connection = undefined;
    const pings = [...this.#pings.values()];
    this.#pings.clear();
    for (const settle of pings) settle(unknown("CONNECTION_LOST", reason));
    this.#storeClient.lost();
  }

  #arrived(connection: Connection | undefined, frame: DownFrame): void {
    if (connection === undefined || connection !== this.#connection) return;
    if (frame.op === "pong") {
      this.#pings.get(frame.id)?.(done);
      this.#pings.delete(frame.id);
    } else if (frame.op === "message") {
      const receiver = this.#receivers.get(frame.sid);
      if (receiver?.open === true) this.events.guard(receiver.handler, deliveryOf(frame));
    } else {
      this.#storeClient.arrived(frame);
    }
  }
}

function subscriptionOf({ sid, pattern, queue }: Receiver): {
  sid: number;
  pattern: string;
  queue: string | undefined;
} {
  return { sid, pattern, queue };
}

function deliveryOf({ subject, payload, reply, unreachable }: DownFrame & { op: "message" }): Delivery {
  const delivery = { subject, payload: new Uint8Array(payload), reply };
  return unreachable ? { ...delivery, unreachable } : delivery;
}
