import { counted, type Finding, finding, shownBytes, shownMs, shownTime } from "./finding.ts";
import type { Histogram } from "./histogram.ts";
import type { MysqlSlowFacts } from "./mysql-slow-reader.ts";
import type { PostgresFacts, StatementRow } from "./postgres-facts.ts";

const SHOWN_MAX = 5;
/** A statement that takes as long as this is slow: pgBadger's and MySQL's own defaults lie at or below. */
const SLOW_MS = 1_000;
const VERY_SLOW_MS = 10_000;

export function postgresFindings(facts: PostgresFacts): Finding[] {
  const { errors, tempFiles, locks, canceledStatements, connections, sessions, slowest } = facts;
  const found: Finding[] = [];
  for (const { key, count, sample, firstMs, lastMs } of errors.rows.slice(0, 2 * SHOWN_MAX)) {
    const severity = key.startsWith("PANIC") ? "critical" : key.startsWith("LOG") ? "info" : "warning";
    const evidence = [`first ${shownTime(firstMs)}, last ${shownTime(lastMs)}`];
    found.push(finding(severity, "databaseErrors", `${counted(count, "time")} ${key}`, evidence, [sample]));
  }
  found.push(
    ...slowFindings(
      facts.queryTimes,
      facts.statements.rows,
      slowest.map(({ statement }) => statement),
    ),
  );
  if (tempFiles.count > 0) {
    const title = `${counted(tempFiles.count, "temporary file")} of ${shownBytes(tempFiles.bytes)} in all`;
    const rows = tempFiles.byStatement.rows.slice(0, SHOWN_MAX);
    const largest = `the largest of ${shownBytes(tempFiles.bytesMax)}`;
    found.push(
      finding("warning", "tempFiles", title, [
        largest,
        ...rows.map((row) => `${shownBytes(row.bytes)}: ${row.key}`),
      ]),
    );
  }
  if (locks.deadlocks > 0) found.push(finding("critical", "deadlocks", counted(locks.deadlocks, "deadlock")));
  if (locks.waits > 0)
    found.push(
      finding("warning", "lockWaits", counted(locks.waits, "long wait for a lock", "long waits for locks")),
    );
  if (canceledStatements > 0) {
    found.push(
      finding(
        "warning",
        "canceled",
        counted(canceledStatements, "statement was canceled", "statements were canceled"),
      ),
    );
  }
  if (connections.authorized > 0) {
    const users = connections.byUserAndDatabase.rows
      .slice(0, SHOWN_MAX)
      .map(({ key, count }) => `${key}: ${count}`);
    const ended = `${counted(sessions.count, "session")} ended`;
    found.push(
      finding("info", "connections", counted(connections.authorized, "connection"), [ended, ...users]),
    );
  }
  return found;
}

export function mysqlFindings(facts: MysqlSlowFacts): Finding[] {
  const samples = facts.slowest.map(({ query }) => query);
  return slowFindings(facts.times, facts.statements.rows, samples);
}

function slowFindings(
  times: Histogram,
  rows: readonly StatementRow[],
  slowest: readonly string[],
): Finding[] {
  if (times.count === 0) return [];
  const evidence = [`longest ${shownMs(times.maxMs)}, mean ${shownMs(times.sumUs / 1_000 / times.count)}`];
  const slow = rows.filter(({ maxUs }) => maxUs >= SLOW_MS * 1_000);
  if (slow.length === 0)
    return [finding("info", "statements", counted(times.count, "timed statement"), evidence)];
  const shown = slow.slice(0, SHOWN_MAX).map(({ key, count, totalUs, maxUs }) => {
    return `${shownMs(totalUs / 1_000)} in ${counted(count, "call")}, at most ${shownMs(maxUs / 1_000)}: ${key}`;
  });
  const severity = times.maxMs >= VERY_SLOW_MS ? "critical" : "warning";
  const title = `${counted(slow.length, "kind of statement", "kinds of statement")} with a call of ${shownMs(SLOW_MS)} or longer`;
  return [finding(severity, "slowStatements", title, [...evidence, ...shown], slowest.slice(0, SHOWN_MAX))];
}
