import type { CoxswainError, Envelope } from "../../protocols/index.ts";

/** What became of something asked of a transport. `unknown`: it may or may not have happened. */
export type Outcome<T = void> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "rejected"; readonly error: CoxswainError }
  | { readonly kind: "unknown"; readonly error: CoxswainError };

/** What arrived on a subject. */
export interface Delivery {
  readonly subject: string;
  /** Bytes from the wire; or, inside one process, an envelope whose body is this receiver's own copy. */
  readonly payload: Uint8Array | Envelope;
  /** Where the sender waits for an answer. */
  readonly reply: string | undefined;
  /** The server says that nobody listened to what was published with this `subject` as its reply. */
  readonly unreachable?: true;
}

export interface Closable {
  /** Nothing is delivered after this returns; what had arrived and waits is dropped. */
  close(): void;
}

export interface Subscription extends Closable {
  /** Takes nothing new, delivers what was sent here before, then closes. Never rejects. */
  drain(): Promise<void>;
}

export type TransportEvent =
  | { readonly type: "connected"; readonly server: string }
  | { readonly type: "disconnected"; readonly reason: string }
  | { readonly type: "closed"; readonly error?: CoxswainError }
  /** A refused publish or subscription (PERMISSION_DENIED), a cut slow consumer (TRANSPORT_SLOW) and the like: never silent. */
  | { readonly type: "error"; readonly error: CoxswainError; readonly subject?: string };

/**
 * Carries messages between cells. Two implementations, in-process and NATS, are held to one
 * contract suite. It speaks outcomes, not exceptions.
 */
export interface Transport {
  readonly name: "memory" | "nats";
  /** Largest payload in bytes that `publish` takes. */
  readonly payloadMaxBytes: number;
  /** "nats://127.0.0.1:40123" or "memory". */
  readonly url: string;
  readonly connected: boolean;
  /**
   * Sends, without waiting: what is published in one order on one transport arrives in that order
   * at each subscriber. With `reply`, a subject nobody listens to answers there with `unreachable`.
   *
   * @returns `undefined` when taken, else why not: TRANSPORT_CLOSED, TRANSPORT_FULL (too many bytes wait
   * for a reconnect), PAYLOAD_TOO_LARGE, MESSAGE_INVALID (the body is no plain data).
   */
  publish(subject: string, payload: Uint8Array | Envelope, reply?: string): CoxswainError | undefined;
  /**
   * Listens to a subject, with `*` and `>` as in NATS. In a `queue` group one member gets each message.
   * A handler that throws is reported as an `error` event; nobody else is disturbed.
   */
  subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options?: { queue?: string },
  ): Subscription;
  /** Resolves when the server has everything published so far; `unknown` if the connection breaks meanwhile. */
  flush(): Promise<Outcome>;
  /** Events from now on; returns the unsubscribe function. */
  onEvent(listener: (event: TransportEvent) => void): () => void;
  /** Key-value buckets and streams. */
  readonly store: Store;
  /** Takes no more, delivers what has arrived, flushes, closes. Idempotent. */
  drain(): Promise<void>;
  /** Closes at once. Idempotent. */
  close(): Promise<void>;
}

export interface Store {
  /** Opens a bucket, creating it where it is missing. History 1. `limits` hold where it is created. */
  bucket(name: string, limits?: { readonly valueMaxBytes?: number }): Promise<Outcome<Bucket>>;
  /** Opens a stream over subjects, creating it where it is missing. One of other subjects or another kind is rejected; limits hold where it is created. */
  stream(name: string, options: StreamOptions): Promise<Outcome<Stream>>;
}

export interface Entry {
  readonly key: string;
  /** Undefined for a deleted key. */
  readonly value: Uint8Array | undefined;
  readonly revision: number;
}

/** Keys are dotted tokens of A-Z a-z 0-9 _ -. A lost compare-and-set is `rejected` with ADDRESS_TAKEN. */
export interface Bucket {
  /** Read from the leader, so never stale. Undefined where the key is missing or deleted. */
  get(key: string): Promise<Outcome<Entry | undefined>>;
  /** Succeeds only where the key is missing or deleted. */
  create(key: string, value: Uint8Array): Promise<Outcome<number>>;
  /** Succeeds only on the named revision. */
  update(key: string, value: Uint8Array, revision: number): Promise<Outcome<number>>;
  put(key: string, value: Uint8Array): Promise<Outcome<number>>;
  /** With `revision`, only on it. */
  delete(key: string, revision?: number): Promise<Outcome>;
  /** All that are present, in order of revision; with `under`, those whose key begins with it and a dot. */
  entries(under?: string): Promise<Outcome<readonly Entry[]>>;
  /** Present entries first, in order of revision, then every change. Resolves once the present ones were delivered. */
  watch(handler: (entry: Entry) => void): Promise<Outcome<Closable>>;
}

export interface StreamOptions {
  readonly subjects: readonly string[];
  readonly messagesMax: number;
  readonly bytesMax: number;
  /**
   * - `log` (default): entries stay; when a limit is reached, the oldest go.
   * - `queue`: an entry goes when its consumer acknowledges it; when a limit is reached, `append` is rejected.
   */
  readonly kind?: "log" | "queue";
  /**
   * Entries on one subject. Beyond it a log's oldest of the subject go, and a queue's `append` is rejected with MAILBOX_FULL;
   * other subjects are served.
   */
  readonly subjectMessagesMax?: number;
}

/** Of a stream, what a writer takes for its last entry, whether that is still there or not. */
export interface Expected {
  readonly lastSequence: number;
}

export interface Stream {
  /**
   * Resolves with the sequence number once the server has stored it. Rejected with MAILBOX_FULL (a queue's subject is at its limit) or
   * STORE_FULL (the stream is): it was not stored. `unknown`: it may have been. With `lastSequence` it is stored only behind that entry,
   * 0 for the first of all: rejected with ADDRESS_TAKEN where another was first.
   */
  append(subject: string, payload: Uint8Array, expected?: Expected): Promise<Outcome<number>>;
  /** Entries from `fromSequence` (default the first), oldest first, at most `limit`. */
  read(options?: {
    fromSequence?: number;
    limit?: number;
    subject?: string;
  }): Promise<Outcome<readonly StreamEntry[]>>;
  delete(sequence: number): Promise<Outcome>;
  count(): Promise<Outcome<number>>;
  /** The sequence number given out last, whether its entry is still there or not; 0 before the first. */
  lastSequence(): Promise<Outcome<number>>;
  /**
   * Of a queue: takes its entries, all that wait from the first on, in order, then those that come. Once this resolves, whoever
   * consumed under this name before gets nothing more than what is on its way to it, and what it acknowledges counts no more; over
   * NATS it learns of it within some four seconds. After a lost connection, or `ackWaitMs`, entries come again that were not
   * acknowledged, after later ones in the second case.
   */
  consume(options: ConsumeOptions, handler: (entry: QueueEntry) => void): Promise<Outcome<Consumption>>;
}

export interface ConsumeOptions {
  /** A token. One consumer a name: who consumes under it takes it from whoever did before. */
  readonly name: string;
  /** The entries wanted, as a pattern. The patterns of a queue's consumers must not overlap, also with those of one that has ended. */
  readonly subject: string;
  /** An entry that is not acknowledged for so long is delivered again, in milliseconds. */
  readonly ackWaitMs: number;
  /** So many are delivered and not acknowledged; then no more until some are. */
  readonly unacknowledgedMax: number;
}

/** An entry of a queue, delivered. */
export interface QueueEntry extends StreamEntry {
  /**
   * Takes it out of the queue. Not awaited: where it is lost, the entry is delivered again. Counts until another consumes under the
   * name, also after `close`. Idempotent.
   */
  acknowledge(): void;
}

/** Ends when it is closed, or when somebody else consumes under its name. */
export interface Consumption extends Closable {
  /**
   * Resolves when it is over: `closed` by us (or with the transport), `taken` by another consumer of the name, `gone` with the
   * stream. Until then it outlives lost connections and restarts of the server.
   */
  readonly ended: Promise<"closed" | "taken" | "gone">;
}

export interface StreamEntry {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly storedAtMs: number;
}
