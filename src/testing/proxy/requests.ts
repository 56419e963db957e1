import type { Frame } from "./frame.ts";

/** A publish that asked for an answer. */
export interface ProxiedRequest {
  readonly subject: string;
  /** Its place among what its connection sent to the server, from 1. */
  readonly number: number;
  /** What it asked; undefined where that was more than 4 KiB. */
  readonly payload: Uint8Array | undefined;
}

/** So many of the latest requests of a connection are remembered. */
const requestsMax = 10_000;
const payloadMaxBytes = 4_096;

/** What a connection has asked, by the subject the answer will come on. */
export class Requests {
  readonly #byReply = new Map<string, ProxiedRequest>();

  add({ subject = "", reply, number, payload }: Frame): void {
    if (reply === undefined) return;
    // A copy, for a view would keep the whole chunk it came in.
    const kept = payload.length > payloadMaxBytes ? undefined : new Uint8Array(payload);
    this.#byReply.delete(reply);
    this.#byReply.set(reply, { subject, number, payload: kept });
    if (this.#byReply.size <= requestsMax) return;
    for (const oldest of this.#byReply.keys()) {
      this.#byReply.delete(oldest);
      return;
    }
  }

  /** Not forgotten once answered: an answer may come twice. */
  answeredBy(subject: string): ProxiedRequest | undefined {
    return this.#byReply.get(subject);
  }
}
