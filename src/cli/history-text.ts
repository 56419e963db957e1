import { decodeEnvelope, messageId } from "../../protocols/index.ts";
import { causeText, type HistoryEntry, type HistoryMoment } from "../durable/history/index.ts";
import { durationText, type Paint, plainText, stateText, table, toJson } from "./output.ts";

const valueMax = 200;

/** What `history` prints of turns: one a line. */
export function entriesText(entries: readonly HistoryEntry[], paint: Paint): string {
  const rows = entries.map((entry) => {
    const { turn, atMs, after } = entry;
    const state =
      after.status === "ended" ? "ended" : after.value === undefined ? "" : stateText(after.value);
    return [turn, new Date(atMs).toISOString(), plainText(causeText(entry.cause)), state, doneText(entry)];
  });
  return table(["TURN", "AT", "FOR", "STATE THEN", "AND"], rows, paint);
}

function doneText({ sent, answered, emitted, timersSet, callsBegun, refused, fault }: HistoryEntry): string {
  const parts = [
    ...(fault === undefined ? [] : [`failed: ${fault.error.message}`]),
    ...(refused === undefined || fault !== undefined ? [] : [`refused: ${refused}`]),
    ...sent.map(({ to, type }) => `sent ${type} to ${to}`),
    ...answered.map(({ type, refused: code }) =>
      code === undefined ? `answered ${type}` : `refused ${type}`,
    ),
    ...emitted.map(({ type }) => `emitted ${type}`),
    ...timersSet.map(({ delayMs }) => `set a timer of ${durationText(delayMs)}`),
    ...callsBegun.map((path) => `began call ${path}`),
  ];
  const text = plainText(parts.join(", "));
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text;
}

/** A turn as its history keeps it. */
export function entryText(entry: HistoryEntry, paint: Paint): string {
  const { after, version, fingerprint } = entry;
  const context = "value" in after.context ? toJson(after.context.value) : toJson(after.context);
  return [
    entriesText([entry], paint),
    `message  ${plainText(toJson(bodyIn(entry) ?? null))}`,
    `context  ${plainText(context)}`,
    `machine  version ${version}, fingerprint ${fingerprint}`,
  ].join("\n");
}

/** The agent after a turn, as a definition makes it. */
export function momentText(moment: HistoryMoment, paint: Paint): string {
  const { turn, atMs, status, state, context, timers, calls, postponed, closed, differs } = moment;
  const at = atMs === undefined ? "before its first turn" : new Date(atMs).toISOString();
  const lines = [
    `${paint("bold", `after turn ${turn}`)}  ${at}`,
    `state    ${closed ? "ended" : status}${state === undefined ? "" : `  ${paint("cyan", stateText(state))}`}`,
    `context  ${plainText(toJson(context ?? null))}`,
    ...timers.map(({ event, dueAtMs }) => {
      return `timer    ${plainText(event)} in ${durationText(dueAtMs - (atMs ?? dueAtMs))}`;
    }),
    ...calls.map(({ path, key }) => `call     ${plainText(path)}  key ${key}`),
    ...postponed.map(({ type, id }) => `held back  ${plainText(type ?? "(bytes)")} ${plainText(id ?? "")}`),
  ];
  if (differs !== undefined)
    lines.push(
      paint("yellow", "The definition does otherwise than the history has it, from there on:"),
      differs.text,
    );
  return lines.join("\n");
}

/** An entry without bytes: the message as data. */
export function entryFields(entry: HistoryEntry): object {
  const { cause } = entry;
  if (cause.kind !== "message") return entry;
  const { letter: _, ...named } = cause;
  return { ...entry, cause: { ...named, body: bodyIn(entry) } };
}

function bodyIn({ cause }: HistoryEntry): unknown {
  if (cause.kind !== "message" || "cut" in cause.letter) return undefined;
  try {
    const defaults = { nowMs: () => 0, freshId: () => messageId("unnamed", 0) };
    return decodeEnvelope(cause.letter.frame, undefined, defaults).body;
  } catch {
    return undefined;
  }
}
