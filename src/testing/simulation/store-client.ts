import type { Env, Timer } from "../../env/env.ts";
import { closedError, rejected, unknown } from "../../transport/outcomes.ts";
import type { Entry, Outcome } from "../../transport/transport.ts";
import type { Connection } from "./connection.ts";
import type { DownFrame, StoreAnswer, StoreRequest } from "./frames.ts";

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

  arrived(frame: DownFrame): void {
    if (frame.op === "answer") return this.#settle(frame.id, frame.answer);
    if (frame.op === "present") {
      const watching = this.#watches.get(frame.id);
      if (watching === undefined) return;
      watching.lastRevision ??= 0;
      return watching.present({ kind: "ok", value: undefined });
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
  }

  close(): void {
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
    if (!this.#watches.delete(id)) return;
    const connection = this.#host.connection();
    if (connection !== "closed" && connection !== undefined) connection.sendUp({ op: "unwatch", id });
  }
}
