import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { LogFacts } from "../../../examples/incident-desk/logs/facts.ts";
import {
  type MysqlSlowEvent,
  MysqlSlowEvents,
} from "../../../examples/incident-desk/logs/mysql-slow-events.ts";
import { readLog } from "../../../examples/incident-desk/logs/read-log.ts";
import { exampleLog, testFile } from "./log-files.ts";
import gcpTruth from "./truth/gcp.json" with { type: "json" };
import kernelTruth from "./truth/kernel.json" with { type: "json" };
import messagingTruth from "./truth/messaging.json" with { type: "json" };
import mysqlTruth from "./truth/mysql.json" with { type: "json" };
import postgresTruth from "./truth/postgresql.json" with { type: "json" };

type Kind = LogFacts["kind"];

async function read<K extends Kind>(kind: K, path: string): Promise<Extract<LogFacts, { kind: K }>> {
  const facts = await readLog(exampleLog(path));
  expect(facts.kind).toBe(kind);
  return facts as Extract<LogFacts, { kind: K }>;
}

describe("Google Cloud Functions", () => {
  test.each(["cloud_function_gcf1.json", "cloud_function_gcf2_part.json"] as const)("%s", async (file) => {
    const facts = await read("functions", `gcp/${file}`);
    const truth = gcpTruth[file];
    expect(facts.entries).toBe(truth.entries);
    expect(facts.executions.all.count).toBe(truth.executions);
    const killed = facts.executions.failed.filter(({ isMemoryKill }) => isMemoryKill).map(({ id }) => id);
    expect(killed.toSorted()).toEqual(truth.memory_limit_exceeded);
    expect(facts.executions.all.memoryKills).toBe(truth.memory_limit_exceeded.length);
    expect(facts.malformed.count).toBe(0);
  });

  test("a kill that ends with status 200 is still a kill", async () => {
    const { executions } = await read("functions", "gcp/cloud_function_gcf2_part.json");
    expect(executions.failed.find(({ id }) => id === "po6i149qvm9r")).toMatchObject({
      isMemoryKill: true,
      status: "200",
      durationMs: 1313,
    });
    expect(executions.all.memoryKillsEndedAsSuccess).toBe(1);
  });

  test("every execution has the duration its last entry tells", async () => {
    const { executions } = await read("functions", "gcp/cloud_function_gcf2_part.json");
    expect(Object.fromEntries(executions.open.map(({ id, durationMs }) => [id, durationMs]))).toEqual({
      qnwb7a3a2b3g: 1238,
      qnwb2cjyfffx: 1052,
      qnwb20qmimhy: 1261,
      qnwb7rjjyh0h: 1240,
      po6i149qvm9r: 1313,
      po6iap8z4mvg: 1013,
      po6ichifbwiy: 1134,
      po6iey4isns4: 1105,
    });
  });
});

test.each(["kmsg_1_cgroup.log", "kmsg_2_system.log"] as const)("kernel OOM kills of %s", async (file) => {
  const { oom } = await read("kernel", `kernel/${file}`);
  const found = oom.kills.map(({ pid, process, container, victimContainer }) => {
    return { pid, process, container, victim_container: victimContainer };
  });
  expect(found).toEqual(kernelTruth[file]);
  expect(oom.count).toBe(kernelTruth[file].length);
});

describe("PostgreSQL, as pgBadger counts", () => {
  const files = ["cloudsql.log.gz", "light.postgres.log.gz", "tempfile_only.log.gz"] as const;

  test.each(files)("%s", async (file) => {
    const facts = await read("postgres", `database/postgresql/${file}`);
    const truth = postgresTruth[file];
    expect(facts.bySeverity).toEqual(truth.lines_by_severity);
    expect(facts.queries).toBe(truth.queries);
    expect(facts.connections.authorized).toBe(truth.connections ?? 0);
    expect(facts.sessions.count).toBe(truth.sessions ?? 0);
    expect(facts.tempFiles.count).toBe(truth.temp_files ?? 0);
    expect(facts.tempFiles.bytes).toBe(truth.temp_bytes ?? 0);
    expect(facts.errors.rows.map(({ key, count }) => [key, count])).toEqual(truth.errors);
    expect(facts.slowest.map(({ ms }) => ms.toFixed(3))).toEqual(truth.slowest_ms);
    expect(facts.malformed.count).toBe(0);
  });

  test("pgBadger's own assertions hold: 629 queries, 151 connections of cloudsqladmin on cloudsqladmin", async () => {
    const light = await read("postgres", "database/postgresql/light.postgres.log.gz");
    expect(light.queries).toBe(629);
    const cloud = await read("postgres", "database/postgresql/cloudsql.log.gz");
    const row = cloud.connections.byUserAndDatabase.rows.find(
      ({ key }) => key === "cloudsqladmin@cloudsqladmin",
    );
    expect(row?.count).toBe(151);
  });

  test("statements of 1 s and more are exactly those of the log, ordered by duration", async () => {
    const { queries, statements, slowest } = await read(
      "postgres",
      "database/postgresql/tempfile_only.log.gz",
    );
    expect(
      statements.rows.filter(({ maxUs }) => maxUs >= 1_000_000).reduce((sum, { count }) => sum + count, 0),
    ).toBe(queries);
    expect(slowest.map(({ ms }) => ms)).toEqual(slowest.map(({ ms }) => ms).toSorted((a, b) => b - a));
  });

  test("kinds of statements equal the expected output of pgBadger's own test", async () => {
    const { byStatementKind } = await read("postgres", "database/postgresql/stmt_type.log");
    const expected = await readFile(testFile("truth/stmt_type.expected.out"), "utf8");
    const rows = expected
      .trim()
      .split("\n")
      .map((line) => /^([A-Z ]+): (\d+) /.exec(line) ?? []);
    expect(byStatementKind).toEqual(Object.fromEntries(rows.map(([, kind, count]) => [kind, Number(count)])));
  });

  test("begin_end.log: eight sessions of eight connections, with their times", async () => {
    const facts = await read("postgres", "database/postgresql/begin_end.log");
    expect(facts.bySeverity).toEqual({ LOG: 24 });
    expect(facts.connections).toMatchObject({ received: 8, authorized: 8 });
    expect(facts.sessions).toMatchObject({ count: 8, times: { sumUs: 64_000, minMs: 4, maxMs: 17 } });
    expect(new Date(facts.time.firstMs ?? 0).toISOString()).toBe("2021-02-14T00:34:02.000Z");
    expect(new Date(facts.time.lastMs ?? 0).toISOString()).toBe("2021-02-15T20:02:06.000Z");
  });
});

describe("MySQL slow log", () => {
  const columns = ({ durationNs, lockTimeS, rowsExamined, rowsSent, user, threadId }: MysqlSlowEvent) => ({
    duration_ns: durationNs,
    lock_time_s: lockTimeS,
    rows_examined: rowsExamined,
    rows_sent: rowsSent,
    user,
    ...(threadId !== undefined && { thread_id: threadId }),
  });

  test("every field of every event", async () => {
    const events: MysqlSlowEvent[] = [];
    const misread: string[] = [];
    const gather = new MysqlSlowEvents(
      (event) => events.push(event),
      (line) => misread.push(line),
    );
    const text = await readFile(exampleLog("database/mysql/mysql-5.7.22.log"), "utf8");
    for (const line of text.trimEnd().split("\n")) gather.take(line);
    gather.end();
    expect(misread).toEqual([]);
    expect(events.map(columns)).toEqual(mysqlTruth.events.map(({ query_prefix: _, ...fields }) => fields));
    for (const [i, { query_prefix }] of mysqlTruth.events.entries()) {
      expect(events[i]?.query.startsWith(query_prefix)).toBe(true);
    }
    expect(events.map(({ atMs }) => new Date(atMs ?? 0).toISOString())).toEqual(
      Array(4).fill(mysqlTruth.timestamp),
    );
    expect(events[2]?.query.split("\n")).toHaveLength(11);
  });

  test("the file's facts are those of its events", async () => {
    const facts = await read("mysql-slow", "database/mysql/mysql-5.7.22.log");
    const byDuration = mysqlTruth.events.toSorted((a, b) => b.duration_ns - a.duration_ns);
    expect(facts.slowest.map(columns)).toEqual(byDuration.map(({ query_prefix: _, ...fields }) => fields));
    expect(facts.rowsExamined).toBe(
      mysqlTruth.events.reduce((sum, { rows_examined }) => sum + rows_examined, 0),
    );
  });
});

test("nats-server", async () => {
  const facts = await read("nats", "messaging/nats-server.log");
  expect(facts.lines).toBe(messagingTruth.lines);
  expect(facts.byLevel).toEqual(messagingTruth.levels);
  expect(facts.published.count).toBe(messagingTruth.published);
  expect(facts.delivered.count).toBe(messagingTruth.delivered);
});
