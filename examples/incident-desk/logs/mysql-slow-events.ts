import { own } from "./bounded.ts";
import { calendarTimeMs } from "./timestamp.ts";

/** One event of the slow log. */
export interface MysqlSlowEvent {
  durationNs: number;
  lockTimeS: number;
  rowsSent: number;
  rowsExamined: number;
  user: string;
  host: string;
  /** Absent where the server did not log it. */
  threadId?: number;
  schema?: string;
  /** When it ended: of `SET timestamp`, else of `# Time`. */
  atMs?: number;
  query: string;
}

const QUERY_CHARS_MAX = 20_000;

const userLine = /^# User@Host: ([^[]*)\[([^\]]*)\] @ +(\S*) *\[([^\]]*)\](?:\s+Id:\s+(\d+))?/;
const timingLine = /^# Query_time: ([\d.]+)\s+Lock_time: ([\d.]+)\s+Rows_sent: (\d+)\s+Rows_examined: (\d+)/;
const timeLine = /^# Time: (?:(\d{4}-\d\d-\d\dT\S+)|(\d\d)(\d\d)(\d\d) +(\d{1,2}):(\d\d):(\d\d))/;
const threadLine = /^# (?:Thread_id|Id): (\d+)(?:\s+Schema: (\S+))?/;
const setTimestamp = /^SET timestamp=(\d+)(?:\.(\d+))?;$/;
const useSchema = /^use `?([^`;]+)`?;$/i;
/** What mysqld writes at the top of the file, and again whenever it opens it. */
const preamble = /, Version: .* started with:$|^Tcp port: |^Time +Id Command +Argument$/;

type OpenEvent = Partial<MysqlSlowEvent> & { lines: string[]; chars: number };

/** Gathers the lines of slow-log events (MySQL 5 to 9, MariaDB, Percona) and gives each out when it is complete. */
export class MysqlSlowEvents {
  #open: OpenEvent | undefined;
  /** The time of the last `# Time` line: older servers write it only when it changes. */
  #timeMs: number | undefined;
  readonly #onEvent: (event: MysqlSlowEvent) => void;
  readonly #onMisread: (line: string) => void;

  constructor(onEvent: (event: MysqlSlowEvent) => void, onMisread: (line: string) => void = () => {}) {
    this.#onEvent = onEvent;
    this.#onMisread = onMisread;
  }

  take(line: string): void {
    if (line.startsWith("# ") && this.#comment(line)) return;
    if (preamble.test(line)) this.end();
    else if (this.#open?.durationNs === undefined) this.#onMisread(line);
    else this.#statement(this.#open, line);
  }

  end(): void {
    const { lines, chars: _, ...event } = this.#open ?? { lines: [], chars: 0 };
    this.#open = undefined;
    const { durationNs, lockTimeS, rowsSent, rowsExamined, user, host } = event;
    if (durationNs === undefined || user === undefined) return;
    const atMs = event.atMs ?? this.#timeMs;
    this.#onEvent({
      ...event,
      durationNs,
      lockTimeS: lockTimeS ?? 0,
      rowsSent: rowsSent ?? 0,
      rowsExamined: rowsExamined ?? 0,
      user,
      host: host ?? "",
      ...(atMs !== undefined && { atMs }),
      query: lines.join("\n").trim(),
    });
  }

  /** Whether the line is one of the header's; a statement may hold comments of its own. */
  #comment(line: string): boolean {
    const time = timeLine.exec(line);
    if (time !== null) {
      this.end();
      this.#timeMs = timeOf(time);
      return true;
    }
    const who = userLine.exec(line);
    if (who !== null) {
      this.end();
      const [, , user = "", host = "", address = "", threadId] = who;
      this.#open = { lines: [], chars: 0, user: own(user), host: own(host || address) };
      if (threadId !== undefined) this.#open.threadId = Number(threadId);
      return true;
    }
    const open = this.#open;
    if (open === undefined || open.lines.length > 0) return false;
    return (
      this.#timing(open, line) ||
      this.#thread(open, line) ||
      open.durationNs === undefined ||
      /^# \w+: /.test(line)
    );
  }

  #timing(open: OpenEvent, line: string): boolean {
    const match = timingLine.exec(line);
    if (match === null) return false;
    const [, duration = "0", lock, sent, examined] = match;
    open.durationNs = nanosecondsOf(duration);
    open.lockTimeS = Number(lock);
    open.rowsSent = Number(sent);
    open.rowsExamined = Number(examined);
    return true;
  }

  #thread(open: OpenEvent, line: string): boolean {
    const match = threadLine.exec(line);
    if (match === null) return false;
    open.threadId ??= Number(match[1]);
    if (match[2] !== undefined) open.schema = own(match[2]);
    return true;
  }

  #statement(open: OpenEvent, line: string): void {
    if (open.lines.length === 0) {
      const timestamp = setTimestamp.exec(line);
      const schema = useSchema.exec(line)?.[1];
      if (timestamp !== null) open.atMs = Number(timestamp[1]) * 1_000;
      if (schema !== undefined) open.schema = own(schema);
      if (timestamp !== null || schema !== undefined) return;
    }
    open.chars += line.length + 1;
    if (open.chars <= QUERY_CHARS_MAX) open.lines.push(line);
  }
}

/** Exact, other than a product of floating-point numbers. */
function nanosecondsOf(seconds: string): number {
  const [whole = "0", fraction = ""] = seconds.split(".");
  return Number(whole) * 1_000_000_000 + Number(fraction.slice(0, 9).padEnd(9, "0"));
}

function timeOf(match: RegExpExecArray): number | undefined {
  if (match[1] !== undefined) return calendarTimeMs(match[1])?.ms;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(2).map(Number);
  return Date.UTC(2_000 + year, month - 1, day, hour, minute, second);
}
