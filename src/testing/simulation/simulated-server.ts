import { ok } from "../../transport/outcomes.ts";
import { SubjectTree } from "../../transport/subject-tree.ts";
import { type ClientEnd, Connection, type Subscriber } from "./connection.ts";
import type { DownFrame, QueueRequest, StoreRequest, UpFrame } from "./frames.ts";
import type { RandomStream } from "./random.ts";
import { type LostWrites, noBucket, SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedQueues } from "./simulated-queues.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { Weather } from "./weather.ts";

export interface ServerOptions {
  /** How long a frame is on its way between a client and the server. */
  readonly latencyMs: readonly [least: number, most: number];
  /** What is older than this is on the disk for good. Default 1,000, as an embedded server of ours. */
  readonly flushedAfterMs: number;
  /** After so long the server gives up a client that does not answer. A real one takes minutes. */
  readonly staleMs: number;
  /** What it keeps for a client that does not read; beyond, it cuts it off. Frames. */
  readonly pendingMax: number;
  /** How likely it is that an entry of a queue which is delivered again overtakes others that are. Default 0.5. */
  readonly overtaking: number;
  readonly startMs: number;
}

interface ServerParts {
  readonly clock: VirtualClock;
  readonly random: RandomStream;
  readonly options: ServerOptions;
  /** A line for the trace. */
  readonly note: (text: string) => void;
  readonly stored: (node: string, key: string) => void;
  readonly lost: (node: string, frame: UpFrame | DownFrame, why: string) => void;
  /** A power cut took what it had acknowledged. */
  readonly forgot: (lost: LostWrites) => void;
}

/** A client waits for an answer for about so long, in milliseconds. */
const answerLateMs = 5_000;
const nothing = new Uint8Array(0);

/** Knows who listens to what, as a nats-server does, and has a disk. */
export class SimulatedServer {
  readonly #parts: ServerParts;
  readonly #disk: SimulatedDisk;
  readonly #subscribers = new SubjectTree<Subscriber>();
  readonly #connections = new Set<Connection>();
  readonly #storeRandom: RandomStream;
  readonly #queues: SimulatedQueues;
  readonly #queueRandom: RandomStream;
  #up = true;
  /** Until then JetStream has no leader: it takes nothing, or takes it late. */
  #gapUntilMs = 0;
  #lossUntilMs = 0;
  #loss = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#storeRandom = parts.random.fork("store");
    const disk = parts.random.fork("disk");
    this.#disk = new SimulatedDisk(() => parts.clock.nowMs, parts.options.flushedAfterMs, disk);
    this.#queueRandom = parts.random.fork("queue");
    this.#queues = this.#makeQueues();
    this.#disk.onEntry = (bucket, entry) => {
      for (const connection of this.#connections) {
        for (const [id, watched] of connection.watches) {
          if (watched === bucket) this.#send(connection, { op: "entry", id, entry: copyOf(entry) });
        }
      }
    };
  }

  #makeQueues(): SimulatedQueues {
    const { clock, options, note } = this.#parts;
    const gapUntilMs = (): number => this.#gapUntilMs;
    const queues = new SimulatedQueues({
      clock,
      note,
      random: this.#queueRandom,
      overtaking: options.overtaking,
      get gapUntilMs() {
        return gapUntilMs();
      },
      loses: () => clock.nowMs < this.#lossUntilMs && this.#queueRandom.chance(this.#loss),
      stream: (name) => this.#disk.stream(name),
      send: (connection, frame) => this.#send(connection, frame),
    });
    this.#disk.onQueued = (queue, entry) => queues.offer(queue, entry);
    return queues;
  }

  get up(): boolean {
    return this.#up;
  }

  accept(node: string, process: SimulatedProcess, weather: Weather, client: ClientEnd): Connection {
    const { clock, random, options, lost } = this.#parts;
    const connection: Connection = new Connection({
      clock,
      random,
      latencyMs: options.latencyMs,
      weather,
      node,
      process,
      client,
      server: {
        arrived: (from, frame) => this.#arrived(from, frame),
        lost: (from, frame, why) => lost(from.node, frame, why),
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  connectionsOf(node: string): readonly Connection[] {
    return [...this.#connections].filter((connection) => connection.node === node);
  }

  /** Ends a connection from the server's side. */
  cut(connection: Connection, reason: string): void {
    this.#forget(connection);
    connection.cut(reason);
  }

  /** A client that vanished is noticed at last. */
  noticeLater(connection: Connection): void {
    const { clock, options } = this.#parts;
    clock.schedule(clock.nowMs + options.staleMs, () => {
      const back = connection.clientOpen && !connection.process.paused;
      if (this.#connections.has(connection) && !back)
        this.cut(connection, "the server got no answer to its pings");
    });
  }

  stop(lostMs: number): void {
    this.#up = false;
    for (const connection of [...this.#connections]) this.cut(connection, "the server has ended");
    this.#queues.stop();
    if (lostMs === 0) return;
    for (const lost of this.#disk.powerCut(lostMs)) this.#parts.forgot(lost);
  }

  start(): void {
    this.#up = true;
  }

  gap(forMs: number): void {
    this.#gapUntilMs = Math.max(this.#gapUntilMs, this.#parts.clock.nowMs + forMs);
  }

  loseAnswers(forMs: number, probability: number): void {
    this.#lossUntilMs = this.#parts.clock.nowMs + forMs;
    this.#loss = probability;
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    for (const subscriber of connection.subscribers.values())
      this.#subscribers.delete(subscriber.pattern, subscriber);
    connection.close();
  }

  #send(connection: Connection, frame: DownFrame): void {
    connection.sendDown(frame);
    if (connection.pending > this.#parts.options.pendingMax) this.cut(connection, "slow consumer");
  }

  #arrived(connection: Connection, frame: UpFrame): void {
    switch (frame.op) {
      case "publish":
        return this.#publish(connection, frame);
      case "subscribe":
        return this.#subscribe({ connection, ...frame });
      case "unsubscribe":
        return this.#unsubscribe(connection, frame.sid);
      case "ping":
        return this.#send(connection, { op: "pong", id: frame.id });
      case "ask":
        return this.#asked(connection, frame);
      case "watch":
        return this.#watch(connection, frame);
      case "unwatch":
        return void connection.watches.delete(frame.id);
      case "acknowledge":
        return this.#queues.acknowledge(frame);
      case "bye":
        return this.#forget(connection);
    }
  }

  #subscribe({ connection, sid, pattern, queue }: Subscriber): void {
    const subscriber = { connection, sid, pattern, queue };
    connection.subscribers.set(sid, subscriber);
    this.#subscribers.add(pattern, subscriber);
  }

  #unsubscribe(connection: Connection, sid: number): void {
    const subscriber = connection.subscribers.get(sid);
    if (subscriber === undefined) return;
    connection.subscribers.delete(sid);
    this.#subscribers.delete(subscriber.pattern, subscriber);
  }

  #publish(from: Connection, { subject, payload, reply, label }: UpFrame & { op: "publish" }): void {
    const stored = this.#disk.captures(subject);
    if (stored) this.#disk.capture(subject, payload, this.#wallMs());
    const received = this.#deliver(subject, payload, reply, label);
    if (received > 0 || stored || reply === undefined) return;
    const asker = this.#subscribers.match(reply).find(({ connection }) => connection === from);
    if (asker === undefined) return;
    const nobody = { subject: reply, payload: nothing, reply: undefined, label: `nobody for ${label}` };
    this.#send(from, { op: "message", sid: asker.sid, ...nobody, unreachable: true });
  }

  /** @returns how many get it */
  #deliver(subject: string, payload: Uint8Array, reply: string | undefined, label: string): number {
    const receivers = this.#receivers(subject);
    for (const { connection, sid } of receivers) {
      this.#send(connection, { op: "message", sid, subject, payload, reply, unreachable: false, label });
    }
    return receivers.length;
  }

  /** All who listen, and one of each group. */
  #receivers(subject: string): Subscriber[] {
    const matching = this.#subscribers.match(subject);
    if (matching.every(({ queue }) => queue === undefined)) return matching;
    const groups = new Map<string, Subscriber[]>();
    for (const subscriber of matching) {
      if (subscriber.queue === undefined) continue;
      const name = `${subscriber.pattern} ${subscriber.queue}`;
      groups.set(name, [...(groups.get(name) ?? []), subscriber]);
    }
    const chosen = [...groups.values()].map((members) => this.#parts.random.pick(members));
    return [...matching.filter(({ queue }) => queue === undefined), ...chosen];
  }

  #asked(connection: Connection, frame: UpFrame & { op: "ask" }): void {
    const { clock, note } = this.#parts;
    const { request, id } = frame;
    if (clock.nowMs < this.#gapUntilMs) {
      if (this.#storeRandom.chance(0.5))
        return note(`store, without a leader, drops ${request.op} of ${connection.node}`);
      clock.schedule(this.#gapUntilMs, () => connection.open && this.#asked(connection, frame));
      return;
    }
    const lossy = clock.nowMs < this.#lossUntilMs && this.#storeRandom.chance(this.#loss);
    if (lossy && this.#storeRandom.chance(0.5))
      return note(`store loses ${request.op} of ${connection.node}`);
    const answer = isOfQueue(request)
      ? ok(this.#queues.perform(connection, request))
      : this.#disk.perform(request, this.#wallMs());
    // What is appended is published: whoever listens hears it.
    if (request.op === "append") this.#deliver(request.subject, request.payload, undefined, "an entry");
    if (request.op === "write" && answer.kind === "ok") this.#parts.stored(connection.node, request.key);
    if (lossy && this.#isLate(request)) {
      const lateMs = this.#queueRandom.between(0, 2 * answerLateMs);
      this.#noteAnswer(connection.node, request, `${answer.kind}, and its answer is late`);
      const send = () => connection.open && this.#send(connection, { op: "answer", id, answer });
      return void clock.schedule(clock.nowMs + lateMs, send);
    }
    this.#noteAnswer(connection.node, request, `${answer.kind}${lossy ? ", and its answer is lost" : ""}`);
    if (!lossy) this.#send(connection, { op: "answer", id, answer });
  }

  /** Of an answer that does not come in time: whether it comes at all. Only to what is appended to a queue. */
  #isLate(request: StoreRequest): boolean {
    const isQueued = request.op === "append" && this.#disk.stream(request.stream)?.options.kind === "queue";
    return isQueued && this.#queueRandom.chance(0.5);
  }

  /** Renewals of leases, which nearly all of it is, are not worth a line. */
  #noteAnswer(node: string, request: StoreRequest, answer: string): void {
    if (request.op === "write" && request.revision !== undefined && answer === "ok") return;
    const key = "key" in request ? ` ${request.key}` : "";
    this.#parts.note(`store ${request.op}${key} of ${node}: ${answer}`);
  }

  #watch(connection: Connection, { id, bucket, afterRevision }: UpFrame & { op: "watch" }): void {
    const { clock } = this.#parts;
    if (clock.nowMs < this.#gapUntilMs) {
      const again = { op: "watch", id, bucket, afterRevision } as const;
      clock.schedule(this.#gapUntilMs, () => connection.open && this.#watch(connection, again));
      return;
    }
    const file = this.#disk.bucket(bucket);
    if (file === undefined && afterRevision === undefined) {
      return this.#send(connection, { op: "unwatched", id, refusal: noBucket(bucket) });
    }
    // One that has begun goes on once its bucket is made again.
    connection.watches.set(id, bucket);
    for (const entry of (afterRevision === undefined ? file?.present() : file?.after(afterRevision)) ?? []) {
      this.#send(connection, { op: "entry", id, entry: copyOf(entry) });
    }
    this.#send(connection, { op: "present", id });
  }

  #wallMs(): number {
    return Math.floor(this.#parts.options.startMs + this.#parts.clock.nowMs);
  }
}

function copyOf<T extends { readonly value: Uint8Array | undefined }>(entry: T): T {
  return { ...entry, value: entry.value && new Uint8Array(entry.value) };
}

function isOfQueue(request: StoreRequest): request is QueueRequest {
  return request.op === "consumers" || request.op === "unconsume" || request.op === "consume";
}
