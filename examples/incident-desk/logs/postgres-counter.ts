import { addOne, clip, own, shorten } from "./bounded.ts";
import { emptyHistogram, record } from "./histogram.ts";
import type { PostgresEntry } from "./postgres-entry.ts";
import {
  newConnections,
  newErrors,
  newSlowest,
  newStatements,
  newTempFiles,
  type PostgresFacts,
} from "./postgres-facts.ts";
import { durationOf, errorKey, isEventMessage } from "./postgres-message.ts";
import { normalizeStatement, statementKind } from "./sql.ts";

const ERROR_SEVERITIES = new Set(["WARNING", "ERROR", "FATAL", "PANIC"]);
/** How many processes' last statement or temporary file is remembered for the entry that follows it. */
const PROCESSES_MAX = 1_000;

const authorized = /connection authorized: user=(\S+)(?: database=(\S+))?/;
const disconnected = /disconnection: session time: (\d+):(\d+):(\d+\.\d+) user=/;
const tempFile = /temporary file: path .*, size (\d+)/;
const statementOnly = /^(?:statement|execute [^:]+): /;

/** Counts what the entries of a PostgreSQL log say, in memory that does not grow with the log. */
export class PostgresCounter {
  readonly #statements = newStatements();
  readonly #slowest = newSlowest();
  readonly #errors = newErrors();
  readonly #tempByStatement = newTempFiles();
  readonly #connections = newConnections();
  /** By process: the statement whose duration comes in an entry of its own, the file whose statement does. */
  readonly #statementOf = new Map<string, string>();
  readonly #tempBytesOf = new Map<string, number>();
  readonly #facts = {
    entries: 0,
    bySeverity: {} as Record<string, number>,
    queries: 0,
    queryTimes: emptyHistogram(),
    statementsWithoutDuration: 0,
    byStatementKind: {} as Record<string, number>,
    connections: { received: 0, authorized: 0 },
    sessions: { count: 0, times: emptyHistogram() },
    tempFiles: { count: 0, bytes: 0, bytesMax: 0 },
    locks: { waits: 0, acquired: 0, deadlocks: 0 },
    canceledStatements: 0,
    checkpoints: 0,
    autovacuums: 0,
    autoanalyzes: 0,
  };

  /** Counts one entry; true if it is an error. */
  take(entry: PostgresEntry): boolean {
    const { severity, message } = entry;
    const isEvent = severity === "LOG" && isEventMessage(message);
    const counted = isEvent ? "EVENTLOG" : severity;
    this.#facts.entries += 1;
    addOne(this.#facts.bySeverity, counted);
    const isError = ERROR_SEVERITIES.has(severity);
    if (isEvent || isError) this.#error(entry);
    if (severity === "LOG") this.#log(entry);
    else if (severity === "STATEMENT") this.#statementOfTempFile(entry);
    return isError;
  }

  facts(): PostgresFacts {
    const own = structuredClone(this.#facts);
    return {
      kind: "postgres",
      ...own,
      statements: this.#statements.ranked(),
      slowest: this.#slowest.items(),
      connections: { ...own.connections, byUserAndDatabase: this.#connections.ranked() },
      tempFiles: { ...own.tempFiles, byStatement: this.#tempByStatement.ranked() },
      errors: this.#errors.ranked(),
    };
  }

  #error(entry: PostgresEntry): void {
    const { severity, message, atMs } = entry;
    const times = atMs === undefined ? {} : { firstMs: atMs, lastMs: atMs };
    const key = shorten(errorKey(severity, message), 300);
    this.#errors.add({ key, count: 1, ...times, sample: shorten(message, 300) });
    if (/canceling statement due to/.test(message)) this.#facts.canceledStatements += 1;
    if (severity === "ERROR" && /^deadlock detected/.test(message)) this.#facts.locks.deadlocks += 1;
    if (/still waiting for .* after [\d.]+ ms/.test(message)) this.#facts.locks.waits += 1;
  }

  #log(entry: PostgresEntry): void {
    const { message } = entry;
    const duration = durationOf(message);
    if (duration?.step === undefined && duration !== undefined) this.#durationOnly(entry, duration.ms);
    else if (
      duration?.step === "statement" ||
      duration?.step === "query" ||
      duration?.step?.startsWith("execute")
    ) {
      this.#query(entry, duration.ms, duration.statement ?? "");
    } else if (message.startsWith("connection received:")) this.#facts.connections.received += 1;
    else if (message.startsWith("disconnection:")) this.#disconnection(message);
    else if (message.startsWith("temporary file:")) this.#tempFile(entry);
    else if (message.includes("connection authorized:")) this.#connection(message);
    else if (message.startsWith("checkpoint complete") || message.startsWith("restartpoint complete")) {
      this.#facts.checkpoints += 1;
    } else if (/^automatic (?:aggressive )?vacuum /.test(message)) this.#facts.autovacuums += 1;
    else if (message.startsWith("automatic analyze ")) this.#facts.autoanalyzes += 1;
    else if (/acquired \S+ on \S+ .* after [\d.]+ ms/.test(message)) this.#facts.locks.acquired += 1;
    else if (statementOnly.test(message)) this.#statementOnly(entry);
  }

  #query(entry: PostgresEntry, ms: number, statement: string): void {
    const { atMs, user, database } = entry;
    const us = Math.round(ms * 1_000);
    const normalized = normalizeStatement(statement);
    const kind = statementKind(normalized);
    this.#facts.queries += 1;
    addOne(this.#facts.byStatementKind, kind);
    record(this.#facts.queryTimes, ms);
    const key = shorten(normalized, 600);
    this.#statements.add({ key, count: 1, totalUs: us, maxUs: us, sample: shorten(statement.trim(), 300) });
    const query = {
      ms,
      statement,
      ...(atMs !== undefined && { atMs }),
      ...(user !== undefined && { user }),
      ...(database !== undefined && { database }),
    };
    if (this.#slowest.wants(query)) {
      const who = {
        ...(user !== undefined && { user: own(user) }),
        ...(database !== undefined && { database: own(database) }),
      };
      this.#slowest.add({ ...query, ...who, statement: clip(statement.trim(), 1_000) });
    }
  }

  #statementOnly(entry: PostgresEntry): void {
    this.#facts.statementsWithoutDuration += 1;
    if (entry.pid === undefined) return;
    remember(this.#statementOf, entry.pid, clip(entry.message.replace(statementOnly, ""), 10_000));
  }

  /** With `log_statement` and `log_duration`, the duration comes after the statement of the same process. */
  #durationOnly(entry: PostgresEntry, ms: number): void {
    const statement = this.#statementOf.get(entry.pid ?? "");
    if (statement === undefined) return;
    this.#statementOf.delete(entry.pid ?? "");
    this.#facts.statementsWithoutDuration -= 1;
    this.#query(entry, ms, statement);
  }

  #connection(message: string): void {
    const match = authorized.exec(message);
    if (match === null) return;
    this.#facts.connections.authorized += 1;
    this.#connections.count(`${match[1]}@${match[2] ?? ""}`);
  }

  #disconnection(message: string): void {
    const match = disconnected.exec(message);
    if (match === null) return;
    const [hours, minutes, seconds] = match.slice(1).map(Number) as [number, number, number];
    this.#facts.sessions.count += 1;
    record(this.#facts.sessions.times, hours * 3_600_000 + minutes * 60_000 + seconds * 1_000);
  }

  #tempFile(entry: PostgresEntry): void {
    const bytes = Number(tempFile.exec(entry.message)?.[1] ?? Number.NaN);
    if (Number.isNaN(bytes)) return;
    const files = this.#facts.tempFiles;
    files.count += 1;
    files.bytes += bytes;
    files.bytesMax = Math.max(files.bytesMax, bytes);
    if (entry.statement !== undefined) this.#tempBytes(entry.statement, bytes);
    else if (entry.pid !== undefined) remember(this.#tempBytesOf, entry.pid, bytes);
  }

  #statementOfTempFile(entry: PostgresEntry): void {
    const bytes = this.#tempBytesOf.get(entry.pid ?? "");
    if (bytes === undefined) return;
    this.#tempBytesOf.delete(entry.pid ?? "");
    this.#tempBytes(entry.message, bytes);
  }

  #tempBytes(statement: string, bytes: number): void {
    this.#tempByStatement.add({ key: shorten(normalizeStatement(statement), 600), count: 1, bytes });
  }
}

function remember<V>(map: Map<string, V>, pid: string, value: V): void {
  map.delete(pid);
  map.set(own(pid), value);
  if (map.size > PROCESSES_MAX) map.delete(map.keys().next().value as string);
}
