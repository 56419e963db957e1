import {
  type ActorAddress,
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  decodeEnvelope,
  type Envelope,
  type ErrorCode,
  encodeEnvelopeJson,
  inboxSubject,
  isActorAddress,
  type Limits,
  limitsDefault,
  type MessageId,
  messageId,
  parseInbox,
  replyPattern,
  replySubject,
  rootOf,
  rootPatterns,
  toWireError,
  wantsAnswer,
} from "../protocols/index.ts";
import { Asks } from "./asks.ts";
import type { Cell } from "./cell.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Env } from "./env/env.ts";
import { type FactOptions, publishFact } from "./facts.ts";
import { receive } from "./inbound.ts";
import type { Incoming } from "./mailbox.ts";
import type { Given } from "./questions.ts";
import type { Registry } from "./registry.ts";
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
  readonly onReport: (report: Report) => void;
}

/** Told messages kept until we would have heard that nobody listened. */
const recentMax = 1_024;
/** Subjects whose parts are remembered. */
const parsedMax = 20_000;

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
  readonly cells = new Map<string, Cell>();
  readonly counts: Counts = { sent: 0, handled: 0, refused: 0, dead: 0, deadLost: 0, lateReplies: 0 };
  /** What a frame from outside may cost. */
  readonly limits: Limits;
  readonly scheduler: Scheduler;
  readonly asks: Asks;
  readonly watches: Watches;
  registry!: Registry;
  deadLetters!: DeadLetters;
  closed = false;
  readonly #onReport: (report: Report) => void;
  readonly #replyName: string;
  readonly #replyPrefix: string;
  readonly #recent: (Envelope | undefined)[] = new Array(recentMax);
  readonly #parsed = new Map<string, { zone: string; to: ActorAddress } | undefined>();
  readonly #roots = new Map<string, { readonly subscriptions: Subscription[]; living: number }>();
  #subscriptions: Subscription[] = [];
  #count = 0;

  constructor(parts: NodeParts) {
    this.system = parts.system;
    this.name = parts.name;
    this.zone = parts.zone;
    this.incarnation = parts.incarnation;
    this.env = parts.env;
    this.transport = parts.transport;
    this.facts = parts.facts;
    this.telemetry = parts.telemetry;
    this.#onReport = parts.onReport;
    // Not the incarnation, which every message shows: who could guess it could forge replies.
    this.#replyName = parts.env.uniqueId();
    this.#replyPrefix = replySubject(parts.system, parts.zone, this.#replyName, "");
    this.limits = { ...limitsDefault, bytesMax: parts.transport.payloadMaxBytes };
    this.scheduler = new Scheduler(parts.env);
    this.asks = new Asks(this);
    this.watches = new Watches(this);
  }

  /** Begins to listen for replies. */
  open(): void {
    const pattern = replyPattern(this.system, this.#replyName);
    this.#subscriptions.push(this.transport.subscribe(pattern, (delivery) => this.#replied(delivery)));
    this.transport.onEvent((event) => {
      if (event.type === "disconnected") this.asks.connectionLost(event.reason);
      if (event.type === "connected") this.watches.reconnected();
      if (event.type === "error")
        this.report({ level: "error", message: event.error.message, error: event.error });
    });
  }

  nextMessageId(): MessageId {
    return messageId(this.incarnation, this.#count++);
  }

  replySubject(token: string): string {
    return this.#replyPrefix + token;
  }

  askToken(envelope: Envelope): string {
    return `a${this.#numberOf(envelope)}`;
  }

  /** A reply subject on which only the server speaks, to say that nobody listened. Remembers the message for that case. */
  unreachableSubject(envelope: Envelope): string {
    const number = this.#numberOf(envelope);
    this.#recent[Number.parseInt(number, 36) % recentMax] = envelope;
    return `${this.#replyPrefix}t${number}`;
  }

  #numberOf(envelope: Envelope): string {
    return envelope.id.slice(envelope.id.lastIndexOf("-") + 1);
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

  // ---- cells ----

  /** Enters a living cell. The first under a root name makes this node listen for all below it. */
  enter(cell: Cell): void {
    this.cells.set(cell.address, cell);
    const root = rootOf(cell.address);
    const known = this.#roots.get(root);
    if (known !== undefined) {
      known.living++;
      return;
    }
    const listen = (lane: "in" | "ctl", handle: (delivery: Delivery) => void): Subscription[] =>
      rootPatterns(this.system, lane, root).map((pattern) => this.transport.subscribe(pattern, handle));
    const subscriptions = [
      ...listen("in", (delivery) => receive(this, delivery)),
      ...listen("ctl", (delivery) => this.#controlled(delivery)),
    ];
    this.#roots.set(root, { subscriptions, living: 1 });
  }

  /** A cell ended. The last under a root name gives the name back. */
  forget(cell: Cell): void {
    if (this.cells.get(cell.address) !== cell) return;
    this.cells.delete(cell.address);
    const root = rootOf(cell.address);
    const known = this.#roots.get(root);
    if (known === undefined || --known.living > 0) return;
    this.#roots.delete(root);
    void this.#leaveRoot(root, known.subscriptions);
  }

  /** Stops listening before the name is free for others, and refuses what was still under way: it must not vanish. */
  async #leaveRoot(root: string, subscriptions: readonly Subscription[]): Promise<void> {
    await Promise.all(subscriptions.map((subscription) => subscription.drain()));
    // Closing gives all names back at once; and somebody may live under this one again.
    if (this.closed || this.#roots.has(root)) return;
    await this.registry.release(root).catch((error: unknown) => {
      this.report({ level: "warning", message: `The name ${root} was not given back`, error });
    });
  }

  /** Another node took the name while we could not be heard: what lives here under it is no longer the one. */
  loseRoot(root: string, owner: string): void {
    const outcome: ActorOutcome = {
      kind: "lost",
      node: this.name,
      reason: `node ${owner} holds ${root} now`,
    };
    for (const cell of [...this.cells.values()]) if (rootOf(cell.address) === root) cell.finish(outcome);
  }

  // ---- answers ----

  /** Answers a question. */
  answer(cell: Cell | undefined, question: Incoming, given: Given): void {
    if (question.reply === undefined) return;
    const envelope: Envelope = {
      kind: given.ok ? "reply" : "refusal",
      id: this.nextMessageId(),
      from: cell?.address ?? "",
      to: "",
      type: question.envelope.type,
      protocol: question.envelope.protocol,
      sentAtMs: this.env.nowMs(),
      body: given.ok ? given.value : toWireError(given.error),
      causationId: question.envelope.id,
      correlationId: question.envelope.correlationId ?? question.envelope.id,
    };
    this.#publishAnswer(question.reply, envelope, question.json);
  }

  #publishAnswer(reply: string, envelope: Envelope, json: boolean): void {
    try {
      const refused = this.transport.publish(reply, json ? encodeEnvelopeJson(envelope) : envelope);
      if (refused !== undefined) throw refused;
    } catch (error) {
      const message = `The ${envelope.kind} to ${envelope.type} could not be sent`;
      this.report({ level: "error", message, error });
      if (envelope.kind === "reply") {
        this.#publishAnswer(
          reply,
          { ...envelope, kind: "refusal", body: toWireError(error, "REPLY_INVALID") },
          json,
        );
      }
    }
  }

  /** A message is not worked on: its asker is told; what was told goes to the dead letters. */
  refuse(incoming: Incoming, code: ErrorCode, reason: string): void {
    const { envelope } = incoming;
    const to = envelope.to === "" ? ("unknown" as ActorAddress) : envelope.to;
    if (incoming.reply !== undefined) {
      this.counts.refused++;
      this.answer(undefined, incoming, { ok: false, error: new CoxswainError(code, reason) });
    } else {
      this.counts.dead++;
      this.deadLetters.add(to, code, reason, envelope);
    }
    const sender = envelope.from === "" ? {} : { sender: envelope.from };
    publishFact(this, to, "refused", {
      messageId: envelope.id,
      type: envelope.type,
      code,
      message: reason,
      ...sender,
    });
  }

  /** Bytes that are no message of ours. */
  refuseBytes(delivery: Delivery, bytes: Uint8Array, error: CoxswainError): void {
    const to = this.parse(delivery.subject)?.to ?? actorAddress("unknown");
    this.counts.dead++;
    this.deadLetters.add(to, error.code, error.message, bytes);
    if (!wantsAnswer(delivery.reply)) return;
    const envelope: Envelope = {
      kind: "refusal",
      id: this.nextMessageId(),
      from: "",
      to: "",
      type: "unknown",
      protocol: "",
      sentAtMs: this.env.nowMs(),
      body: toWireError(error),
    };
    this.#publishAnswer(delivery.reply, envelope, true);
  }

  report(report: Report): void {
    try {
      this.#onReport(report);
    } catch {
      // A listener of reports must not disturb what is reported about.
    }
  }

  // ---- control lane ----

  /** @returns whether it was sent */
  control(
    to: ActorAddress,
    type: "stop" | "cancel" | "watch" | "unwatch",
    body: object,
    reply?: string,
  ): boolean {
    const envelope: Envelope = {
      kind: "control",
      id: this.nextMessageId(),
      from: "",
      to,
      type,
      protocol: "control@1.0",
      sentAtMs: this.env.nowMs(),
      body,
    };
    const refused = this.transport.publish(inboxSubject(this.system, "ctl", this.zone, to), envelope, reply);
    if (refused !== undefined)
      this.report({ level: "warning", message: `${type} of ${to} was not sent`, error: refused });
    return refused === undefined;
  }

  #controlled(delivery: Delivery): void {
    const envelope = this.#read(delivery);
    const to = this.parse(delivery.subject)?.to;
    if (envelope?.kind !== "control" || to === undefined) return;
    const cell = this.cells.get(to);
    const { id, reason } = (envelope.body ?? {}) as { id?: unknown; reason?: unknown };
    if (envelope.type === "stop") return cell?.stop(typeof reason === "string" ? reason : undefined);
    if (typeof id !== "string") return;
    if (envelope.type === "cancel") return cell?.cancel(id);
    if (envelope.type === "unwatch") return cell?.unwatch(id);
    if (envelope.type !== "watch" || delivery.reply === undefined) return;
    const { reply } = delivery;
    const down = (outcome: ActorOutcome): void => {
      const fact: Envelope = {
        ...envelope,
        id: this.nextMessageId(),
        from: to,
        to: "",
        type: "down",
        body: outcome,
      };
      this.transport.publish(reply, fact);
    };
    if (cell === undefined) down({ kind: "lost", node: this.name, reason: "nobody lives there" });
    else cell.watch(id, down);
  }

  #replied(delivery: Delivery): void {
    const token = delivery.subject.slice(delivery.subject.lastIndexOf(".") + 1);
    if (delivery.unreachable) return this.#unreachable(token);
    const envelope = this.#read(delivery);
    if (envelope === undefined) return;
    if (token[0] === "a") this.asks.settle(token, envelope);
    if (token[0] === "w") this.watches.settle(token, envelope);
  }

  #unreachable(token: string): void {
    if (token[0] === "a") {
      this.counts.refused++;
      return this.asks.unreachable(token);
    }
    if (token[0] === "w") return this.watches.settle(token, undefined);
    const number = token.slice(1);
    const lost = this.#recent[Number.parseInt(number, 36) % recentMax];
    const id = messageId(this.incarnation, Number.parseInt(number, 36));
    this.counts.dead++;
    if (lost?.id === id && isActorAddress(lost.to)) {
      this.deadLetters.add(lost.to, "UNREACHABLE", `Nobody listens at ${lost.to}`, lost);
    } else {
      this.report({
        level: "error",
        message: `Message ${id} reached nobody, and is too long ago to be kept`,
      });
      this.counts.deadLost++;
    }
  }

  #read(delivery: Delivery): Envelope | undefined {
    const { payload } = delivery;
    if (!(payload instanceof Uint8Array)) return payload;
    try {
      return decodeEnvelope(payload, this.limits);
    } catch (error) {
      this.report({
        level: "warning",
        message: `Bytes on ${delivery.subject} are no message of ours`,
        error,
      });
      return undefined;
    }
  }

  close(): void {
    this.closed = true;
    this.asks.close();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
  }
}
