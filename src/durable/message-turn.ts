import {
  CoxswainError,
  decodeEnvelope,
  type Envelope,
  type ErrorCode,
  isCoxswainError,
} from "../../protocols/index.ts";
import { publishFact } from "../facts.ts";
import { inspect } from "../inbound.ts";
import type { Incoming } from "../mailbox.ts";
import type { AgentCell } from "./agent-cell.ts";
import type { AgentMachine } from "./agent-machine.ts";
import type { Letter, OpenQuestion } from "./agent-record.ts";
import type { TurnBook } from "./turn-book.ts";

/** A letter that was opened, with whom its sender meant (or ""); or why it could not be. */
export type Opened = { readonly letter: Letter; readonly json: boolean } & (
  | { readonly envelope: Envelope; readonly claimed: string }
  | { readonly envelope: undefined; readonly error: CoxswainError }
);

export function openLetter({ node, address }: AgentCell, letter: Letter): Opened {
  const json = letter.frame[0] === 0x7b;
  try {
    const envelope = decodeEnvelope(letter.frame, node.limits, node.frameDefaults);
    return { letter, json, envelope: { ...envelope, to: address }, claimed: envelope.to };
  } catch (thrown) {
    const error = isCoxswainError(thrown)
      ? thrown
      : new CoxswainError("INVARIANT_BROKEN", "The decoder threw", { cause: thrown });
    return { letter, json, envelope: undefined, error };
  }
}

/** The turn of a message, with all that may become of it but a fault of the machine. */
export function takeMessage(cell: AgentCell, machine: AgentMachine, book: TurnBook, opened: Opened): void {
  const { letter, json, envelope } = opened;
  if (envelope === undefined)
    return refuseLetter(cell, book, opened, opened.error.code, opened.error.message);
  if (envelope.kind === "control") return withdraw(cell, machine, book, envelope);
  const incoming: Incoming = {
    envelope,
    event: envelope,
    reply: letter.reply,
    zone: letter.zone,
    json,
    enteredMs: 0,
    rank: 0,
  };
  const refused = inspect(cell.node, cell, opened.claimed, incoming);
  if (refused !== undefined) return refuseLetter(cell, book, opened, refused.code, refused.message);
  if (shareAnswer(book, opened, incoming)) return;
  if (machine.postpones(envelope.type)) return postpone(cell, book, opened);
  if (incoming.reply !== undefined && !openQuestion(cell, book, opened)) return;
  const verdict = machine.receive(incoming.event);
  if (book.fault !== undefined) return;
  if (verdict === "taken") return book.run(() => void cell.node.counts.handled++);
  const text = `${cell.address} does not take ${envelope.type} in its present state`;
  refuseLetter(cell, book, opened, "MESSAGE_UNEXPECTED", text);
}

/** The asker withdrew: what was held back never runs, and calls that the question has caused are aborted. */
function withdraw(cell: AgentCell, machine: AgentMachine, book: TurnBook, { type, body }: Envelope): void {
  const { id } = (body ?? {}) as { readonly id?: unknown };
  if (type !== "cancel" || typeof id !== "string") return;
  const postponed = book.state.postponed.filter((letter) => openLetter(cell, letter).envelope?.id !== id);
  if (postponed.length < book.state.postponed.length) return book.change({ postponed });
  const question = Object.hasOwn(book.state.questions, id) ? book.state.questions[id] : undefined;
  // Others want the answer: the work goes on for them.
  if (question !== undefined && question.joined.length > 0) return;
  const reason = new CoxswainError("CANCELLED", "The asker withdrew");
  if (question !== undefined) book.refuse(question, reason);
  for (const path of book.callsCausedBy(id)) book.run(() => machine.abortCall(path, reason));
}

/** A question with the key of another is not worked on: it gets that one's answer, now or when it is there. */
function shareAnswer(book: TurnBook, opened: Opened, { reply }: Incoming): boolean {
  const { envelope } = opened;
  if (envelope?.key === undefined || reply === undefined) return false;
  const key = keyOf(envelope);
  const asker = askerOf(opened.letter, envelope, opened.json);
  const kept = Object.hasOwn(book.state.answers, key) ? book.state.answers[key] : undefined;
  if (kept !== undefined) {
    book.reply(asker, { ok: true, value: kept.value });
    return true;
  }
  const first = Object.values(book.state.questions).find((question) => question.key === key);
  if (first === undefined) return false;
  book.open({ ...first, joined: [...first.joined, asker] });
  return true;
}

function openQuestion(cell: AgentCell, book: TurnBook, opened: Opened): boolean {
  const { letter, json } = opened;
  const envelope = opened.envelope as Envelope;
  const { questionsMax } = cell.definition.limits;
  if (
    Object.hasOwn(book.state.questions, envelope.id) ||
    Object.keys(book.state.questions).length >= questionsMax
  ) {
    const text = `${cell.address} has ${questionsMax} questions open, its limit, or one of this id`;
    refuseLetter(cell, book, opened, "MAILBOX_FULL", text);
    return false;
  }
  const key = envelope.key === undefined ? {} : { key: keyOf(envelope) };
  book.open({ ...askerOf(letter, envelope, json), ...key, joined: [] });
  return true;
}

function postpone(cell: AgentCell, book: TurnBook, opened: Opened): void {
  const { postponed } = book.state;
  const { postponedMax } = cell.definition.limits;
  if (postponed.length < postponedMax) return book.change({ postponed: [...postponed, opened.letter] });
  const text = `${cell.address} holds back ${postponedMax} messages, its limit`;
  refuseLetter(cell, book, opened, "POSTPONED_FULL", text);
}

/** Its asker is told; what was told is buried with the dead letters. */
export function refuseLetter(
  cell: AgentCell,
  book: TurnBook,
  opened: Opened,
  code: string,
  reason: string,
): void {
  const { node, address } = cell;
  const { letter, envelope } = opened;
  const error = new CoxswainError(code as ErrorCode, reason);
  if (book.said !== undefined) book.said.refused = code;
  const open = envelope === undefined ? undefined : book.state.questions[envelope.id];
  if (open !== undefined) book.refuse(open, error);
  else if (letter.reply !== undefined && envelope !== undefined)
    book.reply(askerOf(letter, envelope, opened.json), { ok: false, error });
  else book.bury({ code, reason, frame: letter.frame });
  book.run(() => {
    if (letter.reply === undefined) node.counts.dead++;
    else node.counts.refused++;
    if (envelope === undefined) return;
    const sender = envelope.from === "" ? {} : { sender: envelope.from };
    const { id: messageId, type } = envelope;
    publishFact(node, address, "refused", { messageId, type, code, message: reason, ...sender });
  });
}

function keyOf(envelope: Envelope): string {
  return `${envelope.type} ${envelope.key}`;
}

function askerOf(letter: Letter, envelope: Envelope, json: boolean): Omit<OpenQuestion, "joined" | "key"> {
  const { id, type, protocol, correlationId, deadlineMs } = envelope;
  return {
    id,
    type,
    protocol,
    correlationId: correlationId ?? id,
    reply: letter.reply ?? "",
    json,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}
