import type { Env, Timer } from "../../env/env.ts";
import type { EventListeners } from "../../transport/event-listeners.ts";
import { closedError, rejected, unknown } from "../../transport/outcomes.ts";
import type { ConsumeOptions, Consumption, Entry, Outcome, QueueEntry } from "../../transport/transport.ts";
import type { Connection } from "./connection.ts";
import type { DownFrame, QueueAnswer, StoreAnswer, StoreRequest, UpFrame } from "./frames.ts";
import { type QueueClient, QueueConsumption } from "./queue-client.ts";

/** What the store needs of the transport. */
export interface StoreHost {
  readonly env: Env;
  readonly storeTimeoutMs: number;
  /** Undefined while there is none; "closed" for good. */
  connection(): Connection | "closed" | undefined;
}

export interface Watching {
  readonly bucket: string;
  readonly handler: (entry: Entry) => void;
  lastRevision: number | undefined;
  present: (outcome: Outcome) => void;
}

interface Waiting {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly timer: Timer;
}

/** Asks the store and takes its answers, with an outcome for every way it can end. Follows buckets over connections. */
export class StoreClient {
  readonly #host: StoreHost;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watches = new Map<number, Watching>();
  readonly #consumptions = new Map<number, QueueConsumption>();
  #count = 0;

  constructor(host: StoreHost) {
    this.#host = host;
  }

  ask(request: StoreRequest): Promise<StoreAnswer> {
    const connection = this.#host.connection();
    if (connection === "closed") return Promise.resolve({ kind: "rejected", error: closedError() });
    if (connection === undefined) {
      return Promise.resolve(rejected("STORE_FAILED", "Not connected; nothing was asked of the store"));
    }
    const id = this.#count++;
    const { storeTimeoutMs, env } = this.#host;
    return new Promise((resolve) => {
      const late = unknown("STORE_FAILED", `No answer to ${request.op} within ${storeTimeoutMs} ms`);
      const timer = env.setTimer(storeTimeoutMs, () => this.#settle(id, late));
      this.#waiting.set(id, { resolve, timer });
      connection.sendUp({ op: "ask", id, request });
    });
  }

  /** Resolves once the present entries were delivered. @returns how to close it, too */
  watch(bucket: string, handler: (entry: Entry) => void): { begun: Promise<Outcome>; close: () => void } {
    const id = this.#count++;
    const connection = this.#host.connection();
    if (connection === "closed" || connection === undefined) {
      const error = connection === "closed" ? closedError() : rejected("STORE_FAILED", "Not connected");
      return {
        begun: Promise.resolve("kind" in error ? error : { kind: "rejected", error }),
        close: () => {},
      };
    }
    const begun = new Promise<Outcome>((resolve) => {
      this.#watches.set(id, { bucket, handler, lastRevision: undefined, present: resolve });
    });
    connection.sendUp({ op: "watch", id, bucket, afterRevision: undefined });
    return { begun, close: () => this.#unwatch(id) };
  }

  get connected(): boolean {
    return typeof this.#host.connection() === "object";
  }

  async consume(
    stream: string,
    options: ConsumeOptions,
    events: EventListeners,
    handler: (entry: QueueEntry) => void,
  ): Promise<Outcome<Consumption>> {
    const isConnected = (): boolean => this.connected;
    const client: QueueClient = {
      env: this.#host.env,
      events,
      get connected() {
        return isConnected();
      },
      ask: async (request) => (await this.ask(request)) as Outcome<QueueAnswer>,
      send: (frame) => this.#send(frame),
    };
    const id = this.#count++;
    const consumption = new QueueConsumption(client, id, stream, options, handler);
    this.#consumptions.set(id, consumption);
    void consumption.ended.then(() => this.#consumptions.delete(id));
    const begun = await consumption.begin();
    if (begun.kind === "ok") return { kind: "ok", value: consumption };
    consumption.close();
    return begun;
  }

  #send(frame: UpFrame): boolean {
    const connection = this.#host.connection();
    if (connection === "closed" || connection === undefined) return false;
    connection.sendUp(frame);
    return true;
  }

  arrived(frame: DownFrame): void {
    if (frame.op === "answer") return this.#settle(frame.id, frame.answer);
    if (frame.op === "present") {
      const watching = this.#watches.get(frame.id);
      if (watching === undefined) return;
      watching.lastRevision ??= 0;
      return watching.present({ kind: "ok", value: undefined });
    }
    if (frame.op === "queued" || frame.op === "deposed") {
      return this.#consumptions.get(frame.id)?.arrived(frame);
    }
    if (frame.op === "unwatched") {
      const refused = this.#watches.get(frame.id);
      this.#watches.delete(frame.id);
      return refused?.present(frame.refusal);
    }
    if (frame.op !== "entry") return;
    const watching = this.#watches.get(frame.id);
    if (watching === undefined) return;
    watching.lastRevision = frame.entry.revision;
    watching.handler(frame.entry);
  }

  /** The connection has ended: what was asked on it may have happened or not. */
  lost(): void {
    const error = unknown("CONNECTION_LOST", "The connection broke");
    for (const id of [...this.#waiting.keys()]) this.#settle(id, error);
    for (const [id, { lastRevision, present }] of [...this.#watches]) {
      // One that had not begun is the caller's to begin again.
      if (lastRevision !== undefined) continue;
      this.#watches.delete(id);
      present(error);
    }
  }

  /** Watches go on behind the last revision they have seen. */
  renew(connection: Connection): void {
    for (const [id, { bucket, lastRevision }] of this.#watches) {
      connection.sendUp({ op: "watch", id, bucket, afterRevision: lastRevision });
    }
    for (const consumption of [...this.#consumptions.values()]) void consumption.again();
  }

  close(): void {
    for (const consumption of [...this.#consumptions.values()]) consumption.close();
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { kind: "rejected", error: closedError() });
    this.#watches.clear();
  }

  #settle(id: number, answer: StoreAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.timer.cancel();
    waiting.resolve(answer);
  }

  #unwatch(id: number): void {
    if (this.#watches.delete(id)) this.#send({ op: "unwatch", id });
  }
}
