import { clip, type Ranked, shorten, Table, Top } from "./bounded.ts";
import { emptyHistogram, type Histogram, mergeHistograms, record } from "./histogram.ts";
import { type MysqlSlowEvent, MysqlSlowEvents } from "./mysql-slow-events.ts";
import type { StatementRow } from "./postgres-facts.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";
import { normalizeStatement } from "./sql.ts";

export interface MysqlStatementRow extends StatementRow {
  rowsExamined: number;
  rowsSent: number;
}

export interface MysqlSlowFacts {
  kind: "mysql-slow";
  events: number;
  times: Histogram;
  lockTimes: Histogram;
  rowsExamined: number;
  rowsSent: number;
  /** The slowest first. */
  slowest: MysqlSlowEvent[];
  /** Ranked by total time. */
  statements: Ranked<MysqlStatementRow>;
  byUser: Ranked<{ key: string; count: number }>;
}

const SLOWEST_MAX = 20;

/** Counts slow-log events, in memory that does not grow with the log. */
export class MysqlSlowReader implements LogReader<MysqlSlowFacts> {
  readonly #notes = new ReaderNotes();
  readonly #events = new MysqlSlowEvents(
    (event) => this.#count(event),
    (line) => this.#notes.misread(line),
  );
  readonly #slowest = newSlowest();
  readonly #statements = newStatements();
  readonly #users = new Table<{ key: string; count: number }>({ rowsMax: 100 });
  readonly #counts = {
    events: 0,
    times: emptyHistogram(),
    lockTimes: emptyHistogram(),
    rowsExamined: 0,
    rowsSent: 0,
  };

  take(line: string): void {
    this.#events.take(line);
  }

  end(): void {
    this.#events.end();
  }

  facts(): MysqlSlowFacts {
    return {
      kind: "mysql-slow",
      ...structuredClone(this.#counts),
      slowest: this.#slowest.items(),
      statements: this.#statements.ranked(),
      byUser: this.#users.ranked(),
    };
  }

  get malformed() {
    return this.#notes.malformed;
  }

  get time() {
    return this.#notes.time;
  }

  #count(event: MysqlSlowEvent): void {
    const { durationNs, lockTimeS, rowsExamined, rowsSent, query } = event;
    this.#notes.seen(event.atMs, false);
    this.#counts.events += 1;
    this.#counts.rowsExamined += rowsExamined;
    this.#counts.rowsSent += rowsSent;
    record(this.#counts.times, durationNs / 1e6);
    record(this.#counts.lockTimes, lockTimeS * 1_000);
    this.#users.add({ key: event.user, count: 1 });
    const us = Math.round(durationNs / 1_000);
    const key = shorten(normalizeStatement(query, "mysql"), 600);
    this.#statements.add({
      key,
      count: 1,
      totalUs: us,
      maxUs: us,
      rowsExamined,
      rowsSent,
      sample: shorten(query, 300),
    });
    if (this.#slowest.wants(event)) this.#slowest.add({ ...event, query: clip(query, 2_000) });
  }
}

function newSlowest(): Top<MysqlSlowEvent> {
  const byText = (a: MysqlSlowEvent, b: MysqlSlowEvent) =>
    a.query < b.query ? -1 : a.query > b.query ? 1 : 0;
  return new Top(
    SLOWEST_MAX,
    (a, b) => b.durationNs - a.durationNs || (a.atMs ?? 0) - (b.atMs ?? 0) || byText(a, b),
  );
}

function newStatements(): Table<MysqlStatementRow> {
  return new Table({
    rowsMax: 300,
    weightOf: (row) => row.totalUs,
    join: (into, row) => {
      into.totalUs += row.totalUs;
      into.maxUs = Math.max(into.maxUs, row.maxUs);
      into.rowsExamined += row.rowsExamined;
      into.rowsSent += row.rowsSent;
    },
  });
}

export function mergeMysqlSlow(a: MysqlSlowFacts, b: MysqlSlowFacts): MysqlSlowFacts {
  const slowest = newSlowest();
  for (const event of [...a.slowest, ...b.slowest]) slowest.add(event);
  return {
    kind: "mysql-slow",
    events: a.events + b.events,
    times: mergeHistograms(a.times, b.times),
    lockTimes: mergeHistograms(a.lockTimes, b.lockTimes),
    rowsExamined: a.rowsExamined + b.rowsExamined,
    rowsSent: a.rowsSent + b.rowsSent,
    slowest: slowest.items(),
    statements: newStatements().addAll(a.statements).addAll(b.statements).ranked(),
    byUser: new Table<{ key: string; count: number }>({ rowsMax: 100 })
      .addAll(a.byUser)
      .addAll(b.byUser)
      .ranked(),
  };
}
