import type { Env, Timer } from "../env/env.ts";
import { type EventListeners, thrownBy } from "./event-listeners.ts";
import type { MemoryStream } from "./memory-stream.ts";
import { Deferred, ok, rejected } from "./outcomes.ts";
import { overlap, SubjectTree } from "./subject-tree.ts";
import type { ConsumeOptions, Consumption, Outcome, QueueEntry, StreamEntry } from "./transport.ts";

/** What a queue needs of the hub. */
export interface QueueHost {
  readonly env: Pick<Env, "monotonicMs" | "setTimer">;
  /** Runs in the order of deliveries. */
  later(run: () => void): void;
}

/** What a queue needs of the transport that consumes. */
export interface QueueConnection {
  readonly connected: boolean;
  readonly events: EventListeners;
}

type Handler = (entry: QueueEntry) => void;

/** The consumers of one queue, by their names. */
export class MemoryConsumers {
  readonly #host: QueueHost;
  readonly #consumers = new Map<string, MemoryConsumer>();

  constructor(host: QueueHost) {
    this.#host = host;
  }

  consume(
    stream: MemoryStream,
    connection: QueueConnection,
    options: ConsumeOptions,
    handler: Handler,
  ): Outcome<Consumption> {
    const { name, subject } = options;
    for (const [other, consumer] of this.#consumers) {
      if (other === name || !overlap(consumer.options.subject, subject)) continue;
      return rejected(
        "STORE_FAILED",
        `Expected ${stream.name} to have no other consumer of ${subject} than ${name}, but ${other} is there`,
      );
    }
    this.#consumers.get(name)?.end("taken");
    const consumer = new MemoryConsumer(this.#host, stream, connection, options, handler);
    this.#consumers.set(name, consumer);
    for (const entry of stream.read()) consumer.offer(entry);
    return ok(consumer);
  }

  offer(entry: StreamEntry): void {
    for (const consumer of this.#consumers.values()) consumer.offer(entry);
  }
}

/** One that has ended stays until another takes its name: what it acknowledges late counts until then. */
class MemoryConsumer implements Consumption {
  readonly options: ConsumeOptions;
  readonly ended: Promise<"closed" | "taken" | "gone">;
  readonly #host: QueueHost;
  readonly #stream: MemoryStream;
  readonly #connection: QueueConnection;
  readonly #handler: Handler;
  readonly #wanted = new SubjectTree<true>();
  readonly #end = new Deferred<"closed" | "taken" | "gone">();
  readonly #removeListener: () => void;
  #open = true;
  #taken = false;
  /** Not delivered yet, from `#head` on. */
  #backlog: StreamEntry[] = [];
  #head = 0;
  /** Delivered and not acknowledged, those first that are due first. */
  readonly #unacknowledged = new Map<number, { readonly entry: StreamEntry; readonly dueMs: number }>();
  #timer: Timer | undefined;

  constructor(
    host: QueueHost,
    stream: MemoryStream,
    connection: QueueConnection,
    options: ConsumeOptions,
    handler: Handler,
  ) {
    this.#host = host;
    this.#stream = stream;
    this.#connection = connection;
    this.options = options;
    this.#handler = handler;
    this.ended = this.#end.promise;
    this.#wanted.add(options.subject, true);
    this.#removeListener = connection.events.add((event) => {
      if (event.type === "closed") this.close();
    });
  }

  close(): void {
    this.end("closed");
  }

  end(how: "closed" | "taken"): void {
    if (how === "taken") this.#taken = true;
    this.#open = false;
    this.#timer?.cancel();
    this.#removeListener();
    this.#backlog = [];
    this.#end.resolve(how);
  }

  offer(entry: StreamEntry): void {
    if (!this.#open || this.#wanted.match(entry.subject).length === 0) return;
    this.#backlog.push(entry);
    this.#deliverMore();
  }

  #deliverMore(): void {
    while (this.#head < this.#backlog.length && this.#unacknowledged.size < this.options.unacknowledgedMax) {
      const entry = this.#backlog[this.#head++] as StreamEntry;
      if (this.#head === this.#backlog.length || this.#head === 4_096) {
        this.#backlog.splice(0, this.#head);
        this.#head = 0;
      }
      if (this.#stream.has(entry.sequence)) this.#deliver(entry);
    }
  }

  #deliver(entry: StreamEntry): void {
    const { sequence, subject } = entry;
    const dueMs = this.#host.env.monotonicMs() + this.options.ackWaitMs;
    this.#unacknowledged.delete(sequence);
    this.#unacknowledged.set(sequence, { entry, dueMs });
    this.#arm();
    const delivered = {
      ...entry,
      payload: new Uint8Array(entry.payload),
      acknowledge: () => this.#acknowledge(sequence),
    };
    this.#host.later(() => {
      if (!this.#open || !this.#connection.connected) return;
      try {
        this.#handler(delivered);
      } catch (thrown) {
        this.#connection.events.error(thrownBy(`A consumer of ${this.#stream.name}`, thrown), subject);
      }
    });
  }

  /** For the entry that is due first. */
  #arm(): void {
    const [first] = this.#unacknowledged.values();
    if (first === undefined || this.#timer !== undefined) return;
    const { env } = this.#host;
    this.#timer = env.setTimer(first.dueMs - env.monotonicMs(), () => this.#deliverAgain());
  }

  #deliverAgain(): void {
    const nowMs = this.#host.env.monotonicMs();
    for (const [sequence, { entry, dueMs }] of [...this.#unacknowledged]) {
      if (dueMs > nowMs) break;
      if (this.#stream.has(sequence)) this.#deliver(entry);
      else this.#unacknowledged.delete(sequence);
    }
    this.#timer = undefined;
    this.#arm();
    this.#deliverMore();
  }

  #acknowledge(sequence: number): void {
    if (this.#taken || !this.#connection.connected || !this.#unacknowledged.delete(sequence)) return;
    this.#stream.delete(sequence);
    if (this.#unacknowledged.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    this.#deliverMore();
  }
}
