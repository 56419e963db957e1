import type { StateValue } from "xstate";
import type { Occurrence } from "./occurrence.ts";
import { plainOf } from "./plain.ts";
import type { ModelState } from "./stepper.ts";

/** Events named in a sentence; of more, the first and the last. */
const namedMax = 8;
const payloadMax = 60;

/** What happens, as a clause: `work`, `perform is done`, `after 1000 ms`. */
export function nameOf({ kind, event, label, payload, madeUp }: Occurrence): string {
  switch (kind) {
    case "message":
    case "internal":
      return `${label}${briefly(payload)}`;
    case "timer": {
      const after = /^xstate\.after\.([^.]*)\./.exec(event.type)?.[1];
      if (after === undefined) return `the delayed ${event.type}`;
      return /^\d+$/.test(after) ? `after ${after} ms` : `after ${after}`;
    }
    case "done":
      return `${label} is done${madeUp ? "" : briefly({ with: event.output })}`;
    case "failed":
      return `${label} fails${madeUp ? "" : briefly({ with: (event.error as Error).message ?? event.error })}`;
    case "snapshot":
      return `${label} goes on`;
    case "runtime":
      if (event.type === "coxswain.shutdown") return "it is asked to end";
      return `${event.address} is down (${event.outcome?.kind})`;
  }
}

/** ` {by: 5}`; nothing for a message without a payload. */
function briefly(payload: object | undefined): string {
  const isEmpty = (value: unknown): boolean =>
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  const entries = Object.entries(payload ?? {}).filter(([, value]) => !isEmpty(value));
  if (entries.length === 0) return "";
  const text = entries.map(([key, value]) => `${key}: ${textFor(value)}`).join(", ");
  return ` {${text.length > payloadMax ? `${text.slice(0, payloadMax)}…` : text}}`;
}

/** A value in a few characters: of what is nested, only that there is something. */
function textFor(value: unknown): string {
  const plain = plainOf(value);
  if (Array.isArray(plain)) {
    const simple = plain.length <= 3 && plain.every((part) => typeof part !== "object" || part === null);
    return simple ? `[${plain.map(textFor).join(", ")}]` : `[${plain.length} of them]`;
  }
  if (typeof plain === "object" && plain !== null) return Object.keys(plain).length === 0 ? "{}" : "{…}";
  return (JSON.stringify(plain) ?? "undefined").replaceAll('"', "'");
}

/** The states a machine is in: `supervising.idle`, `sails.up and helm.manned`. */
export function stateText(value: StateValue): string {
  return statePaths(value).join(" and ");
}

function statePaths(value: StateValue): string[] {
  if (typeof value === "string") return [value];
  return Object.entries(value).flatMap(([key, inner]) => {
    const below = statePaths(inner ?? {});
    return below.length === 0 ? [key] : below.map((path) => `${key}.${path}`);
  });
}

/** A path as a sentence: `worker: takes work, perform fails, and is idle`. */
export function sentenceOf(
  id: string,
  steps: readonly { readonly occurrence: Occurrence; readonly taken: boolean }[],
  end: ModelState,
): string {
  const clauses = steps.map(({ occurrence, taken }) => {
    const name = nameOf(occurrence);
    if (occurrence.kind === "message") return `${taken ? "takes" : "refuses"} ${name}`;
    return occurrence.kind === "internal" ? `hears ${name}` : name;
  });
  const first = clauses.length === 0 ? ["starts"] : clauses;
  const named =
    first.length <= namedMax
      ? first
      : [...first.slice(0, namedMax - 3), `${first.length - namedMax + 1} more`, ...first.slice(-2)];
  return `${id}: ${repeated(named).join(", ")}, ${endText(end)}`;
}

/** `takes work, takes work, takes work` is `takes work (3 times)`. */
function repeated(clauses: readonly string[]): string[] {
  const runs: { readonly clause: string; times: number }[] = [];
  for (const clause of clauses) {
    const last = runs.at(-1);
    if (last?.clause === clause) last.times++;
    else runs.push({ clause, times: 1 });
  }
  return runs.map(({ clause, times }) => (times === 1 ? clause : `${clause} (${times} times)`));
}

function endText({ snapshot, stopped }: ModelState): string {
  const where = stateText(snapshot.value);
  if (snapshot.status === "error") {
    const { error } = snapshot as { error: unknown };
    return `and fails: ${(error instanceof Error ? error.message : String(error)).split("\n").at(-1)?.slice(0, 80)}`;
  }
  if (stopped) return where === "" ? "and stops" : `and stops in ${where}`;
  if (snapshot.status === "done") return where === "" ? "and is done" : `and is done in ${where}`;
  return where === "" ? "and goes on" : `and is ${where}`;
}
