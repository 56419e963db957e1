import type { AnyEventObject } from "xstate";
import type { Answer, AskLimits, Destination, OwnLife, SelfWord } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  type Envelope,
  type Protocol,
  type ReplyTo,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { publishEvent } from "./facts.ts";
import type { Incoming } from "./mailbox.ts";
import type { Node } from "./node.ts";
import { send as sendOut } from "./outbound.ts";

/** What a machine says through its cell: to other actors, to those who asked it, to whoever listens, to the operator. */
export abstract class Voice {
  abstract readonly node: Node;
  abstract readonly address: ActorAddress;
  abstract readonly definition: ActorDefinition;

  /** What the present turn works for. */
  protected abstract get causedBy(): Envelope | undefined;
  /** Answers a question this actor has taken. @throws REPLY_INVALID */
  protected abstract answer(to: ReplyTo, given: Answer): void;
  abstract effectFailed(error: unknown, what: string): void;
  /** Ends it: now, or when the present turn is over. */
  abstract endWith(outcome: ActorOutcome): void;
  protected abstract announced(info: unknown): void;

  send(target: unknown, event: AnyEventObject): void {
    try {
      if (isOwnLife(target)) return this.#ofItself(event as SelfWord);
      if (isReplyTo(target)) {
        // Without a subject nobody asked: the message was told.
        if (target.$replyTo !== "") this.answer(target, event as Answer);
        return;
      }
      const { $to, protocol, grant } = target as Destination;
      const origin = { from: this.address, cause: this.causedBy };
      sendOut(
        this.node,
        origin,
        protocol,
        actorAddress($to),
        event,
        grant === undefined ? undefined : { grant },
      );
    } catch (error) {
      this.effectFailed(error, `sending ${event.type}`);
    }
  }

  #ofItself(word: SelfWord): void {
    if (word.type === "announce") return this.announced(word.info);
    const { reason } = word;
    this.endWith(reason === undefined ? { kind: "stopped" } : { kind: "stopped", reason });
  }

  emit(event: AnyEventObject): void {
    try {
      publishEvent(this.node, this, event, this.causedBy);
    } catch (error) {
      this.effectFailed(error, `emitting ${event.type}`);
    }
  }

  /** A machine's own question to another actor. It never waits longer than the question it works for. */
  ask(
    cause: unknown,
    protocol: Protocol,
    to: ActorAddress,
    message: { readonly type: string },
    limits: AskLimits,
  ): Promise<unknown> {
    const origin = { from: this.address, cause: (cause as Incoming | undefined)?.envelope };
    const { deadlineMs } = origin.cause ?? {};
    return this.node.asks.ask(origin, protocol, actorAddress(to), message, { ...limits, deadlineMs });
  }

  log(args: readonly unknown[]): void {
    this.node.report({ level: "info", message: args.map(String).join(" "), address: this.address });
  }

  lost(event: AnyEventObject, target: string): void {
    this.#warn(`${event.type} found no ${target}`);
  }

  withheld(kind: "send" | "emit" | "action" | "call", detail: string): void {
    this.#warn(`the deadline passed during the turn; ${kind} ${detail} was withheld`);
  }

  expired(): unknown {
    return new CoxswainError("DEADLINE_EXCEEDED", "The deadline passed before the call began");
  }

  #warn(text: string): void {
    this.node.report({ level: "warning", message: `${this.address}: ${text}`, address: this.address });
  }
}

export function isOwnLife(target: unknown): target is OwnLife {
  return typeof target === "object" && target !== null && "$self" in target;
}

export function isReplyTo(target: unknown): target is ReplyTo {
  return typeof target === "object" && target !== null && "$replyTo" in target;
}
