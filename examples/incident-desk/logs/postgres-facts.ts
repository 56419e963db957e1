import { addCounts, type Ranked, type Row, Table, Tally, Top } from "./bounded.ts";
import { type Histogram, mergeHistograms } from "./histogram.ts";

export interface StatementRow extends Row {
  /** Whole microseconds, so that sums do not depend on their order. */
  totalUs: number;
  maxUs: number;
  /** One statement as it was logged. */
  sample: string;
}

export interface ErrorRow extends Row {
  firstMs?: number;
  lastMs?: number;
  sample: string;
}

export interface TempFileRow extends Row {
  bytes: number;
}

export interface SlowQuery {
  ms: number;
  statement: string;
  atMs?: number;
  user?: string;
  database?: string;
}

export interface PostgresFacts {
  kind: "postgres";
  entries: number;
  /** As pgBadger counts: a LOG entry that reports an event is `EVENTLOG`. */
  bySeverity: Record<string, number>;
  /** Statements whose duration was logged. */
  queries: number;
  queryTimes: Histogram;
  /** Statements logged without a duration. */
  statementsWithoutDuration: number;
  byStatementKind: Record<string, number>;
  /** Ranked by total time. */
  statements: Ranked<StatementRow>;
  /** The slowest first. */
  slowest: SlowQuery[];
  connections: { received: number; authorized: number; byUserAndDatabase: Ranked<Row> };
  /** Sessions that ended. */
  sessions: { count: number; times: Histogram };
  tempFiles: { count: number; bytes: number; bytesMax: number; byStatement: Ranked<TempFileRow> };
  errors: Ranked<ErrorRow>;
  locks: { waits: number; acquired: number; deadlocks: number };
  canceledStatements: number;
  checkpoints: number;
  autovacuums: number;
  autoanalyzes: number;
}

const SLOWEST_MAX = 10;

export function newSlowest(): Top<SlowQuery> {
  const byText = (a: SlowQuery, b: SlowQuery) =>
    a.statement < b.statement ? -1 : a.statement > b.statement ? 1 : 0;
  return new Top(SLOWEST_MAX, (a, b) => b.ms - a.ms || (a.atMs ?? 0) - (b.atMs ?? 0) || byText(a, b));
}

export function newStatements(): Table<StatementRow> {
  return new Table({
    rowsMax: 300,
    weightOf: (row) => row.totalUs,
    join: (into, row) => {
      into.totalUs += row.totalUs;
      into.maxUs = Math.max(into.maxUs, row.maxUs);
    },
  });
}

export function newErrors(): Table<ErrorRow> {
  return new Table({
    rowsMax: 200,
    join: (into, row) => {
      if (row.firstMs !== undefined) into.firstMs = Math.min(into.firstMs ?? row.firstMs, row.firstMs);
      if (row.lastMs !== undefined) into.lastMs = Math.max(into.lastMs ?? row.lastMs, row.lastMs);
    },
  });
}

export function newTempFiles(): Table<TempFileRow> {
  return new Table({
    rowsMax: 50,
    weightOf: (row) => row.bytes,
    join: (into, row) => {
      into.bytes += row.bytes;
    },
  });
}

export function newConnections(): Tally {
  return new Tally({ rowsMax: 200 });
}

export function mergePostgres(a: PostgresFacts, b: PostgresFacts): PostgresFacts {
  const slowest = newSlowest();
  for (const query of [...a.slowest, ...b.slowest]) slowest.add(query);
  return {
    kind: "postgres",
    entries: a.entries + b.entries,
    bySeverity: addCounts(a.bySeverity, b.bySeverity),
    queries: a.queries + b.queries,
    queryTimes: mergeHistograms(a.queryTimes, b.queryTimes),
    statementsWithoutDuration: a.statementsWithoutDuration + b.statementsWithoutDuration,
    byStatementKind: addCounts(a.byStatementKind, b.byStatementKind),
    statements: newStatements().addAll(a.statements).addAll(b.statements).ranked(),
    slowest: slowest.items(),
    connections: {
      received: a.connections.received + b.connections.received,
      authorized: a.connections.authorized + b.connections.authorized,
      byUserAndDatabase: newConnections()
        .addAll(a.connections.byUserAndDatabase)
        .addAll(b.connections.byUserAndDatabase)
        .ranked(),
    },
    sessions: {
      count: a.sessions.count + b.sessions.count,
      times: mergeHistograms(a.sessions.times, b.sessions.times),
    },
    tempFiles: {
      count: a.tempFiles.count + b.tempFiles.count,
      bytes: a.tempFiles.bytes + b.tempFiles.bytes,
      bytesMax: Math.max(a.tempFiles.bytesMax, b.tempFiles.bytesMax),
      byStatement: newTempFiles().addAll(a.tempFiles.byStatement).addAll(b.tempFiles.byStatement).ranked(),
    },
    errors: newErrors().addAll(a.errors).addAll(b.errors).ranked(),
    locks: {
      waits: a.locks.waits + b.locks.waits,
      acquired: a.locks.acquired + b.locks.acquired,
      deadlocks: a.locks.deadlocks + b.locks.deadlocks,
    },
    canceledStatements: a.canceledStatements + b.canceledStatements,
    checkpoints: a.checkpoints + b.checkpoints,
    autovacuums: a.autovacuums + b.autovacuums,
    autoanalyzes: a.autoanalyzes + b.autoanalyzes,
  };
}
