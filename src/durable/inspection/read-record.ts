import { type ActorAddress, decodeEnvelope, type Envelope, messageId } from "../../../protocols/index.ts";
import type { AgentRecord, Burial, DelayedEvent, Letter } from "../agent-record.ts";
import { graveyard } from "../agent-record.ts";
import { historian } from "../history/recorder.ts";
import { decodeRecord, type RecordHead } from "../record-codec.ts";
import { isRecord } from "../versions/persisted.ts";
import type {
  AgentSummary,
  InspectedChild,
  InspectedMessage,
  InspectedRecord,
  InspectedTimer,
} from "./inspection.ts";

/** An entry of the bucket of records. @throws FRAME_MALFORMED for what is no record of ours */
export function readRecord(
  address: ActorAddress,
  { value, revision }: { readonly value: Uint8Array; readonly revision: number },
): { readonly inspected: InspectedRecord; readonly record: AgentRecord } {
  const { head, record } = decodeRecord(value);
  const { epoch, owner, turn, closed, state, received, outbox, timers, intents } = record;
  const { version, fingerprint, postponed, questions, answers, unsent, trial, audits = [] } = state;
  const inspected: InspectedRecord = {
    ...{ revision, bytes: value.length, epoch, owner, turn, closed, writtenAtMs: head.writtenAtMs },
    ...{ version, fingerprint, trial, audits, unsent: unsent.length },
    ...machineIn(record),
    timers: timers
      .map(({ id, dueAtMs, message }) => timerOf(id, dueAtMs, message as DelayedEvent))
      .sort((a, b) => a.dueAtMs - b.dueAtMs),
    calls: intents.map(({ key, call, effect, epoch: since }) => {
      return {
        path: (call as { readonly path: string }).path,
        key: `${address}#${key}`,
        epoch: since,
        effect,
      };
    }),
    outbox: outbox.entries.map(({ to, message, position, incarnation, seq }) => {
      const line = { position, incarnation, seq };
      if (to === graveyard) return { to: "dead letters", what: (message as Burial).code, ...line };
      if (to === historian) return { to: "history", what: "turn", ...line };
      return { to, what: (message as Envelope).type, ...line };
    }),
    questions: Object.values(questions).map(({ id, type, key, deadlineMs, joined }) => {
      return { id, type, key, deadlineMs, joined: joined.length };
    }),
    answers: Object.entries(answers).map(([key, { atMs }]) => ({ key, atMs })),
    postponed: postponed.map(messageIn),
    received: Object.entries(received.heads)
      .map(([from, head]) => ({ from, ...head }))
      .sort((a, b) => b.turn - a.turn),
    horizon: received.horizon,
  };
  return { inspected, record };
}

/** @throws FRAME_MALFORMED */
export function summaryOf(address: ActorAddress, value: Uint8Array): AgentSummary {
  const { head, record } = decodeRecord(value);
  const { epoch, turn, closed, version, writtenAtMs, nextDueMs, busy }: RecordHead = head;
  const { state, status } = machineIn(record);
  return { address, state, status, version, turn, epoch, closed, writtenAtMs, nextDueMs, busy };
}

type Machine = Pick<InspectedRecord, "status" | "state" | "context" | "children">;

/** What its machine left, as far as it is of a form we know: it is shown also where this version cannot load it. */
function machineIn({ closed, state: { snapshot, fingerprint } }: AgentRecord): Machine {
  const none = { state: undefined, children: [] };
  if (!isRecord(snapshot)) return { ...none, status: "new", context: undefined };
  const { data } = snapshot;
  const status = closed ? "ended" : "active";
  if (fingerprint === "reducer" || !isRecord(data)) return { ...none, status, context: data };
  const children = isRecord(data.children) ? Object.entries(data.children).map(childOf) : [];
  return { status: statusOf(data.status, status), state: data.value, context: data.context, children };
}

function childOf([id, child]: [string, unknown]): InspectedChild {
  const { src, snapshot } = isRecord(child) ? child : {};
  const { status, value } = isRecord(snapshot) ? snapshot : {};
  return { id, src: typeof src === "string" ? src : "", status: statusOf(status, "unknown"), state: value };
}

function statusOf(status: unknown, fallback: string): string {
  return typeof status === "string" ? status : fallback;
}

function timerOf(id: string, dueAtMs: number, { event, delayMs, target }: DelayedEvent): InspectedTimer {
  const of = { id, event: event.type, dueAtMs, delayMs };
  if ("path" in target) return { ...of, target: { path: target.path } };
  if ("envelope" in target) return { ...of, event: target.envelope.type, target: { to: target.envelope.to } };
  return { ...of, target: { question: target.question } };
}

/** What can be told of a message without its protocol. */
export function messageIn({ frame, reply }: Pick<Letter, "frame" | "reply">): InspectedMessage {
  const asks = reply !== undefined;
  // A foreign client may leave out the id and the time.
  const defaults = { nowMs: () => 0, freshId: () => messageId("unnamed", 0) };
  try {
    const { type, id, from } = decodeEnvelope(frame, undefined, defaults);
    return { type, id, from, asks };
  } catch {
    return { type: undefined, id: undefined, from: undefined, asks };
  }
}
