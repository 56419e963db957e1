import type { Answer } from "../../../machines/index.ts";
import { CoxswainError, quote, type ReplyTo, type replySchema, validate } from "../../../protocols/index.ts";
import type { Message, Open } from "./cell.ts";
import type { TeamFact } from "./facts.ts";
import { outside } from "./outside.ts";

/** Why a question is not taken. */
export type TurnedAway = "MESSAGE_UNEXPECTED" | "PROTOCOL_UNKNOWN" | "ADDRESS_UNKNOWN" | "ACTOR_STOPPED";

interface Says {
  note(fact: TeamFact): void;
  send(message: Message): void;
}
interface Answering {
  readonly address: string;
  replySchemaOf(open: Open): ReturnType<typeof replySchema>;
}

/** What a member answers during one of its turns. The first answer to a question counts. */
export class TurnAnswers {
  readonly #place: Answering;
  readonly #says: Says;
  /** Questions taken and not answered. */
  open: Open[];

  constructor(place: Answering, open: readonly Open[], says: Says) {
    this.#place = place;
    this.#says = says;
    this.open = [...open];
  }

  /** @throws REPLY_INVALID, after the asker was told */
  give(to: ReplyTo, given: Answer): void {
    // Without an address nobody asked: the message was told.
    if (to.$replyTo === "") return;
    const open = this.open.find(({ question }) => question === to.question);
    if (open === undefined) return;
    this.open = this.open.filter((other) => other !== open);
    if (given.type === "refusal") {
      const { reason, details = {} } = given;
      return this.#refuse(open, new CoxswainError("REFUSED", reason, { details }));
    }
    const schema = this.#place.replySchemaOf(open);
    const checked = schema === undefined ? undefined : validate(schema, given.value);
    if (checked?.ok === false) {
      const text = `Expected a reply to ${open.type}: ${checked.issues}; got ${quote(given.value)}`;
      const error = new CoxswainError("REPLY_INVALID", text);
      this.#refuse(open, error);
      throw error;
    }
    const { address: from } = this.#place;
    const { asker, type, question, protocol } = open;
    // What was given travels; the asker's side checks it once more.
    const body = given.value;
    this.#says.note({ kind: "replied", by: from, to: asker, type, body });
    if (asker !== outside)
      this.#says.send({ kind: "reply", from, to: asker, type, body, protocol, question });
  }

  /** A question the machine never got to see, or has not begun. */
  turnAway({ question = "", from, type, protocol }: Message, code: TurnedAway): void {
    const error = new CoxswainError(code, `${this.#place.address} does not take ${type}`);
    this.#refuse({ question, asker: from, type, protocol }, error);
  }

  /** The member ends: everybody still waiting is told. */
  giveUp(text: string): void {
    const error = new CoxswainError("NO_REPLY", text);
    for (const open of this.open.splice(0)) this.#refuse(open, error);
  }

  #refuse({ asker, type, question, protocol }: Open, { code, message, details }: CoxswainError): void {
    const { address: from } = this.#place;
    const why = code === "REFUSED" ? message : code;
    this.#says.note({ kind: "refused", by: from, to: asker, type, body: why });
    if (asker === outside) return;
    const body = { code, message, details };
    this.#says.send({ kind: "refusal", from, to: asker, type, body, protocol, question });
  }
}
