import type {
  EmittedOf,
  MessageId,
  OutgoingOf,
  Protocol,
  QuestionTypeOf,
  ReplyOf,
  ReplyTo,
} from "../../../protocols/index.ts";
import type { ActorRef } from "../../ref.ts";
import type { ActorSystem } from "../../system.ts";
import { durationOf } from "./duration.ts";
import { type AnyMessage, Hearing } from "./hearing.ts";
import { askerOf, Mail } from "./mail.ts";
import { type ClockOptions, Patience } from "./patience.ts";
import { messageText, type Received } from "./pattern.ts";
import { ProbeActor } from "./probe-actor.ts";

export interface ProbeOptions extends ClockOptions {
  /** Messages kept; beyond it the oldest go, and if the test had not looked at them the next expectation fails. Default 1,000. */
  readonly keptMax?: number;
  /** How long an expectation waits where it does not say, in milliseconds; default 3,000. */
  readonly withinMs?: number;
}

const withinMsDefault = 3_000;

/**
 * An actor in a test's hand: it takes every message of its protocol, keeps them in order, and says what the test has it
 * say. Each expectation looks at the next message that was not looked at. Made by {@link spawnProbe}.
 */
export class Probe<P extends Protocol = Protocol> extends Hearing<P> implements AsyncDisposable {
  readonly ref: ActorRef<P>;

  constructor(ref: ActorRef<P>, actor: ProbeActor<P>, mail: Mail, patience: Patience, withinMs: number) {
    super(actor, mail, patience, withinMs);
    this.ref = ref;
  }

  /** Answers a question it has got. @throws ProbeFailed where nobody waits for it any more; REPLY_INVALID */
  reply<const M extends Received<P, QuestionTypeOf<P>>>(question: M, value: ReplyOf<P, M["type"]>): void {
    this.actor.reply(question, this.#asker(question), value);
    this.mail.answered(this.#asker(question).question, "replied");
  }

  /** Refuses a question it has got: the asker gets REFUSED with this reason. @throws ProbeFailed where nobody waits */
  refuse(question: Received<P, QuestionTypeOf<P>>, reason: string): void {
    const asker = this.#asker(question);
    this.actor.refuse(asker, reason);
    this.mail.answered(asker.question, "refused");
  }

  /** Tells another actor something; this one is the sender. @throws as `tell` of a ref */
  tell<Q extends Protocol>(protocol: Q, to: string, message: OutgoingOf<Q>): MessageId {
    return this.actor.tell(protocol, to, message);
  }

  /** Emits an event of its protocol. @throws MESSAGE_INVALID */
  emit(event: EmittedOf<P>): void {
    this.actor.emit(event);
  }

  /** Ends the actor. Questions it has not answered end with NO_REPLY. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.actor.close();
  }

  #asker(question: AnyMessage): ReplyTo {
    const asker = askerOf(question);
    if (asker !== undefined && this.mail.isOpen(asker.question)) return asker;
    const why =
      asker === undefined ? "it was told, not asked" : "it has its answer already, or is too long ago";
    throw this.failed(`a question that waits for its answer, got ${messageText(question)}: ${why}`);
  }
}

/**
 * Spawns a probe at an address: what is sent there, the test looks at.
 *
 * @example
 * await using bank = await spawnProbe(system, "bank", bankProtocol);
 * const { amount } = await bank.expectMessage({ type: "deposit", account: "a" });
 * bank.reply(await bank.expectMessage("balance"), { amount });
 *
 * @throws as `spawn`; OPTION_INVALID
 */
export async function spawnProbe<P extends Protocol>(
  system: ActorSystem,
  address: string,
  protocol: P,
  options: ProbeOptions = {},
): Promise<Probe<P>> {
  const withinMs = durationOf(options.withinMs ?? withinMsDefault);
  const mail = new Mail(options.keptMax);
  let patience: Patience | undefined;
  const actor = await ProbeActor.spawn(system, address, protocol, ({ cell: { env } }) => {
    const made = new Patience(env, options);
    const bornMs = env.monotonicMs();
    patience = made;
    return (message) => {
      mail.add(message, env.monotonicMs() - bornMs);
      made.look();
    };
  });
  const made = patience as unknown as Patience;
  actor.onEnd(() => made.look());
  return new Probe(system.ref(address, protocol), actor, mail, made, withinMs);
}
