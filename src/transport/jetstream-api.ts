import { createInbox } from "nats";
import type { Env } from "../env/env.ts";
import type { EventListeners } from "./event-listeners.ts";
import { readAnswer, readStored } from "./jetstream-answer.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsRequest } from "./nats-requests.ts";
import type { Fields } from "./nats-writer.ts";
import { closedError, ok, rejected, unknown } from "./outcomes.ts";
import type { Outcome } from "./transport.ts";

/** With one of three servers dead each has one chance in three to meet it: after four, one in eighty. */
const hastyAttempts = 4;

export interface StoreSettings {
  readonly storeTimeoutMs: number;
  readonly inboxPrefix: string | undefined;
  readonly replicas: number;
  readonly env: Env;
}

/** What the store needs of the transport. */
export interface StoreHost {
  /** Undefined once closed. */
  link(): NatsLink | undefined;
  readonly events: EventListeners;
}

/** JetStream's requests, with an outcome for every way they can end. */
export class JetStreamApi {
  readonly settings: StoreSettings;
  readonly host: StoreHost;

  constructor(settings: StoreSettings, host: StoreHost) {
    this.settings = settings;
    this.host = host;
  }

  /** A subject of our own to get answers on. */
  inbox(): string {
    return createInbox(this.settings.inboxPrefix);
  }

  /** The link to ask on, or why there is none. */
  link(): Outcome<NatsLink> {
    const link = this.host.link();
    if (link === undefined) return { kind: "rejected", error: closedError() };
    return link.up ? ok(link) : rejected("STORE_FAILED", "Not connected; nothing was asked of the store");
  }

  /** `subject` without its prefix `$JS.API.`. The answer may take `withinMs`, at most what the settings say. */
  call<T>(subject: string, body: object = {}, withinMs?: number): Promise<Outcome<T>> {
    const payload = Buffer.from(JSON.stringify(body));
    const asked = this.#request({ subject: `$JS.API.${subject}`, payload, read: readAnswer<T> });
    if (withinMs === undefined || withinMs >= this.settings.storeTimeoutMs) return asked;
    return new Promise((resolve) => {
      const late = unknown("STORE_FAILED", `No answer to $JS.API.${subject} within ${withinMs} ms`);
      const timer = this.settings.env.setTimer(withinMs, () => resolve(late));
      void asked.then((outcome) => {
        timer.cancel();
        resolve(outcome);
      });
    });
  }

  /**
   * Makes a consumer, by an attempt that may be made again: what comes of an earlier one is nobody's. In a cluster the server that is to
   * hold it, or to lead those that do, may be dead while the others still count on it. Then there is no answer, and one that is made
   * anew is soon elsewhere: so only the last attempt gets all the time that an answer may take.
   *
   * @param hasteMs what an attempt before the last gets for each answer
   */
  async madeConsumer<T>(
    hasteMs: number,
    attempt: (withinMs: number) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    for (let left = this.clustered ? hastyAttempts : 0; left > 0; left--) {
      const made = await attempt(Math.min(hasteMs, this.settings.storeTimeoutMs));
      if (made.kind !== "unknown" || made.error.code === "CONNECTION_LOST") return made;
    }
    return attempt(this.settings.storeTimeoutMs);
  }

  /** Whether other servers than ours may have what we ask for. */
  get clustered(): boolean {
    const link = this.link();
    return link.kind === "ok" && link.value.info.cluster !== undefined;
  }

  /** Publishes into a stream. @returns the sequence number once it is stored. */
  publish(stream: string, subject: string, payload: Uint8Array, fields?: Fields): Promise<Outcome<number>> {
    return this.#request({ subject, payload, fields, read: (answer) => readStored(stream, answer) });
  }

  #request<T>(request: NatsRequest<T>): Promise<Outcome<T>> {
    const link = this.link();
    return link.kind === "ok" ? link.value.requests.request(request) : Promise.resolve(link);
  }
}

/** Whether a message of a bucket marks its key as deleted, by us or by another client. */
export function isDeletion(operation: string | undefined): boolean {
  return operation === "DEL" || operation === "PURGE";
}

export const operationHeader = "KV-Operation";
