import type { Answer } from "../machines/index.ts";
import {
  CoxswainError,
  type ErrorCode,
  type MessageId,
  quote,
  type ReplyTo,
  replySchema,
  validate,
} from "../protocols/index.ts";
import { answer, refuse } from "./answers.ts";
import type { Cell } from "./cell.ts";
import type { Incoming } from "./mailbox.ts";
import { type Given, Questions } from "./questions.ts";

/** The questions one cell has taken: what becomes of each is told to everybody who shares it. */
export class CellQuestions {
  readonly #cell: Cell;
  readonly #questions: Questions;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.#questions = new Questions(cell.definition.limits, cell.env);
  }

  /** Whether somebody still waits for an answer. */
  get awaited(): boolean {
    return this.#questions.awaited;
  }

  /** A keyed question arrives. @returns true if it is settled here: it gets the answer of another, or is refused. */
  shares(question: Incoming): boolean {
    const found = this.#questions.arrive(question);
    if (found === "fresh") return false;
    const { node, address } = this.#cell;
    if (found === "full") {
      const { type } = question.envelope;
      refuse(node, question, "MAILBOX_FULL", `Too many share the answer to ${type} of ${address}`);
      return true;
    }
    node.counts.handled++;
    if (found !== "joined") answer(node, address, question, found);
    return true;
  }

  /** Its turn begins. False, and refused, where too many are open already. */
  open(question: Incoming): boolean {
    if (this.#questions.find(question.envelope.id) !== undefined) {
      const text = `Expected a question with an id of its own, got ${quote(question.envelope.id)}, which is open`;
      this.refuse(question, "FRAME_MALFORMED", text);
      return false;
    }
    if (this.#questions.open(question)) return true;
    const { openCount } = this.#questions;
    this.refuse(question, "MAILBOX_FULL", `${this.#cell.address} has ${openCount} questions open, its limit`);
    return false;
  }

  /** Its turn ended without a beginning: it waits again. */
  shut(question: Incoming): void {
    this.#questions.shut(question);
  }

  /** The machine answers. @throws REPLY_INVALID, after the asker was told */
  answer(to: ReplyTo, given: Answer): void {
    const question = this.#questions.find(to.question);
    if (question === undefined) {
      this.#cell.node.counts.lateReplies++;
      return;
    }
    if (given.type === "refusal") {
      const error = new CoxswainError("REFUSED", given.reason, { details: given.details ?? {} });
      return this.#give(question, { ok: false, error });
    }
    const { type } = question.envelope;
    const schema = replySchema(this.#cell.definition.protocol, type);
    const checked = schema === undefined ? undefined : validate(schema, given.value);
    if (checked?.ok) return this.#give(question, { ok: true, value: given.value });
    const issues = checked?.issues ?? "it is no question";
    const text = `Expected a reply to ${type}: ${issues}; got ${quote(given.value)}`;
    const error = new CoxswainError("REPLY_INVALID", text);
    this.#give(question, { ok: false, error });
    throw error;
  }

  /** The asker withdrew a question that is being worked on. `shared`: the work goes on, for others who want it. */
  cancel(id: MessageId, reason: CoxswainError): "shared" | undefined {
    const question = this.#questions.find(id);
    if (question === undefined) return undefined;
    if (this.#questions.isShared(question)) return "shared";
    this.#give(question, { ok: false, error: reason });
    return undefined;
  }

  /** Those who joined a waiting question that is given up; they are to enter again, and be counted then. */
  disown(question: Incoming): readonly Incoming[] {
    const heirs = this.#questions.disown(question);
    this.#cell.node.counts.handled -= heirs.length;
    return heirs;
  }

  /** A question is not worked on, or its turn failed: it and whoever shares it are told. */
  refuse(question: Incoming, code: ErrorCode, text: string): void {
    const { node, address } = this.#cell;
    const error = new CoxswainError(code, text);
    const everybody = this.#questions.close(question, { ok: false, error });
    refuse(node, question, code, text);
    for (const other of everybody) if (other !== question) answer(node, address, other, { ok: false, error });
  }

  /** The actor ends: everybody still waiting is told. */
  end(text: string): void {
    const { node, address } = this.#cell;
    const error = new CoxswainError("NO_REPLY", text);
    for (const question of this.#questions.takeAll()) answer(node, address, question, { ok: false, error });
  }

  #give(question: Incoming, given: Given): void {
    const { node, address } = this.#cell;
    for (const asker of this.#questions.close(question, given)) answer(node, address, asker, given);
  }
}
