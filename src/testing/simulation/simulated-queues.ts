import { SubjectTree } from "../../transport/subject-tree.ts";
import type { StreamEntry } from "../../transport/transport.ts";
import type { Connection } from "./connection.ts";
import type { DownFrame, QueueAnswer, QueueRequest, UpFrame } from "./frames.ts";
import { QueueDelivery } from "./queue-delivery.ts";
import type { RandomStream } from "./random.ts";
import type { StreamFile } from "./stream-file.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** So long it takes whoever lost his consumer to miss its heartbeats, in milliseconds. */
const missedAfterMs = [500, 4_000] as const;

export interface QueuesHost {
  readonly clock: VirtualClock;
  /** For nothing but queues. */
  readonly random: RandomStream;
  /** How likely it is that an entry which is delivered again overtakes others that are. */
  readonly overtaking: number;
  readonly note: (text: string) => void;
  /** Until then there is no leader: nothing is delivered, and what is acknowledged is lost or late. */
  readonly gapUntilMs: number;
  /** Whether what goes to or from a consumer now is lost. */
  loses(): boolean;
  stream(name: string): StreamFile | undefined;
  send(connection: Connection, frame: DownFrame): void;
}

/** What a server does for the consumers of its queues. */
export class SimulatedQueues {
  readonly #host: QueuesHost;
  /** Those that deliver to somebody, by the queue's name and the consumer's id. */
  readonly #deliveries = new Map<string, QueueDelivery>();
  readonly #wanted = new Map<string, SubjectTree<QueueDelivery>>();

  constructor(host: QueuesHost) {
    this.#host = host;
  }

  perform(from: Connection, request: QueueRequest): QueueAnswer {
    const stream = this.#host.stream(request.stream);
    if (stream === undefined) return "gone";
    if (request.op === "consumers") return stream.consumers.named(request.name);
    if (request.op === "unconsume") return this.#remove(from, stream, request.consumer);
    return this.#add(from, stream, request);
  }

  /** One that was deleted, or does not wait for it, hears nothing of it. */
  acknowledge(frame: UpFrame & { op: "acknowledge" }): void {
    const { host, key } = { host: this.#host, key: keyOf(frame.stream, frame.consumer) };
    if (host.clock.nowMs < host.gapUntilMs) {
      if (!host.random.chance(0.5)) host.clock.schedule(host.gapUntilMs, () => this.acknowledge(frame));
      return;
    }
    if (host.loses()) return host.note(`an acknowledgement of ${frame.sequence} to ${key} is lost`);
    this.#deliveries.get(key)?.acknowledged(frame.sequence);
  }

  /** An entry was stored. */
  offer(stream: string, entry: StreamEntry): void {
    for (const delivery of this.#wanted.get(stream)?.match(entry.subject) ?? []) delivery.offer(entry);
  }

  /** The server ends: what it delivers, and to whom, it forgets; the consumers are on the disk. */
  stop(): void {
    for (const key of [...this.#deliveries.keys()]) this.#end(key);
  }

  #end(key: string): QueueDelivery | undefined {
    const delivery = this.#deliveries.get(key);
    this.#deliveries.delete(key);
    delivery?.stop();
    if (delivery !== undefined) this.#wanted.get(delivery.stream.name)?.delete(delivery.subject, delivery);
    return delivery;
  }

  #add(to: Connection, stream: StreamFile, request: QueueRequest & { op: "consume" }): QueueAnswer {
    const { consumer, options, id, round } = request;
    if (!stream.consumers.add(consumer, options)) return "in the way";
    this.#host.note(`${to.node} consumes ${stream.name} as ${consumer}`);
    const key = keyOf(stream.name, consumer);
    this.#end(key);
    const delivery = new QueueDelivery(this.#host, stream, options, {
      connection: to,
      send: (number, entry) => this.#host.send(to, { op: "queued", id, round, number, entry }),
      deposed: () => this.#host.send(to, { op: "deposed", id, round }),
    });
    this.#deliveries.set(key, delivery);
    const wanted = this.#wanted.get(stream.name) ?? new SubjectTree<QueueDelivery>();
    this.#wanted.set(stream.name, wanted);
    wanted.add(options.subject, delivery);
    // The answer goes first.
    this.#host.clock.schedule(this.#host.clock.nowMs, () => delivery.begin());
    return "done";
  }

  #remove(by: Connection, stream: StreamFile, consumer: string): QueueAnswer {
    if (!stream.consumers.remove(consumer)) return "missing";
    const delivery = this.#end(keyOf(stream.name, consumer));
    this.#host.note(`${by.node} takes ${consumer} from ${stream.name}`);
    const { clock, random } = this.#host;
    const deposed = () => delivery?.to.connection.open === true && delivery.to.deposed();
    if (delivery !== undefined) clock.schedule(clock.nowMs + random.between(...missedAfterMs), deposed);
    return "done";
  }
}

function keyOf(stream: string, consumer: string): string {
  return `${stream} ${consumer}`;
}
