import {
  type ActorAddress,
  type BoxMessage,
  boxSubject,
  CoxswainError,
  encodeBoxEntry,
} from "../../../protocols/index.ts";
import { ok } from "../../transport/outcomes.ts";
import type { Outcome } from "../../transport/transport.ts";
import type { PostingHost } from "./host.ts";
import { isAway, Line, type LineSource, type Packed } from "./line.ts";
import { messagesOfEntry } from "./pack.ts";

/** A message that waits to be stored. */
export interface Post extends BoxMessage {
  readonly zone: string;
  /** Epoch milliseconds; beyond it, it need not be stored. */
  readonly deadlineMs: number | undefined;
  /** Called once. `ok` has the number of its entry. */
  readonly settled: (outcome: Outcome<number>) => void;
}

/** What a line tells of itself. */
export interface PostLineEvents {
  settled(post: Post): void;
  /** Nothing waits any more. */
  idle(line: PostLine): void;
}

/** The line of a node's volatile senders to one durable actor. It numbers what it stores. */
export class PostLine implements LineSource {
  readonly to: ActorAddress;
  idleSinceMs = 0;
  readonly #host: PostingHost;
  readonly #from: string;
  readonly #events: PostLineEvents;
  readonly #line: Line;
  #waiting: Post[] = [];
  /** Of them, so many are in the entry on its way. */
  #underWay = 0;
  #incarnation: number;
  /** The place of the last message stored. */
  #seq = 0;

  constructor(
    host: PostingHost,
    from: string,
    to: ActorAddress,
    incarnation: number,
    events: PostLineEvents,
  ) {
    this.to = to;
    this.#host = host;
    this.#from = from;
    this.#events = events;
    this.#incarnation = incarnation;
    this.#line = new Line(host, this);
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  add(post: Post): void {
    this.#waiting.push(post);
    this.#line.go();
  }

  /** Settles what waits: what is on its way as unknown, the rest as not sent. */
  close(): void {
    this.#line.stop();
    const count = this.#underWay;
    this.#settle(count, unsure(this.to, "the system was closed"));
    const text = `The system was closed before it was sent to ${this.to}`;
    this.#settle(this.#waiting.length, { kind: "rejected", error: new CoxswainError("SYSTEM_CLOSED", text) });
  }

  // ---- LineSource ----

  next(): Packed | "later" | undefined {
    this.#expire();
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#events.idle(this);
      return undefined;
    }
    const { system, limits } = this.#host;
    const shard = this.#host.shardOf(this.to);
    if (shard === undefined) return "later";
    const { zone } = first;
    const at = (i: number): Post | undefined =>
      this.#waiting[i]?.zone === zone ? this.#waiting[i] : undefined;
    const messages = messagesOfEntry(this.#from, limits.bytesMax, at);
    this.#underWay = messages.length;
    const entry = { from: this.#from, incarnation: this.#incarnation, firstSeq: this.#seq + 1, messages };
    return { subject: boxSubject(system, shard, zone, this.to), bytes: encodeBoxEntry(entry, limits) };
  }

  stored(sequence: number): void {
    this.#seq += this.#underWay;
    this.#settle(this.#underWay, ok(sequence));
  }

  rejected(error: CoxswainError, isUnsure: boolean): "now" | "later" {
    const count = this.#underWay;
    if (isUnsure) {
      // The places may be taken: no other message may have them.
      this.#incarnation = Math.max(this.#host.env.nowMs(), this.#incarnation + 1);
      this.#seq = 0;
      this.#settle(count, unsure(this.to, error.message));
      return "now";
    }
    if (isAway(error)) {
      this.#underWay = 0;
      return "later";
    }
    this.#settle(count, { kind: "rejected", error });
    return "now";
  }

  /** Work whose deadline has passed never begins. */
  #expire(): void {
    const nowMs = this.#host.env.nowMs();
    const isLate = ({ deadlineMs }: Post): boolean => deadlineMs !== undefined && deadlineMs < nowMs;
    const late = this.#waiting.filter(isLate);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter((post) => !isLate(post));
    const text = `The deadline passed before it was stored for ${this.to}`;
    for (const post of late)
      this.#tell(post, { kind: "rejected", error: new CoxswainError("DEADLINE_EXCEEDED", text) });
  }

  /** The first so many that wait. */
  #settle(count: number, outcome: Outcome<number>): void {
    this.#underWay = 0;
    for (const post of this.#waiting.splice(0, count)) this.#tell(post, outcome);
  }

  #tell(post: Post, outcome: Outcome<number>): void {
    this.#events.settled(post);
    post.settled(outcome);
  }
}

function unsure(to: ActorAddress, why: string): Outcome<never> {
  const text = `It may have been stored for ${to}, or not: ${why}`;
  return { kind: "unknown", error: new CoxswainError("CONNECTION_LOST", text) };
}
