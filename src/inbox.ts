import type { AnyMachineSnapshot } from "xstate";
import type { Answer } from "../machines/index.ts";
import {
  type ActorOutcome,
  type CoxswainError,
  type ErrorCode,
  type MessageId,
  quote,
  type ReplyTo,
} from "../protocols/index.ts";
import { refuse } from "./answers.ts";
import type { Cell } from "./cell.ts";
import { CellQuestions } from "./cell-questions.ts";
import { type Incoming, Mailbox } from "./mailbox.ts";
import type { Postpones } from "./postponed.ts";
import type { Verdict } from "./xstate/host.ts";

/** What is said to those whose messages an ended actor does not take any more. */
const endCodes: Partial<Record<ActorOutcome["kind"], ErrorCode>> = {
  failed: "ACTOR_FAILED",
  killed: "ACTOR_KILLED",
};

/** What one actor was sent and has not settled: what waits, what is held back, and the questions it has taken. */
export class Inbox {
  readonly #cell: Cell;
  #mailbox: Mailbox | undefined;
  #questions: CellQuestions | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  get waiting(): number {
    return this.#mailbox?.waiting ?? 0;
  }

  get postponed(): number {
    return this.#mailbox?.postponed ?? 0;
  }

  /** Whether somebody waits for an answer of this actor. */
  get awaited(): boolean {
    return this.#questions?.awaited ?? false;
  }

  get oldestEnteredMs(): number | undefined {
    return this.#mailbox?.oldestEnteredMs();
  }

  /** @returns whether it waits for a turn, or had another give way; a question may share the answer of another. */
  enter(incoming: Incoming): boolean {
    const keyed = incoming.reply !== undefined && incoming.envelope.key !== undefined;
    if (keyed && this.#asked.shares(incoming)) return false;
    const { address, definition, node } = this.#cell;
    const { waitingMax } = definition.limits;
    this.#mailbox ??= new Mailbox(definition.limits);
    const evicted = this.#mailbox.enter(incoming);
    if (4 * this.#mailbox.waiting > waitingMax) node.scheduler.hurry();
    if (evicted !== undefined) {
      this.refuse(
        evicted,
        "MAILBOX_FULL",
        `The mailbox of ${address} holds ${waitingMax} messages, its limit`,
      );
    }
    return true;
  }

  next(state: Postpones): Incoming | undefined {
    return this.#mailbox?.next(state);
  }

  /** Whether a message may have its turn now; else it is refused, or held back. */
  admits(incoming: Incoming, state: Postpones): boolean {
    const { envelope, event, reply } = incoming;
    if (envelope.deadlineMs !== undefined && envelope.deadlineMs < this.#cell.env.nowMs()) {
      this.#expired(incoming);
      return false;
    }
    if (state.postpones(event.type)) {
      this.postpone(incoming);
      return false;
    }
    return reply === undefined || this.#asked.open(incoming);
  }

  /** Holds a message back until the state changes. */
  postpone(incoming: Incoming): void {
    if (incoming.reply !== undefined) this.#questions?.shut(incoming);
    // One that was out for its turn may come back to none.
    this.#mailbox ??= new Mailbox(this.#cell.definition.limits);
    if (this.#mailbox.postpone(incoming)) return;
    const expired = this.#mailbox.removeExpired(this.#cell.env.nowMs());
    if (expired !== undefined) {
      this.#mailbox.postpone(incoming);
      return this.#expired(expired);
    }
    const message = `${this.#cell.address} holds back ${this.postponed} messages, its limit`;
    this.refuse(incoming, "POSTPONED_FULL", message);
  }

  /** The state changed. @returns whether anything was held back */
  resume(): boolean {
    return this.#mailbox?.resume() ?? false;
  }

  /** An idle actor keeps no mailbox: most of 100,000 are idle. */
  tidy(): void {
    if (this.waiting === 0 && this.postponed === 0) this.#mailbox = undefined;
  }

  /** The asker withdrew. `settled`: nobody works on the question, or others want its answer. */
  cancel(id: string, reason: CoxswainError): "settled" | "working" {
    const waiting = this.#mailbox?.remove(id);
    if (waiting !== undefined) {
      this.#giveUp(waiting, "CANCELLED", `${waiting.envelope.type} was withdrawn`);
      return "settled";
    }
    return this.#questions?.cancel(id as MessageId, reason) === "shared" ? "settled" : "working";
  }

  answer(to: ReplyTo, given: Answer): void {
    this.#asked.answer(to, given);
  }

  /** A message is not worked on. A question may have others waiting for the same answer. */
  refuse(incoming: Incoming, code: ErrorCode, text: string): void {
    if (incoming.reply === undefined) refuse(this.#cell.node, incoming, code, text);
    else this.#asked.refuse(incoming, code, text);
  }

  /** What becomes of a message whose turn is over. @param failure the error's text if the actor failed in it */
  over(incoming: Incoming, verdict: Verdict, failure: string | undefined): "handled" | "settled" {
    const { address, behaviour, node } = this.#cell;
    if (failure !== undefined) {
      this.refuse(incoming, "ACTOR_FAILED", `${address} failed: ${failure}`);
    } else if (verdict === "ended") {
      this.refuse(incoming, "ACTOR_STOPPED", `${address} had ended`);
    } else if (verdict === "unexpected") {
      const state = quote((behaviour.snapshot as AnyMachineSnapshot).value);
      const text = `${address} cannot take ${incoming.event.type} in state ${state}`;
      this.refuse(incoming, "MESSAGE_UNEXPECTED", text);
    } else if (verdict === "postponed") {
      this.postpone(incoming);
    } else {
      node.counts.handled++;
      return "handled";
    }
    return "settled";
  }

  /** The actor has ended. @param atHand the message of a turn that was not over */
  end(outcome: ActorOutcome, atHand: Incoming | undefined): void {
    const { address } = this.#cell;
    const code = endCodes[outcome.kind] ?? "ACTOR_STOPPED";
    const how = outcome.kind === "killed" && outcome.reason ? `killed: ${outcome.reason}` : outcome.kind;
    if (atHand !== undefined) this.refuse(atHand, code, `${address} ended (${how}) in this turn`);
    const before = code === "ACTOR_FAILED" ? "this was answered" : "its turn";
    const text = `${address} ended (${how}) before ${before}`;
    this.#questions?.end(text);
    for (const incoming of this.#mailbox?.takeAll() ?? []) refuse(this.#cell.node, incoming, code, text);
  }

  #expired(incoming: Incoming): void {
    const text = `The deadline of ${incoming.envelope.type} passed while it waited`;
    this.#giveUp(incoming, "DEADLINE_EXCEEDED", text);
  }

  /** A waiting message ends by its own sender's choice: those who share the question still want the answer. */
  #giveUp(incoming: Incoming, code: ErrorCode, text: string): void {
    const heirs = this.#questions?.disown(incoming) ?? [];
    this.refuse(incoming, code, text);
    for (const heir of heirs) this.#cell.enter(heir);
  }

  get #asked(): CellQuestions {
    this.#questions ??= new CellQuestions(this.#cell);
    return this.#questions;
  }
}
