import {
  CoxswainError,
  copyPlain,
  type Envelope,
  type Limits,
  limitsDefault,
} from "../../protocols/index.ts";
import { type Env, realEnv } from "../env/env.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { EventListeners } from "./event-listeners.ts";
import { MemoryStore } from "./memory-store.ts";
import { numberOption } from "./options.ts";
import { splitBatch } from "./split-batch.ts";
import { isSubject, SubjectTree } from "./subject-tree.ts";
import type { Delivery } from "./transport.ts";

export interface MemoryHubOptions {
  /** Largest payload `publish` takes. Default 1 MiB, like a nats-server's. */
  readonly payloadMaxBytes?: number;
  /** So many deliveries wait for one subscription; beyond it they are dropped with TRANSPORT_SLOW. Default 262,144. */
  readonly pendingMax?: number;
  readonly env?: HubEnv;
}

type HubEnv = Omit<Env, "uniqueId">;

/** One subscription. */
export interface Receiver {
  readonly owner: { readonly events: EventListeners };
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly handler: (delivery: Delivery) => void;
  open: boolean;
  pending: number;
}

/** Who gets what is published on one subject: each of `all`, and one member of each group. */
export interface Route {
  readonly all: readonly Receiver[];
  readonly groups: readonly (readonly Receiver[])[];
  readonly stored: boolean;
}

const routesMax = 10_000;
const nothing = new Uint8Array(0);

/** Knows who listens to what, and carries copies there. */
export class Hub {
  readonly payloadMaxBytes: number;
  /** Undefined for the codec's own, which are found faster. */
  readonly limits: Partial<Limits> | undefined;
  readonly queue: DeliveryQueue<Receiver, Delivery>;
  readonly store: MemoryStore;
  readonly #env: HubEnv;
  readonly #pendingMax: number;
  readonly #receivers = new SubjectTree<Receiver>();
  readonly #routes = new Map<string, Route>();

  constructor(options: MemoryHubOptions) {
    this.payloadMaxBytes = numberOption(
      "payloadMaxBytes",
      options.payloadMaxBytes,
      limitsDefault.bytesMax,
      1,
    );
    const usual = this.payloadMaxBytes === limitsDefault.bytesMax;
    this.limits = usual ? undefined : { bytesMax: this.payloadMaxBytes };
    this.#pendingMax = numberOption("pendingMax", options.pendingMax, 262_144, 1);
    this.#env = options.env ?? realEnv;
    this.queue = new DeliveryQueue(this.#env, deliver);
    this.store = new MemoryStore({
      env: this.#env,
      later: (run) => this.queue.addRun(run),
      changed: () => this.#routes.clear(),
    });
  }

  add(receiver: Receiver): void {
    this.#receivers.add(receiver.pattern, receiver);
    this.#routes.clear();
  }

  delete(receiver: Receiver): void {
    this.#receivers.delete(receiver.pattern, receiver);
    this.#routes.clear();
  }

  /** Undefined where one cannot publish to such a subject. */
  route(subject: string): Route | undefined {
    const known = this.#routes.get(subject);
    if (known !== undefined) return known;
    if (!isSubject(subject)) return undefined;
    if (this.#routes.size >= routesMax) this.#routes.clear();
    const matching = this.#receivers.match(subject);
    const route = {
      all: matching.filter((receiver) => receiver.queue === undefined),
      groups: groupsOf(matching),
      stored: this.store.captures(subject),
    };
    this.#routes.set(subject, route);
    return route;
  }

  /** Hands one copy to each receiver. @returns how many get it. */
  send(route: Route, subject: string, payload: Uint8Array | Envelope, body: unknown, reply?: string): number {
    let count = 0;
    for (const receiver of route.all) {
      this.#enqueue(receiver, { subject, payload: copyOf(payload, body, count, this.limits), reply });
      count += 1;
    }
    for (const members of route.groups) {
      const chosen = members[Math.floor(this.#env.random() * members.length)] as Receiver;
      this.#enqueue(chosen, { subject, payload: copyOf(payload, body, count, this.limits), reply });
      count += 1;
    }
    return count;
  }

  /** Tells the asker, where it listens for the reply, that nobody listens to its question. */
  answerUnreachable(asker: Receiver["owner"], reply: string): void {
    const route = this.route(reply);
    const receivers = [...(route?.all ?? []), ...(route?.groups.flat() ?? [])];
    const receiver = receivers.find(({ owner }) => owner === asker);
    if (receiver === undefined) return;
    this.#enqueue(receiver, { subject: reply, payload: nothing, reply: undefined, unreachable: true });
  }

  #enqueue(receiver: Receiver, delivery: Delivery): void {
    if (receiver.pending >= this.#pendingMax) this.#cut(receiver);
    receiver.pending += 1;
    this.queue.add(receiver, delivery);
  }

  /** Like a server that cuts a slow connection which then comes back: what waited is lost, and said to be. */
  #cut(receiver: Receiver): void {
    const { owner, pattern, pending } = receiver;
    receiver.pending = 0;
    this.queue.drop(receiver);
    const error = new CoxswainError(
      "TRANSPORT_SLOW",
      `Expected at most ${this.#pendingMax} waiting deliveries to ${pattern}; all of them were dropped`,
      { details: { pattern, dropped: pending } },
    );
    this.queue.addRun(() => owner.events.error(error, pattern));
  }
}

function groupsOf(receivers: readonly Receiver[]): Receiver[][] {
  const groups = new Map<string, Receiver[]>();
  for (const receiver of receivers) {
    if (receiver.queue === undefined) continue;
    const name = `${receiver.pattern} ${receiver.queue}`;
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [receiver]);
    else members.push(receiver);
  }
  return [...groups.values()];
}

function deliver(receiver: Receiver, delivery: Delivery): void {
  receiver.pending -= 1;
  for (const each of splitBatch(delivery) ?? [delivery])
    if (receiver.open) receiver.owner.events.guard(receiver.handler, each);
}

/** `body` is a copy that nobody has yet: the first receiver gets it, later ones a copy of it. */
function copyOf(
  payload: Uint8Array | Envelope,
  body: unknown,
  earlier: number,
  limits?: Partial<Limits>,
): Uint8Array | Envelope {
  if (payload instanceof Uint8Array) return new Uint8Array(payload);
  return withBody(payload, earlier === 0 ? body : copyPlain(body, limits).value);
}

/** Field by field: what is no field of an envelope does not travel, here as on a wire. */
function withBody(envelope: Envelope, body: unknown): Envelope {
  return {
    kind: envelope.kind,
    id: envelope.id,
    from: envelope.from,
    to: envelope.to,
    type: envelope.type,
    protocol: envelope.protocol,
    sentAtMs: envelope.sentAtMs,
    body,
    causationId: envelope.causationId,
    correlationId: envelope.correlationId,
    deadlineMs: envelope.deadlineMs,
    traceparent: envelope.traceparent,
    key: envelope.key,
    priority: envelope.priority,
    grant: envelope.grant,
  };
}
