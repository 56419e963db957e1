/** LOG messages that report an event a person should see. The list is pgBadger's (`change_log_level`). */
const eventMessage = new RegExp(
  [
    'parameter "[^"]+" (?:changed to "[^"]+"|removed)',
    "database system was",
    "recovery has paused",
    "ending cancel to blocking autovacuum",
    "skipping analyze of",
    "using stale statistics",
    "replication command:",
    "still waiting for",
    "server process.*was terminated by signal",
    "could not (?:receive|send) data (?:from|to) client",
    "logical decoding found consistent point at",
    "starting logical decoding for slot",
    "unexpected EOF",
    "incomplete startup packet",
    "detected deadlock while waiting for",
    "terminating .* timeout",
  ].join("|"),
);

/** Whether a LOG message reports an event: pgBadger counts it as `EVENTLOG`, and among the errors. */
export function isEventMessage(message: string): boolean {
  return eventMessage.test(message);
}

/** Those of them that pgBadger leaves at LOG in its list of errors; it lists the others as ERROR. */
const staysLog = new RegExp(
  [
    '^parameter "[^"]+" (?:changed to|removed)',
    "^database system was",
    "^recovery has paused",
    "^sending cancel to blocking autovacuum",
    "^skipping analyze of",
    "^using stale statistics",
    "^received replication command:",
    "still waiting for",
    "^server process.*was terminated by signal",
    "^could not (?:receive|send) data (?:from|to) client",
    "^logical decoding found consistent point at",
    "^starting logical decoding for slot",
    "^terminating .* timeout",
  ].join("|"),
);

/** The heading of an error in the list of errors: its severity and its message without what changes. */
export function errorKey(severity: string, message: string): string {
  const shown = severity === "LOG" && !staysLog.test(message) ? "ERROR" : severity;
  return `${shown}:  ${normalizeError(message)}`;
}

const changing: readonly [RegExp, string][] = [
  [/ at character \d+.*/s, ""],
  [/(byte sequence for encoding).*/, "$1"],
  [/"[^"]+"/g, '"..."'],
  [/\([^)]+\)/g, "(...)"],
  [/column .* does not exist/, 'column "..." does not exist'],
  [/(database system was.* at (?:log time )?).*/, "$1 ..."],
  [/[0-9A-F]{24}/g, "..."],
  [/(?: for)? PID \d+/, ""],
  [/ TIMELINE \d+/, " TIMELINE n"],
  [/ [0-9A-F]+\/[0-9A-F]+ /, " x/x "],
  [/(transaction|relation|database|process) \d+/g, "$1 ..."],
  [/after \d+\.\d+/, "after ..."],
  [/cannot drop (\S+) \S+ /, "cannot drop $1 ... "],
  [/\[[^\]]+\]/g, "..."],
  [/(character with byte sequence) .* (in encoding)/, "$1 ... $2"],
  [/(invalid input syntax for [^:]+:).*/, "$1 ..."],
  [/character (.*?) of encoding/, "character ... of encoding"],
  [/on page \d+ of relation/, "on page ... of relation"],
  [/(permission denied for \S+) .*/, "$1 ..."],
  [/(database) .*?(must be vacuumed within) \d+ (transactions)/, '$1 "..." $2 ... $3'],
  [/(logical decoding found consistent point at).*/, '$1 "..."'],
  [/(starting logical decoding for slot).*/, '$1 "..."'],
];

/** An error message with `...` for names, values and positions, so that the same error counts as one. */
function normalizeError(message: string): string {
  let text = message.length > 2_000 ? message.slice(0, 2_000) : message;
  for (const [pattern, by] of changing) text = text.replace(pattern, by);
  return text.trimEnd();
}

/** What a statement took, as `log_min_duration_statement` or `log_duration` reports it. */
export interface Duration {
  ms: number;
  /** `statement` for a simple query, `execute`, `parse` and `bind` for a prepared one; none: only the duration. */
  step?: string;
  statement?: string;
}

const duration =
  /^duration: ([0-9.]+) ms(?:\s+(?:rows: \d+\s+size: \d+ bytes\s+)?(statement|query|prepare|parse|bind|execute fetch from|execute from fetch|execute|plan)(?: [^:]*)?:\s?)?/;

export function durationOf(message: string): Duration | undefined {
  if (!message.startsWith("duration: ")) return undefined;
  const match = duration.exec(message);
  if (match === null) return undefined;
  const [all, ms, step] = match;
  return { ms: Number(ms), ...(step !== undefined && { step, statement: message.slice(all.length) }) };
}
