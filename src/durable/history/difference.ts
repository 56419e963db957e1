import type { HistoryCause, HistoryEntry } from "./entry.ts";
import { canonical, isSame, type Noted } from "./noted.ts";

/** Something a turn did otherwise. */
export interface Otherwise {
  /** `state`, `context`, `sent`, … */
  readonly what: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/** The first turn that came out otherwise than the history has it. */
export interface HistoryDifference {
  readonly turn: number;
  /** What the turn was for, in a few words. */
  readonly cause: string;
  readonly otherwise: readonly Otherwise[];
  /** For people. */
  readonly text: string;
}

/** What the changed code does otherwise with one turn; undefined where nothing. */
export function differenceOf(recorded: HistoryEntry, replayed: HistoryEntry): HistoryDifference | undefined {
  const otherwise: Otherwise[] = [];
  const compare = (what: string, one: unknown, other: unknown): void => {
    if (canonical(one ?? null) !== canonical(other ?? null))
      otherwise.push({ what, recorded: one, replayed: other });
  };
  compare("fault", recorded.fault?.error.message, replayed.fault?.error.message);
  compare("refused", recorded.refused, replayed.refused);
  compare("status", recorded.after.status, replayed.after.status);
  compare("state", recorded.after.value, replayed.after.value);
  compareNoted(otherwise, "context", recorded.after.context, replayed.after.context);
  const none: Noted = { value: null };
  compareNoted(otherwise, "children", recorded.after.children ?? none, replayed.after.children ?? none);
  for (const what of ["sent", "answered", "emitted"] as const)
    compareLists(otherwise, what, recorded[what], replayed[what]);
  compare("timers set", recorded.timersSet, replayed.timersSet);
  compare("calls begun", recorded.callsBegun, replayed.callsBegun);
  return otherwise.length === 0 ? undefined : told(recorded, otherwise);
}

/** The changed code cannot take the turn at all. */
export function untakenDifference(recorded: HistoryEntry, why: string): HistoryDifference {
  return told(recorded, [{ what: "turn", recorded: "taken", replayed: why }]);
}

function compareNoted(into: Otherwise[], what: string, one: Noted, other: Noted): void {
  if (!isSame(one, other)) into.push({ what, recorded: shown(one), replayed: shown(other) });
}

type Item = HistoryEntry["sent"][number] | HistoryEntry["answered"][number] | HistoryEntry["emitted"][number];

function compareLists(into: Otherwise[], what: string, one: readonly Item[], other: readonly Item[]): void {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const [left, right] = [one[i], other[i]];
    if (left !== undefined && right !== undefined && isSameItem(left, right)) continue;
    into.push({ what: `${what} ${i + 1}`, recorded: itemShown(left), replayed: itemShown(right) });
  }
}

function isSameItem({ body: one, ...head }: Item, { body: other, ...otherHead }: Item): boolean {
  if (canonical(head) !== canonical(otherHead)) return false;
  // The words of a refusal may name the node.
  return "refused" in head && head.refused !== undefined ? true : isSame(one, other);
}

function itemShown(item: Item | undefined): unknown {
  if (item === undefined) return undefined;
  const { body, ...head } = item;
  return { ...head, body: shown(body) };
}

function shown(noted: Noted): unknown {
  if ("value" in noted) return noted.value;
  return "digest" in noted ? `${noted.bytes} bytes, digest ${noted.digest}` : noted.unnoted;
}

function told(recorded: HistoryEntry, otherwise: readonly Otherwise[]): HistoryDifference {
  const { turn } = recorded;
  const cause = causeText(recorded.cause);
  const lines = otherwise.flatMap(linesOf);
  return { turn, cause, otherwise, text: [`turn ${turn}, ${cause}:`, ...lines].join("\n") };
}

/** Of two objects only the keys that differ. */
function linesOf({ what, recorded, replayed }: Otherwise): string[] {
  if (isPlain(recorded) && isPlain(replayed)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
    return keys
      .filter((key) => canonical(recorded[key] ?? null) !== canonical(replayed[key] ?? null))
      .flatMap((key) =>
        linesOf({ what: `${what}.${key}`, recorded: recorded[key], replayed: replayed[key] }),
      );
  }
  return [`  ${what}`, `    - ${textOf(recorded)}`, `    + ${textOf(replayed)}`];
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function textOf(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : canonical(value);
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** What a turn was for, in a few words. */
export function causeText(cause: HistoryCause): string {
  switch (cause.kind) {
    case "start":
      return "its first";
    case "message":
      return `message ${cause.type ?? "(bytes)"}${cause.from === undefined ? "" : ` from ${cause.from}`}`;
    case "postponed":
      return `message ${cause.type ?? "(bytes)"}, held back until then`;
    case "timer":
      return `timer ${cause.id.slice(cause.id.indexOf("|") + 1)}`;
    case "result":
      return `the result of call ${cause.key}`;
    case "event":
      return "an event from within";
  }
}
