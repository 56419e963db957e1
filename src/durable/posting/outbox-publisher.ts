import {
  type ActorAddress,
  actorAddress,
  type BoxMessage,
  boxSubject,
  type CoxswainError,
  type Envelope,
  encodeBoxEntry,
  toWireError,
} from "../../../protocols/index.ts";
import type { PostingHost } from "./host.ts";
import { isAway, Line, type LineSource, type Packed } from "./line.ts";
import { boxMessageOf, messagesOfEntry } from "./pack.ts";

/** A committed message of a durable actor, as its record has it. */
export interface Committed {
  readonly to: string;
  readonly position: number;
  readonly incarnation: number;
  readonly seq: number;
  readonly message: Envelope;
}

/**
 * Publishes what a durable actor has committed, in order to each receiver, again and again until the receiver's inbox
 * has it: it is part of the actor's record until then.
 */
export class OutboxPublisher {
  readonly #host: PostingHost;
  readonly #from: ActorAddress;
  readonly #confirmed: (positions: readonly number[]) => void;
  readonly #lines = new Map<string, OutboxLine>();
  /** Lines to which something was added in this turn of the event loop: what is committed together becomes one entry. */
  readonly #touched = new Set<OutboxLine>();
  #stopped = false;

  /** @param confirmed is told the places in the outbox that inboxes have stored */
  constructor(host: PostingHost, from: ActorAddress, confirmed: (positions: readonly number[]) => void) {
    this.#host = host;
    this.#from = from;
    this.#confirmed = confirmed;
  }

  /** Messages that no inbox has stored yet, as far as is known. */
  get waiting(): number {
    let waiting = 0;
    for (const line of this.#lines.values()) waiting += line.waiting;
    return waiting;
  }

  /**
   * Takes committed messages, in the order of their places, and publishes them as soon as the caller is done. One that is
   * given twice is published twice, and received once.
   */
  publish(entries: readonly Committed[]): void {
    if (this.#stopped) return;
    for (const entry of entries) {
      const line = this.#lineTo(entry.to);
      line.add(entry);
      if (this.#touched.size === 0) void Promise.resolve().then(() => this.#go());
      this.#touched.add(line);
    }
  }

  /** Publishes nothing more from now on, and confirms nothing: another owner goes on. */
  stop(): void {
    this.#stopped = true;
    for (const line of this.#lines.values()) line.stop();
    this.#lines.clear();
  }

  #go(): void {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const line of touched) line.go();
  }

  #lineTo(to: string): OutboxLine {
    const known = this.#lines.get(to);
    if (known !== undefined) return known;
    const line: OutboxLine = new OutboxLine(this.#host, this.#from, actorAddress(to), {
      confirmed: this.#confirmed,
      idle: () => {
        if (this.#lines.get(to) === line) this.#lines.delete(to);
      },
    });
    this.#lines.set(to, line);
    return line;
  }
}

interface OutboxLineEvents {
  confirmed(positions: readonly number[]): void;
  idle(): void;
}

class OutboxLine implements LineSource {
  readonly #host: PostingHost;
  readonly #from: ActorAddress;
  readonly #to: ActorAddress;
  readonly #events: OutboxLineEvents;
  readonly #line: Line;
  readonly #waiting: Committed[] = [];
  #underWay = 0;
  /** The trouble that was last reported: it is said once, not at each attempt. */
  #reported = "";

  constructor(host: PostingHost, from: ActorAddress, to: ActorAddress, events: OutboxLineEvents) {
    this.#host = host;
    this.#from = from;
    this.#to = to;
    this.#events = events;
    this.#line = new Line(host, this);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(entry: Committed): void {
    this.#waiting.push(entry);
  }

  go(): void {
    this.#line.go();
  }

  stop(): void {
    this.#line.stop();
  }

  next(): Packed | "later" | undefined {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#events.idle();
      return undefined;
    }
    const { system, zone, limits } = this.#host;
    const shard = this.#host.shardOf(this.#to);
    if (shard === undefined) return this.#trouble("no node has announced its type", undefined);
    try {
      const messages = messagesOfEntry(this.#from, limits.bytesMax, (i) => this.#messageAt(first, i));
      this.#underWay = messages.length;
      const { incarnation, seq: firstSeq } = first;
      const bytes = encodeBoxEntry({ from: this.#from, incarnation, firstSeq, messages }, limits);
      return { subject: boxSubject(system, shard, zone, this.#to), bytes };
    } catch (thrown) {
      return this.#trouble(toWireError(thrown).message, thrown);
    }
  }

  stored(): void {
    this.#reported = "";
    const stored = this.#waiting.splice(0, this.#underWay);
    this.#events.confirmed(stored.map(({ position }) => position));
  }

  /** It is committed, so it is published: for ever. */
  rejected(error: CoxswainError): "later" {
    // A full inbox has room again when its actor gets on, and a store that cannot be asked is said by the transport.
    if (error.code === "MAILBOX_FULL" || isAway(error)) return "later";
    return this.#trouble(error.message, error);
  }

  /** The message at a place behind the first, if it follows without a gap in the same line. */
  #messageAt({ incarnation, seq }: Committed, i: number): BoxMessage | undefined {
    const entry = this.#waiting[i];
    if (entry === undefined || entry.incarnation !== incarnation || entry.seq !== seq + i) return undefined;
    try {
      return boxMessageOf(this.#from, entry.message, undefined, this.#host.limits);
    } catch (thrown) {
      if (i === 0) throw thrown;
      // Those before it go; then it is the first.
      return undefined;
    }
  }

  #trouble(why: string, error: unknown): "later" {
    if (this.#reported === why) return "later";
    this.#reported = why;
    const message = `${this.#waiting.length} messages from ${this.#from} to ${this.#to} wait: ${why}`;
    this.#host.report({ level: "warning", message, address: this.#from, error });
    return "later";
  }
}
