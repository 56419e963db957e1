import type { MysqlSlowFacts, MysqlStatementRow, PostgresFacts, StatementRow } from "../logs/index.ts";
import { shownCount } from "../text.ts";
import { barsOf, durations, shownBytes, shownMs, toned } from "./charts.ts";
import { type Column, code, dash, type Panels, ranked, sorted, table } from "./parts.ts";

/** As exact as is of use: hundredths of a millisecond for the shortest, then whole ones. */
const microseconds = (us: number) =>
  shownMs(us < 10_000 ? Math.round(us / 10) / 100 : Math.round(us / 1_000));

const statementColumns: readonly Column<StatementRow>[] = [
  { head: "Total", of: ({ totalUs }) => microseconds(totalUs), kind: "number" },
  { head: "Calls", of: ({ count }) => shownCount(count), kind: "number" },
  { head: "Mean", of: ({ totalUs, count }) => microseconds(totalUs / count), kind: "number" },
  { head: "Longest", of: ({ maxUs }) => microseconds(maxUs), kind: "number" },
  { head: "Statement", of: ({ key }) => code(key), kind: "code" },
];

export function postgresPanels(facts: PostgresFacts): Panels {
  const { statements, slowest, errors, tempFiles, connections, sessions, locks } = facts;
  const tone = locks.deadlocks > 0 ? "critical" : undefined;
  return {
    numbers: [
      { name: "Timed statements", value: shownCount(facts.queries) },
      { name: "Untimed statements", value: shownCount(facts.statementsWithoutDuration) },
      { name: "Connections", value: shownCount(connections.authorized) },
      { name: "Temporary files", value: `${shownCount(tempFiles.count)} · ${shownBytes(tempFiles.bytes)}` },
      { name: "Deadlocks", value: shownCount(locks.deadlocks), tone },
      { name: "Checkpoints", value: shownCount(facts.checkpoints) },
      { name: "Autovacuums", value: shownCount(facts.autovacuums) },
    ],
    charts: [
      barsOf("Entries by severity", sorted(facts.bySeverity).map(toned)),
      durations("How long statements took", facts.queryTimes),
      durations("How long sessions lasted", sessions.times),
      barsOf("Connections by user and database", connections.byUserAndDatabase.rows),
    ],
    tables: [
      table("Kinds of statement, by their time in all", statementColumns, statements.rows, {
        others: statements.others.rows,
      }),
      table(
        "Slowest single statements",
        [
          { head: "Took", of: ({ ms }) => shownMs(ms), kind: "number" },
          { head: "Database", of: ({ database }) => dash(database) },
          { head: "User", of: ({ user }) => dash(user) },
          { head: "Statement", of: ({ statement }) => code(statement), kind: "code" },
        ],
        slowest,
      ),
      ranked("Errors, quoted names and numbers left out", "Message", errors),
      table(
        "Statements that wrote temporary files",
        [
          { head: "Bytes", of: ({ bytes }) => shownBytes(bytes), kind: "number" },
          { head: "Files", of: ({ count }) => shownCount(count), kind: "number" },
          { head: "Statement", of: ({ key }) => code(key === "" ? "not named" : key), kind: "code" },
        ],
        tempFiles.byStatement.rows,
        { others: tempFiles.byStatement.others.rows },
      ),
    ],
  };
}

export function mysqlPanels(facts: MysqlSlowFacts): Panels {
  const { times, lockTimes, statements, byUser } = facts;
  return {
    numbers: [
      { name: "Slow statements", value: shownCount(facts.events) },
      { name: "Longest", value: shownMs(times.maxMs) },
      { name: "Longest lock", value: shownMs(lockTimes.maxMs) },
      { name: "Rows examined", value: shownCount(facts.rowsExamined) },
      { name: "Rows sent", value: shownCount(facts.rowsSent) },
    ],
    charts: [durations("How long statements took", times), barsOf("Slow statements by user", byUser.rows)],
    tables: [
      table<MysqlStatementRow>(
        "Kinds of statement, by their time in all",
        [
          ...statementColumns.slice(0, -1),
          { head: "Rows examined", of: ({ rowsExamined }) => shownCount(rowsExamined), kind: "number" },
          { head: "Rows sent", of: ({ rowsSent }) => shownCount(rowsSent), kind: "number" },
          ...statementColumns.slice(-1),
        ],
        statements.rows,
        { others: statements.others.rows },
      ),
    ],
  };
}
