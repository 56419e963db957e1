import { objectOf, textOf } from "./json-value.ts";
import { calendarTimeMs } from "./timestamp.ts";

/** One report of a PostgreSQL server, whichever way it was logged. */
export interface PostgresEntry {
  severity: string;
  message: string;
  atMs?: number;
  pid?: string;
  user?: string;
  database?: string;
  /** The statement it is about, where the format keeps it in the same entry. */
  statement?: string;
}

const severities =
  "DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|STATEMENT|CONTEXT|LOCATION";
const severity = new RegExp(`(?:^|[\\s:\\]>,|)])(${severities}):\\s{1,2}`);
const epochPrefix = /^(\d{10})\.(\d{3})\b/;
const pidPrefix = /\[(\d+)\]/;
const syslogPrefix = /^[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ postgres\[(\d+)\]: /;
/** Where a prefix ends at the latest: beyond it, a severity is a word of the message. */
const PREFIX_CHARS_MAX = 400;

/**
 * Reads the first line of an entry on stderr, with any `log_line_prefix` that has a time, a process id in brackets,
 * or nothing at all; undefined for a line that goes on an entry, or is none.
 */
export function stderrHeader(line: string): PostgresEntry | undefined {
  const first = line.charCodeAt(0);
  // Continuation lines are indented by a tab.
  if (first === 9 || Number.isNaN(first)) return undefined;
  const match = severity.exec(line.length > PREFIX_CHARS_MAX ? line.slice(0, PREFIX_CHARS_MAX) : line);
  if (match === null) return undefined;
  const prefix = line.slice(0, match.index + 1);
  const time = calendarTimeMs(prefix);
  const isBare = match.index === 0 && prefix.length <= 1;
  const pid = pidPrefix.exec(prefix)?.[1] ?? syslogPrefix.exec(prefix)?.[1];
  const epoch = epochPrefix.exec(prefix);
  if (time === undefined && epoch === null && pid === undefined && !isBare) return undefined;
  const atMs = time?.ms ?? (epoch === null ? undefined : Number(epoch[1]) * 1_000 + Number(epoch[2]));
  return {
    severity: match[1] ?? "",
    message: line.slice(match.index + match[0].length),
    ...(atMs !== undefined && { atMs }),
    ...(pid !== undefined && { pid }),
    ...whoOf(prefix),
  };
}

const userField = /(?:^|[\s,[(])(?:user|usr|u)=([^,\s\])]*)/;
const databaseField = /(?:^|[\s,[(])(?:db|database|d)=([^,\s\])]*)/;
const userAtDatabase = /(?:^|[\s:])([^\s@:[\]=,]+)@([^\s@:[\]=,]+)/;

function whoOf(prefix: string): { user?: string; database?: string } {
  if (!prefix.includes("=") && !prefix.includes("@")) return {};
  const at = userAtDatabase.exec(prefix);
  const user = userField.exec(prefix)?.[1] ?? at?.[1];
  const database = databaseField.exec(prefix)?.[1] ?? at?.[2];
  return { ...(user ? { user } : {}), ...(database ? { database } : {}) };
}

/** Columns of the csvlog format, since PostgreSQL 9.0; later versions add some at the end. */
const csvColumn = { time: 0, user: 1, database: 2, pid: 3, severity: 11, message: 13, query: 19 } as const;

export function csvEntry(fields: readonly string[]): PostgresEntry | undefined {
  const { time, user, database, pid, severity: severityAt, message, query } = csvColumn;
  const known = fields[severityAt];
  if (fields.length < 20 || known === undefined || !/^[A-Z]+[1-5]?$/.test(known)) return undefined;
  const atMs = calendarTimeMs(fields[time] ?? "")?.ms;
  return {
    severity: known,
    message: fields[message] ?? "",
    ...(atMs !== undefined && { atMs }),
    ...(fields[user] && { user: fields[user] }),
    ...(fields[database] && { database: fields[database] }),
    ...(fields[pid] && { pid: fields[pid] }),
    ...(fields[query] && { statement: fields[query] }),
  };
}

/** An entry of jsonlog (PostgreSQL 15 and later), or the same in a `record` as CloudNativePG writes it. */
export function jsonEntry(value: unknown): PostgresEntry | undefined {
  const outer = objectOf(value);
  const entry = objectOf(outer.record ?? outer);
  const known = textOf(entry.error_severity);
  const message = textOf(entry.message);
  if (known === undefined || message === undefined) return undefined;
  const atMs = calendarTimeMs(textOf(entry.timestamp) ?? textOf(entry.log_time) ?? "")?.ms;
  const user = textOf(entry.user) ?? textOf(entry.user_name);
  const database = textOf(entry.dbname) ?? textOf(entry.database_name);
  const pid = entry.pid ?? entry.process_id;
  const statement = textOf(entry.statement) ?? textOf(entry.query);
  return {
    severity: known,
    message,
    ...(atMs !== undefined && { atMs }),
    ...(user !== undefined && { user }),
    ...(database !== undefined && { database }),
    ...(pid !== undefined && { pid: String(pid) }),
    ...(statement !== undefined && { statement }),
  };
}

/** The stderr line of a Cloud SQL entry, and the time Cloud Logging gives it. */
export function cloudSqlLine(value: unknown): { text: string; atMs?: number } | undefined {
  const entry = objectOf(value);
  const text = textOf(entry.textPayload);
  if (text === undefined) return undefined;
  const atMs = calendarTimeMs(textOf(entry.timestamp) ?? "")?.ms;
  return { text, ...(atMs !== undefined && { atMs }) };
}
