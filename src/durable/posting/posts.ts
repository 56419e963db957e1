import {
  type ActorAddress,
  boxSenderOf,
  CoxswainError,
  type Envelope,
  isCoxswainError,
} from "../../../protocols/index.ts";
import type { Timer } from "../../env/env.ts";
import type { Outcome } from "../../transport/transport.ts";
import type { PostingHost } from "./host.ts";
import { boxMessageOf } from "./pack.ts";
import { type Post, PostLine } from "./post-line.ts";

/** Messages of a node that may wait to be stored, and what they may come to in bytes. */
export const postsMax = 10_000;
export const postsMaxBytes = 64 * 1_048_576;
/** Receivers whose lines are kept. */
export const postLinesMax = 10_000;
/** A line that is idle for so long is forgotten, in milliseconds: its receiver may forget it too. */
export const postLineIdleMs = 60_000;

/** What is posted for somebody else. */
export interface PostedFor {
  /** The zone of whoever sent it; default our own. */
  readonly zone?: string;
  /** Whoever sent it speaks JSON, and is answered so. */
  readonly json?: boolean;
}

/** What a node does to reach durable actors. */
export interface DurableInboxes {
  /** Whether messages to the address go into a durable inbox. */
  isDurable(to: ActorAddress): boolean;
  post(
    envelope: Envelope,
    reply: string | undefined,
    settled: (outcome: Outcome<number>) => void,
    postedFor?: PostedFor,
  ): CoxswainError | undefined;
}

/**
 * The way of all volatile senders of a node (scripts, volatile actors) into durable inboxes: a line for each receiver,
 * which stores in the order of the calls.
 */
export class Posts {
  readonly #host: PostingHost;
  readonly #from: string;
  readonly #lines = new Map<ActorAddress, PostLine>();
  /** The idlest first. */
  readonly #idle = new Set<PostLine>();
  /** Waiting for all to be settled. */
  #flushing: (() => void)[] = [];
  #waiting = 0;
  #waitingBytes = 0;
  /** The greatest incarnation of a line forgotten. */
  #horizon = 0;
  #forgetting: Timer | undefined;
  #closed = false;

  constructor(host: PostingHost, nodeIncarnation: string) {
    this.#host = host;
    this.#from = boxSenderOf(nodeIncarnation);
  }

  /** Messages that are neither stored nor refused yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Puts a message into an inbox, without waiting: what is posted in one order to one receiver is stored in that order.
   * While the store cannot be asked, it waits.
   *
   * `settled` is called once, later: `ok` when it is stored; `rejected` when it was not and will not be (MAILBOX_FULL,
   * STORE_FULL, DEADLINE_EXCEEDED, SYSTEM_CLOSED …); `unknown` when that was not to be found out.
   *
   * @returns `undefined` when taken, else why not: SYSTEM_CLOSED, ADDRESS_UNKNOWN (no such type), TRANSPORT_FULL (too many
   * wait), PAYLOAD_TOO_LARGE, MESSAGE_INVALID (the body is no plain data).
   */
  post(
    envelope: Envelope,
    reply: string | undefined,
    settled: (outcome: Outcome<number>) => void,
    { zone = this.#host.zone, json = false }: PostedFor = {},
  ): CoxswainError | undefined {
    const { to, type, deadlineMs } = envelope;
    const { limits } = this.#host;
    if (this.#closed) return new CoxswainError("SYSTEM_CLOSED", `The system is closed; ${type} was not sent`);
    if (to === "" || this.#host.shardOf(to) === undefined)
      return new CoxswainError("ADDRESS_UNKNOWN", `No node knows the type of ${to}; ${type} was not sent`);
    try {
      const message = boxMessageOf(this.#from, envelope, reply, limits, json);
      return this.#take(to, { ...message, zone, deadlineMs, settled });
    } catch (thrown) {
      return isCoxswainError(thrown)
        ? thrown
        : new CoxswainError("INVARIANT_BROKEN", "A post threw", { cause: thrown });
    }
  }

  /** Resolves when all that was posted is settled, or the time is up. @returns how many are not */
  async flush(withinMs: number): Promise<number> {
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#host.env.setTimer(withinMs, resolve);
        this.#flushing.push(() => {
          timer.cancel();
          resolve();
        });
      });
    }
    return this.#waiting;
  }

  /** Settles all that waits: what was on its way as unknown, what was not sent as rejected with SYSTEM_CLOSED. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#forgetting?.cancel();
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
    this.#idle.clear();
  }

  #take(to: ActorAddress, post: Post): CoxswainError | undefined {
    const { length } = post.frame;
    if (this.#waiting >= postsMax || this.#waitingBytes + length > postsMaxBytes)
      return full(`${this.#waiting} messages wait to be stored already`);
    const line = this.#lineTo(to);
    if (line === undefined) return full(`messages to ${postLinesMax} receivers wait to be stored already`);
    this.#waiting++;
    this.#waitingBytes += length;
    line.add(post);
    return undefined;
  }

  #lineTo(to: ActorAddress): PostLine | undefined {
    const { env } = this.#host;
    const known = this.#lines.get(to);
    if (known !== undefined) {
      const isOld = this.#idle.has(known) && env.monotonicMs() - known.idleSinceMs >= postLineIdleMs;
      if (!isOld) {
        this.#idle.delete(known);
        return known;
      }
      this.#forget(known);
    }
    if (this.#lines.size >= postLinesMax) {
      const [idlest] = this.#idle;
      if (idlest === undefined) return undefined;
      this.#forget(idlest);
    }
    const incarnation = Math.max(env.nowMs(), this.#horizon + 1);
    const line = new PostLine(this.#host, this.#from, to, incarnation, {
      settled: (post) => this.#settled(post),
      idle: (idle) => this.#becameIdle(idle),
    });
    this.#lines.set(to, line);
    return line;
  }

  #settled({ frame }: Post): void {
    this.#waiting--;
    this.#waitingBytes -= frame.length;
    if (this.#waiting > 0) return;
    const flushed = this.#flushing;
    this.#flushing = [];
    for (const resolve of flushed) resolve();
  }

  #becameIdle(line: PostLine): void {
    line.idleSinceMs = this.#host.env.monotonicMs();
    this.#idle.add(line);
    if (this.#forgetting === undefined) this.#forgetLater(postLineIdleMs);
  }

  /** The wall clock may go back: a line of the same receiver must yet be a later one. */
  #forget(line: PostLine): void {
    this.#lines.delete(line.to);
    this.#idle.delete(line);
    this.#horizon = Math.max(this.#horizon, line.incarnation);
  }

  #forgetLater(afterMs: number): void {
    const { env } = this.#host;
    this.#forgetting = env.setTimer(afterMs, () => {
      this.#forgetting = undefined;
      const nowMs = env.monotonicMs();
      for (const line of this.#idle) {
        const leftMs = line.idleSinceMs + postLineIdleMs - nowMs;
        if (leftMs > 0) return this.#forgetLater(leftMs);
        this.#forget(line);
      }
    });
  }
}

function full(why: string): CoxswainError {
  return new CoxswainError("TRANSPORT_FULL", `Expected room for one message more, but ${why}`);
}
