import { createInbox } from "nats";
import type { Env } from "../env/env.ts";
import type { EventListeners } from "./event-listeners.ts";
import { readAnswer, readStored } from "./jetstream-answer.ts";
import type { NatsLink } from "./nats-link.ts";
import type { NatsRequest } from "./nats-requests.ts";
import type { Fields } from "./nats-writer.ts";
import { closedError, ok, rejected } from "./outcomes.ts";
import type { Outcome } from "./transport.ts";

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

  /** `subject` without its prefix `$JS.API.`. */
  call<T>(subject: string, body: object = {}): Promise<Outcome<T>> {
    const payload = Buffer.from(JSON.stringify(body));
    return this.#request({ subject: `$JS.API.${subject}`, payload, read: readAnswer<T> });
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
