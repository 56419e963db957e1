import type { Envelope, WireError } from "../../../protocols/index.ts";
import type { AgentCall, AgentStep, DelayedEvent, Letter } from "../agent-record.ts";
import type { Opened } from "../message-turn.ts";
import type { Work } from "../work-queue.ts";
import { type Cut, encodeEntry, type HistoryCause, type HistoryEntry, type MessageName } from "./entry.ts";
import { type Noted, noted } from "./noted.ts";
import { storedArrival } from "./stored-arrival.ts";

/** The receiver of turns for the history in the outbox; no address looks so. */
export const historian = "$history";

/** Larger messages are not kept, in bytes: turns beyond are known from the next checkpoint on. */
const frameMaxBytes = 65_536;
/** Beyond it values are noted by their digests alone, in bytes. */
const entryMaxBytes = 131_072;
/** Of what one turn said, each kind; beyond it is left out. */
const saidMax = 1_000;
/** What waits to be part of a history; beyond it an agent works on nothing until some of it is there, in bytes. */
export const waitingMaxBytes = 131_072;

/** What a turn says to others, as it says it. */
export interface Said {
  readonly sent: Envelope[];
  readonly answered: { readonly question: string; readonly type: string; readonly answer: Envelope }[];
  readonly emitted: { readonly type: string }[];
  refused: string | undefined;
}

export function nothingSaid(): Said {
  return { sent: [], answered: [], emitted: [], refused: undefined };
}

/** A turn that is over, before it is committed. */
export interface Turn {
  readonly turn: number;
  readonly atMs: number;
  readonly epoch: number;
  readonly cause: HistoryCause;
  readonly said: Said;
  readonly step: AgentStep;
  readonly fault: { readonly by: "machine" | "runtime"; readonly error: WireError } | undefined;
}

/** What the turn answers to, as its history has it. */
export function causeOf(
  work: Work | undefined,
  opened: Opened | undefined,
  timer: { readonly dueAtMs: number; readonly message: unknown } | undefined,
): HistoryCause {
  switch (work?.kind) {
    case undefined:
      return { kind: "start" };
    case "message":
      return { kind: "message", ...nameOf(opened), letter: letterOf(work.letter) };
    case "postponed":
      return { kind: "postponed", ...nameOf(opened) };
    case "timer": {
      const { id, generation } = work;
      const { type: event = "" } = (timer?.message as DelayedEvent | undefined)?.event ?? {};
      return { kind: "timer", id, generation, dueAtMs: timer?.dueAtMs ?? 0, event };
    }
    case "result":
      return { kind: "result", key: work.key, arrival: storedArrival(work.arrival) };
    case "event":
      return { kind: "event", arrival: storedArrival(work.arrival) };
  }
}

function nameOf(opened: Opened | undefined): MessageName {
  const { type, id, from } = opened?.envelope ?? {};
  return type === undefined || id === undefined ? {} : { type, id, ...(from ? { from } : {}) };
}

function letterOf({ reply, frame, zone }: Letter): Extract<HistoryCause, { kind: "message" }>["letter"] {
  if (frame.length > frameMaxBytes) return { cut: `its message had ${frame.length} bytes` };
  return { frame, zone, ...(reply === undefined ? {} : { reply }) };
}

/** Why the turn cannot be given again, if it cannot. */
export function cutOf(cause: HistoryCause): string | undefined {
  const kept = "letter" in cause ? cause.letter : "arrival" in cause ? cause.arrival : undefined;
  return kept !== undefined && "cut" in kept ? (kept as Cut).cut : undefined;
}

/** The turn as its history keeps it. */
export function entryOf(turn: Turn, notedMaxBytes?: number): HistoryEntry {
  const { said, step, cause, fault, ...head } = turn;
  const { version, fingerprint, snapshot } = step.state;
  const note = (value: unknown): Noted => noted(value, notedMaxBytes);
  return {
    ...head,
    version,
    fingerprint,
    cause,
    after: { status: step.closes ? "ended" : "active", ...stateIn(fingerprint, snapshot, note) },
    sent: said.sent.slice(0, saidMax).map(({ to, type, body }) => ({ to, type, body: note(body) })),
    answered: said.answered.slice(0, saidMax).map(({ question, type, answer }) => {
      const { code } = (answer.kind === "refusal" ? answer.body : {}) as Partial<WireError>;
      return { question, type, ...(code === undefined ? {} : { refused: code }), body: note(answer.body) };
    }),
    emitted: said.emitted.slice(0, saidMax).map(({ type, ...body }) => ({ type, body: note(body) })),
    timersSet: (step.alarms ?? []).map(({ id, message }) => {
      return { id, delayMs: (message as DelayedEvent).delayMs };
    }),
    callsBegun: (step.calls ?? []).map(({ call }) => (call as AgentCall).path),
    ...(said.refused === undefined ? {} : { refused: said.refused }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** As bytes, with as much of what it notes as there is room for. */
export function recorded(turn: Turn): Uint8Array {
  const whole = encodeEntry(entryOf(turn));
  return whole.length <= entryMaxBytes ? whole : encodeEntry(entryOf(turn, 0));
}

/** What an agent machine has kept: a live snapshot, or data. */
function stateIn(
  fingerprint: string,
  kept: unknown,
  note: (value: unknown) => Noted,
): Pick<HistoryEntry["after"], "value" | "context" | "children"> {
  const { live, data } = (kept ?? {}) as { readonly live?: object; readonly data?: unknown };
  if (fingerprint === "reducer") return { context: note(data) };
  const { value, context, children } = (live ?? data ?? {}) as {
    readonly value?: unknown;
    readonly context?: unknown;
    readonly children?: object;
  };
  // A live one has none, or it would have been kept as data.
  const inner = live === undefined && children !== undefined && Object.keys(children).length > 0;
  return {
    ...(value === undefined ? {} : { value }),
    context: note(context),
    ...(inner ? { children: note(children) } : {}),
  };
}

/** What of an outbox is for the history. */
export function waitingBytes(entries: readonly { readonly to: string; readonly message: unknown }[]): number {
  let bytes = 0;
  for (const { to, message } of entries) if (to === historian) bytes += (message as Recorded).entry.length;
  return bytes;
}

/** In the outbox: a turn, until the history has it. */
export interface Recorded {
  readonly entry: Uint8Array;
}
