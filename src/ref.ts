import type { StopLimit } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  type EmittedOf,
  eventSubject,
  inboxSubject,
  type MessageId,
  type OutgoingOf,
  type Protocol,
  type QuestionOf,
  type QuestionTypeOf,
  type ReplyOf,
} from "../protocols/index.ts";
import type { AskOptions } from "./asks.ts";
import { sendControl, stopWithinMs } from "./control.ts";
import { type EventStream, listen, stream } from "./events.ts";
import { type Node, walled } from "./node.ts";
import { handOver, type SendOptions, sealed, send } from "./outbound.ts";

export interface Listening {
  /** Nothing is delivered after this returns. */
  close(): void;
  [Symbol.dispose](): void;
}

export interface Watch extends Listening {
  /** Settles once, with how the actor ended; never if the watch is closed before. */
  readonly down: Promise<ActorOutcome>;
}

/** An event as it was emitted, and by whom. */
export type EventOf<P extends Protocol, K extends string> = Extract<EmittedOf<P>, { type: K }>;

/** A handle on an actor anywhere in the system: an address and the protocol it speaks. Costs nothing, holds nothing open. */
export class ActorRef<P extends Protocol = Protocol> {
  readonly address: ActorAddress;
  readonly protocol: P;
  readonly #node: Node;

  constructor(node: Node, protocol: P, address: ActorAddress) {
    this.#node = node;
    this.protocol = protocol;
    this.address = address;
  }

  /**
   * Sends, and does not wait: at most once, in call order. What nobody takes becomes a dead letter.
   *
   * @throws MESSAGE_INVALID, PAYLOAD_TOO_LARGE, TRANSPORT_FULL, TRANSPORT_CLOSED, SYSTEM_CLOSED
   */
  tell(message: OutgoingOf<P>, options?: SendOptions): MessageId {
    return send(this.#node, { from: "" }, this.protocol, this.address, message, options);
  }

  /**
   * As `tell`; resolves when the broker has the message. That says nothing about its receiver, unless it is durable: then
   * its inbox has it.
   *
   * Rejects with CONNECTION_LOST where the outcome is unknown: to deliver again is to deliver another message. With
   * MAILBOX_FULL, STORE_FULL or DEADLINE_EXCEEDED a durable receiver's inbox has not taken it.
   */
  async deliver(message: OutgoingOf<P>, options?: SendOptions): Promise<MessageId> {
    const envelope = sealed(this.#node, { from: "" }, this.protocol, this.address, message, options);
    await handOver(this.#node, envelope, this.address);
    return envelope.id;
  }

  /**
   * Asks, and resolves with the reply. Always settles: see {@link AskOptions} for how long.
   *
   * Rejects with the actor's refusal (REFUSED), the runtime's (MAILBOX_FULL, MESSAGE_UNEXPECTED, ADDRESS_UNKNOWN …),
   * UNREACHABLE at once if nobody listens, CANCELLED, or ASK_TIMEOUT and CONNECTION_LOST: outcome unknown.
   */
  ask<const M extends QuestionOf<P, QuestionTypeOf<P>>>(
    message: M,
    options?: AskOptions,
  ): Promise<ReplyOf<P, M["type"]>> {
    return this.#node.asks.ask({ from: "" }, this.protocol, this.address, message, options) as Promise<
      ReplyOf<P, M["type"]>
    >;
  }

  /** Listens to an emitted event; what the listener throws is reported, not thrown. */
  on<const K extends keyof P["emits"] & string>(type: K, listener: (event: EventOf<P, K>) => void): Listening;
  /** Without a listener: an async iterator that holds at most `waitingMax` events (default 1,000), then drops the oldest and says so. */
  on<const K extends keyof P["emits"] & string>(
    type: K,
    options?: { readonly waitingMax?: number },
  ): EventStream<EventOf<P, K>>;
  on(
    type: string,
    how?: ((event: never) => void) | { readonly waitingMax?: number },
  ): Listening | EventStream<never> {
    const schema = this.protocol.emits[type];
    const subject = eventSubject(this.#node.system, this.address, type);
    if (typeof how === "function") return listen(this.#node, subject, schema, (event) => how(event as never));
    return stream(this.#node, subject, schema, how?.waitingMax);
  }

  /** Watches for the actor's end: one `down`, with the outcome; `lost` if its node is gone or nobody lives there. */
  watch(listener?: (outcome: ActorOutcome) => void): Watch {
    let settle: (outcome: ActorOutcome) => void = () => {};
    const down = new Promise<ActorOutcome>((resolve) => {
      settle = resolve;
    });
    const close = this.#node.watches.watch(this.address, (outcome) => {
      settle(outcome);
      walled(
        () => listener?.(outcome),
        (error) =>
          this.#node.report({ level: "error", message: `A watcher of ${this.address} threw`, error }),
      );
    });
    return { down, close, [Symbol.dispose]: close };
  }

  /**
   * Asks the actor to end in good order; overtakes its waiting work. A machine that takes `coxswain.shutdown` ends by
   * itself within `withinMs` (default 5,000) or is killed; every other actor ends at once. Resolves with how it ended;
   * rejects where the request cannot be sent, as PAYLOAD_TOO_LARGE for a reason that long.
   */
  stop(
    reason?: string,
    { withinMs = stopWithinMs }: { readonly withinMs?: number | "infinity" } = {},
  ): Promise<ActorOutcome> {
    return this.#end(withinMs, reason);
  }

  /** Ends the actor now, without its leave: calls are aborted, nothing it still does is taken. Resolves with how it ended. */
  kill(reason?: string): Promise<ActorOutcome> {
    return this.#end("brutal_kill", reason);
  }

  async #end(limit: StopLimit, reason: string | undefined): Promise<ActorOutcome> {
    const { down, close } = this.watch();
    if (this.#node.closed) return down;
    const body = { limit, ...(reason === undefined ? {} : { reason }) };
    const unsent = sendControl(this.#node, this.address, "stop", body);
    if (unsent === undefined) return down;
    close();
    throw unsent;
  }

  /**
   * Links two actors, anywhere: when one ends, the other ends too, unless the first was `done`. With `stopped` it is
   * stopped for the same reason, otherwise it fails with LINK_BROKEN. A link to one that has ended counts as its end.
   *
   * @throws what `tell` throws where it cannot be sent
   */
  link(other: { readonly address: ActorAddress }): void {
    const unsent =
      sendControl(this.#node, this.address, "link", { to: other.address }) ??
      sendControl(this.#node, other.address, "link", { to: this.address });
    if (unsent !== undefined) throw unsent;
  }

  /** The subject any NATS client may publish to. */
  get subject(): string {
    return inboxSubject(this.#node.system, "in", this.#node.zone, this.address);
  }

  /** A ref is plain data wherever it is written down. */
  toJSON(): string {
    return this.address;
  }
}
