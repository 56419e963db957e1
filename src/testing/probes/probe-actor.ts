import { type AnyActorRef, setup } from "xstate";
import {
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  type EmittedOf,
  isCoxswainError,
  type MessageId,
  type OutgoingOf,
  type Protocol,
  quote,
  type ReplyTo,
  replySchema,
  validate,
} from "../../../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../../actor.ts";
import type { Cell } from "../../cell.ts";
import { publishEvent } from "../../facts.ts";
import { send } from "../../outbound.ts";
import type { ActorSystem } from "../../system.ts";
import { callContextOf } from "../../xstate/host.ts";

type AnyMessage = { readonly type: string };

/** An actor that takes every message of its protocol and does nothing by itself: what it says, a test says through it. */
export class ProbeActor<P extends Protocol = Protocol> {
  readonly protocol: P;
  readonly cell: Cell;

  private constructor(protocol: P, cell: Cell) {
    this.protocol = protocol;
    this.cell = cell;
  }

  /** @param born makes of the new actor what hears its messages. @throws as `spawn` */
  static async spawn<P extends Protocol>(
    system: ActorSystem,
    address: string,
    protocol: P,
    born: (actor: ProbeActor<P>) => (message: AnyMessage) => void,
  ): Promise<ProbeActor<P>> {
    let actor: ProbeActor<P> | undefined;
    let hear: (message: AnyMessage) => void = () => {};
    const types = Object.keys(protocol.accepts);
    const machine = setup({ actions: { hear: ({ event }) => hear(event) } }).createMachine({
      id: "probe",
      // The only moment at which a machine's own code sees its runtime before any message.
      context: ({ self }) => {
        const cell = callContextOf(self as unknown as AnyActorRef)?.cell as unknown as Cell;
        actor = new ProbeActor(protocol, cell);
        hear = born(actor);
        return {};
      },
      on: Object.fromEntries(types.map((type) => [type, { actions: "hear" as const }])),
    });
    const definition = defineActor({ protocol: protocol as Protocol, machine: machine as never });
    await system.spawn(address, definition as unknown as ActorDefinition<P, undefined>);
    return actor as unknown as ProbeActor<P>;
  }

  get outcome(): ActorOutcome | undefined {
    return this.cell.outcome;
  }

  /** @throws REPLY_INVALID where it does not fit: a test's own mistake, which the asker is not told */
  reply(question: AnyMessage, to: ReplyTo, value: unknown): void {
    const schema = replySchema(this.protocol, question.type);
    const checked = schema === undefined ? undefined : validate(schema, value);
    if (checked?.ok !== true) {
      throw new CoxswainError(
        "REPLY_INVALID",
        `Expected a reply to ${question.type}: ${checked?.issues ?? "it is no question"}; got ${quote(value)}`,
      );
    }
    this.cell.send(to, { type: "answer", value });
  }

  refuse(to: ReplyTo, reason: string): void {
    this.cell.send(to, { type: "refusal", reason });
  }

  /** @throws as `tell` of a ref */
  tell<Q extends Protocol>(protocol: Q, to: string, message: OutgoingOf<Q>): MessageId {
    const { node, address } = this.cell;
    return send(node, { from: address }, protocol, actorAddress(to), message as AnyMessage, undefined);
  }

  /** @throws MESSAGE_INVALID */
  emit(event: EmittedOf<P>): void {
    publishEvent(this.cell.node, this.cell, event as AnyMessage, undefined);
  }

  /** Ends the actor; questions that are still open are answered with NO_REPLY. Its name is free a moment later. */
  close(): void {
    this.cell.finish({ kind: "stopped", reason: "the test is over" });
  }

  onEnd(run: () => void): void {
    this.cell.life.watch("probe", run);
  }

  /** How it ended, in words. */
  ended(outcome: ActorOutcome): string {
    if (outcome.kind === "failed") return `${this.cell.address} has failed: ${outcome.error.message}`;
    const reason = "reason" in outcome && outcome.reason !== undefined ? `: ${outcome.reason}` : "";
    return `${this.cell.address} has ended (${outcome.kind})${reason}`;
  }
}

export function errorText(error: unknown): string {
  if (isCoxswainError(error)) return `${error.code} ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
