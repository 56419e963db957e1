import type { Actors } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  type Envelope,
  type EnvelopeDefaults,
  inboxSubject,
  isActorAddress,
  type Limits,
  limitsDefault,
  type MessageId,
  messageId,
  parseInbox,
  replyPattern,
  replySubject,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { Asks } from "./asks.ts";
import { Audit, type AuditOptions, auditDefaults, auditStream } from "./audit/index.ts";
import type { Cell } from "./cell.ts";
import { readEnvelope } from "./control.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { LazyStream } from "./durable/lazy-stream.ts";
import type { DurableInboxes } from "./durable/posting/posts.ts";
import type { Env, Timer } from "./env/env.ts";
import type { FactOptions } from "./facts.ts";
import { NodeGrants } from "./grants/index.ts";
import { Groups } from "./groups/groups.ts";
import { Links, type Owner } from "./links.ts";
import { Pace } from "./pace.ts";
import type { Registry } from "./registry.ts";
import { Roots } from "./roots.ts";
import { Scheduler } from "./scheduler.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Delivery, Subscription, Transport } from "./transport/transport.ts";
import { Watches } from "./watches.ts";

/** Something an operator may want to read. Never silent where a message or an effect is concerned. */
export interface Report {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
  readonly address?: ActorAddress;
  readonly error?: unknown;
}

/** Messages of this node since it started. `sent` = handled + refused + dead, summed over all nodes at rest. */
export interface Counts {
  sent: number;
  handled: number;
  refused: number;
  dead: number;
  /** Dead letters that the store did not take. */
  deadLost: number;
  /** Replies after the asker had gone, or doubled. */
  lateReplies: number;
}

export interface NodeParts {
  readonly system: string;
  readonly name: string;
  readonly zone: string;
  readonly incarnation: string;
  readonly env: Env;
  readonly transport: Transport;
  readonly facts: FactOptions;
  readonly telemetry: Telemetry | undefined;
  /** The actors that may be started here by name. */
  readonly catalogue: ReadonlyMap<string, ActorDefinition>;
  readonly onReport: (report: Report) => void;
  readonly auditOptions?: AuditOptions | undefined;
}

/** Endings remembered for watchers on other nodes. */
const endingsMax = 1_000;
/** Told messages kept until we would have heard that nobody listened. */
const recentMax = 1_024;
/** For so long, in milliseconds: the server says at once that nobody listened. */
const recentMs = 10_000;
/** Subjects whose parts are remembered. */
const parsedMax = 20_000;
/** Addresses whose subjects are remembered. */
const inboxesMax = 1_000;

const nothing = (): void => {};

/** Calls a user's listener. What it throws, at once or as a promise, goes to `onThrow` and not to the process. */
export function walled(listener: () => unknown, onThrow: (error: unknown) => void): void {
  try {
    const result = listener();
    if (result instanceof Promise) result.catch(onThrow);
  } catch (error) {
    onThrow(error);
  }
}

/** One process's part of a system: its cells, its connection, and what crosses between them. Not for users. */
export class Node implements Omit<NodeParts, "onReport"> {
  readonly system: string;
  readonly name: string;
  readonly zone: string;
  readonly incarnation: string;
  readonly env: Env;
  readonly transport: Transport;
  readonly facts: FactOptions;
  readonly telemetry: Telemetry | undefined;
  readonly catalogue: ReadonlyMap<string, ActorDefinition>;
  readonly cells = new Map<string, Cell>();
  /** How actors that others started here have ended, by activation: the others may not have begun to watch. */
  readonly endings = new Map<string, ActorOutcome>();
  readonly counts: Counts = { sent: 0, handled: 0, refused: 0, dead: 0, deadLost: 0, lateReplies: 0 };
  /** What a frame from outside may cost. */
  readonly limits: Limits;
  /** What a foreign client's frame may leave out. */
  readonly frameDefaults: EnvelopeDefaults = {
    nowMs: () => this.env.nowMs(),
    freshId: () => this.nextMessageId(),
  };
  readonly scheduler: Scheduler;
  /** Whoever starts or stops many shares it. */
  readonly pace: Pace;
  readonly asks: Asks;
  readonly watches: Watches;
  readonly roots: Roots;
  readonly links: Links;
  readonly groups: Groups;
  /** Signs and checks the grants that travel with messages. */
  readonly grants: NodeGrants;
  /** What an actor here may do with others. */
  actorsFor!: (cell: Cell) => Actors;
  /** An actor that no other one had started has ended. */
  topEnded: (cell: Cell, outcome: ActorOutcome) => void = nothing;
  /** A client has none. */
  registry: Registry | undefined;
  deadLetters!: DeadLetters;
  #audit: Audit | undefined;
  readonly auditOptions: AuditOptions;
  /** The way to durable actors, where it is known which addresses are theirs. */
  durable: DurableInboxes | undefined;
  closed = false;
  /** Workers of actors that have ended, until they are gone. */
  readonly leaving = new Set<Promise<void>>();
  readonly #onReport: (report: Report) => void;
  readonly #replyName: string;
  readonly #replyPrefix: string;
  readonly #recent: (Envelope | undefined)[] = new Array(recentMax);
  readonly #parsed = new Map<string, { zone: string; to: ActorAddress } | undefined>();
  readonly #inboxes = new Map<ActorAddress, string>();
  #subscriptions: Subscription[] = [];
  #unlisten: () => void = nothing;
  #count = 0;
  #recentCount = 0;
  #forgetting: Timer | undefined;
  #lastId = "" as MessageId;
  #activations = 0;

  constructor(parts: NodeParts) {
    this.system = parts.system;
    this.name = parts.name;
    this.zone = parts.zone;
    this.incarnation = parts.incarnation;
    this.env = parts.env;
    this.transport = parts.transport;
    this.facts = parts.facts;
    this.telemetry = parts.telemetry;
    this.catalogue = parts.catalogue;
    this.#onReport = parts.onReport;
    this.auditOptions = parts.auditOptions ?? auditDefaults;
    // Not the incarnation, which every message shows: who could guess it could forge replies. 83 bits; it travels with every message.
    this.#replyName = parts.env.uniqueId().slice(0, 14);
    this.#replyPrefix = replySubject(parts.system, parts.zone, this.#replyName, "");
    this.limits = { ...limitsDefault, bytesMax: parts.transport.payloadMaxBytes };
    this.scheduler = new Scheduler(parts.env);
    this.pace = new Pace(parts.env);
    this.asks = new Asks(this);
    this.watches = new Watches(this);
    this.roots = new Roots(this);
    this.links = new Links(this);
    this.groups = new Groups(this);
    this.grants = new NodeGrants(this);
  }

  /** Begins to listen for replies. */
  open(): void {
    const pattern = replyPattern(this.system, this.zone, this.#replyName);
    this.#subscriptions.push(this.transport.subscribe(pattern, (delivery) => this.#replied(delivery)));
    this.#unlisten = this.transport.onEvent((event) => {
      if (event.type === "disconnected") this.asks.connectionLost(event.reason);
      if (event.type === "connected") {
        this.registry?.reconnected();
        this.watches.reconnected();
      }
      if (event.type === "error")
        this.report({ level: "error", message: event.error.message, error: event.error });
    });
  }

  /** What is decided in the system. Its stream is made when it is first used. */
  get audit(): Audit {
    if (this.#audit !== undefined) return this.#audit;
    const { system, zone, env, transport } = this;
    const { name, options } = auditStream(system, this.auditOptions);
    const stream = new LazyStream(() => transport.store.stream(name, options));
    this.#audit = new Audit({ system, zone, env, stream }, this.auditOptions);
    return this.#audit;
  }

  nextMessageId(): MessageId {
    this.#lastId = messageId(this.incarnation, this.#count++);
    return this.#lastId;
  }

  nextActivation(): string {
    return `${this.incarnation}.${(this.#activations++).toString(36)}`;
  }

  /** Remembers for a while how one ended that somebody on another node had started. */
  remember(owner: Owner, activation: string, outcome: ActorOutcome): void {
    if (owner.activation.startsWith(`${this.incarnation}.`)) return;
    if (this.endings.size >= endingsMax) this.endings.delete(this.endings.keys().next().value as string);
    this.endings.set(activation, outcome);
  }

  /** Where an address takes its messages. Remembered: the text is put together, and laid out in memory, only once. */
  inboxSubject(to: ActorAddress): string {
    const known = this.#inboxes.get(to);
    if (known !== undefined) return known;
    if (this.#inboxes.size >= inboxesMax) this.#inboxes.clear();
    const subject = inboxSubject(this.system, "in", this.zone, to);
    this.#inboxes.set(to, subject);
    return subject;
  }

  /** Undefined for a volatile actor's address. */
  inboxesOf(to: ActorAddress): DurableInboxes | undefined {
    return this.durable?.isDurable(to) === true ? this.durable : undefined;
  }

  replySubject(token: string): string {
    return this.#replyPrefix + token;
  }

  askToken(envelope: Envelope): string {
    return `a${this.#numberOf(envelope)}`;
  }

  /** A reply subject on which only the server speaks, to say that nobody listened. Remembers the message for that case. */
  unreachableSubject(envelope: Envelope): string {
    this.#recent[this.#recentCount++ % recentMax] = envelope;
    if (this.#forgetting === undefined) this.#forgetLater();
    return `${this.#replyPrefix}t${this.#numberOf(envelope)}`;
  }

  /** A thousand told messages of a mebibyte each would stay in memory as long as nothing else is told. */
  #forgetLater(): void {
    const before = this.#recentCount;
    this.#forgetting = this.env.setTimer(recentMs, () => {
      this.#forgetting = undefined;
      // Without a connection the server's word is still to come.
      const { connected } = this.transport;
      for (let n = Math.max(0, this.#recentCount - recentMax); connected && n < before; n++)
        this.#recent[n % recentMax] = undefined;
      if (!connected || this.#recentCount > before) this.#forgetLater();
    });
  }

  #numberOf(envelope: Envelope): string {
    // Nearly always the message just made: then its id need not be taken apart.
    if (envelope.id === this.#lastId) return (this.#count - 1).toString(36);
    return envelope.id.slice(this.incarnation.length + 1);
  }

  /** The parts of an inbox subject; remembered, since the same few thousand come again and again. */
  parse(subject: string): { zone: string; to: ActorAddress } | undefined {
    const known = this.#parsed.get(subject);
    if (known !== undefined) return known;
    if (this.#parsed.size >= parsedMax) this.#parsed.clear();
    const parsed = parseInbox(this.system, subject);
    this.#parsed.set(subject, parsed);
    return parsed;
  }

  report(report: Report): void {
    // A listener of reports must not disturb what is reported about.
    walled(() => this.#onReport(report), nothing);
  }

  #replied(delivery: Delivery): void {
    const token = delivery.subject.slice(delivery.subject.lastIndexOf(".") + 1);
    if (delivery.unreachable) return this.#unreachable(token);
    const envelope = readEnvelope(this, delivery);
    if (token[0] === "a") this.asks.settle(token, envelope);
    if (token[0] === "w" && envelope !== undefined) this.watches.settle(token, envelope);
  }

  #unreachable(token: string): void {
    if (token[0] === "a") {
      this.counts.refused++;
      return this.asks.unreachable(token);
    }
    if (token[0] === "w") return this.watches.settle(token, undefined);
    const id = messageId(this.incarnation, Number.parseInt(token.slice(1), 36));
    const lost = this.#recent.find((envelope) => envelope?.id === id);
    this.counts.dead++;
    if (lost !== undefined && isActorAddress(lost.to)) {
      this.deadLetters.add(lost.to, "UNREACHABLE", `Nobody listens at ${lost.to}`, lost);
    } else {
      this.report({
        level: "error",
        message: `Message ${id} reached nobody, and is too long ago to be kept`,
      });
      this.counts.deadLost++;
    }
  }

  close(): void {
    this.closed = true;
    this.#forgetting?.cancel();
    this.asks.close();
    this.grants.close();
    this.watches.close();
    this.#unlisten();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
  }
}
