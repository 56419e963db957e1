import { createInbox, type Msg, type NatsConnection, type Subscription as NatsSubscription } from "nats";
import type { Env, Timer } from "../env/env.ts";
import type { Fields, NatsWriter } from "./nats-writer.ts";
import { closedError, rejected, unknown } from "./outcomes.ts";
import type { Outcome } from "./transport.ts";

/** The server's own answer where nobody listens. */
export const noResponders = 503;

export interface RequestOptions {
  readonly env: Env;
  readonly storeTimeoutMs: number;
  readonly inboxPrefix: string | undefined;
}

export interface NatsRequest<T> {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly fields?: Fields | undefined;
  /** What the answer says. */
  readonly read: (answer: Msg) => Outcome<T>;
}

interface Waiting {
  readonly subject: string;
  readonly dueMs: number;
  readonly read: (answer: Msg) => Outcome<unknown>;
  readonly settle: (outcome: Outcome<never>) => void;
}

/**
 * The requests on one link, with an outcome for every way they can end. All answers come to one subscription,
 * and are told apart by the last token of their subject. The client's own request makes a text of each
 * command and two objects for its headers, starts a timer, and races two promises for the answer.
 */
export class NatsRequests {
  readonly #nc: () => NatsConnection;
  readonly #writer: NatsWriter;
  readonly #env: Env;
  readonly #timeoutMs: number;
  readonly #prefix: string;
  /** In the order in which they were asked, which is that in which they are due. */
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #subscription: NatsSubscription | undefined;
  #timer: Timer | undefined;

  constructor(nc: () => NatsConnection, writer: NatsWriter, options: RequestOptions) {
    this.#nc = nc;
    this.#writer = writer;
    this.#env = options.env;
    this.#timeoutMs = options.storeTimeoutMs;
    this.#prefix = `${createInbox(options.inboxPrefix)}.`;
  }

  request<T>({ subject, payload, fields, read }: NatsRequest<T>): Promise<Outcome<T>> {
    this.#subscription ??= this.#listen();
    const token = this.#count++;
    const refusal = this.#send(subject, payload, token, fields);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const dueMs = this.#env.monotonicMs() + this.#timeoutMs;
    this.#timer ??= this.#env.setTimer(this.#timeoutMs, () => this.#expire());
    return new Promise((settle) => this.#waiting.set(token, { subject, dueMs, read, settle }));
  }

  /** The server forbids to publish to `subject`, or to subscribe to it: that may be where the answers come. */
  forbidden(operation: string | undefined, subject: string | undefined, cause: unknown): void {
    const answers = operation === "subscription" && subject === `${this.#prefix}*`;
    if (answers) this.#subscription = undefined;
    for (const [token, waiting] of this.#waiting) {
      if (!answers && (operation !== "publish" || waiting.subject !== subject)) continue;
      this.#waiting.delete(token);
      waiting.settle(
        rejected("PERMISSION_DENIED", `The server forbids ${answers ? subject : waiting.subject}`, cause),
      );
    }
  }

  /** The link has ended: whether what was asked has happened nobody knows. */
  lost(reason: string): void {
    this.#timer?.cancel();
    const outcome = unknown("CONNECTION_LOST", reason);
    for (const { settle } of this.#waiting.values()) settle(outcome);
    this.#waiting.clear();
  }

  #send(
    subject: string,
    payload: Uint8Array,
    token: number,
    fields: Fields | undefined,
  ): Outcome<never> | undefined {
    try {
      const error = this.#writer.request(subject, payload, this.#prefix + token, fields);
      return error && { kind: "rejected", error };
    } catch (cause) {
      // It is being drained, or the server takes less than the one before.
      return { kind: "rejected", error: closedError(cause) };
    }
  }

  #listen(): NatsSubscription {
    return this.#nc().subscribe(`${this.#prefix}*`, {
      callback: (error, msg) => {
        if (error === null) this.#answer(msg);
      },
    });
  }

  #answer(msg: Msg): void {
    const token = Number(msg.subject.slice(this.#prefix.length));
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    const { subject, read, settle } = waiting;
    // What `read` makes of the answer is of the type that the asker waits for.
    if (msg.data.length > 0 || msg.headers?.code !== noResponders) settle(read(msg) as Outcome<never>);
    else settle(nobodyThere(subject));
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#env.monotonicMs();
    for (const [token, { subject, dueMs, settle }] of this.#waiting) {
      if (dueMs > nowMs) {
        this.#timer = this.#env.setTimer(dueMs - nowMs, () => this.#expire());
        return;
      }
      this.#waiting.delete(token);
      settle(unknown("STORE_FAILED", `No answer to ${subject} within ${this.#timeoutMs} ms`));
    }
  }
}

export function nobodyThere(subject: string): Outcome<never> {
  return rejected(
    "STORE_FAILED",
    `Nothing answers at ${subject}: JetStream is disabled on this server, or the stream is gone`,
  );
}
