import { describe, expect, test } from "vitest";
import { stderrHeader } from "../../../examples/incident-desk/logs/postgres-entry.ts";
import type { PostgresFacts } from "../../../examples/incident-desk/logs/postgres-facts.ts";
import {
  durationOf,
  errorKey,
  isEventMessage,
} from "../../../examples/incident-desk/logs/postgres-message.ts";
import {
  PostgresCsvReader,
  PostgresJsonReader,
  PostgresStderrReader,
} from "../../../examples/incident-desk/logs/postgres-reader.ts";
import type { LogReader } from "../../../examples/incident-desk/logs/reader.ts";

function read(reader: LogReader<PostgresFacts>, pieces: readonly string[]) {
  for (const piece of pieces) reader.take(piece);
  reader.end();
  return { ...reader.facts(), malformed: reader.malformed, time: reader.time };
}

describe("a prefix on stderr", () => {
  const ms = Date.UTC(2024, 0, 31, 10, 0, 0);
  test.each([
    ["%t [%p]: ", "2024-01-31 10:00:00 UTC [77]: ", { atMs: ms, pid: "77" }],
    ["%m [%p] ", "2024-01-31 10:00:00.123 UTC [77] ", { atMs: ms + 123, pid: "77" }],
    [
      "%m [%p] %q%u@%d ",
      "2024-01-31 11:00:00.123 CET [77] bob@shop ",
      { atMs: ms + 123, pid: "77", user: "bob", database: "shop" },
    ],
    [
      "%t:%r:%u@%d:[%p]:",
      "2024-01-31 10:00:00 UTC:10.0.0.1(5432):bob@shop:[77]:",
      { atMs: ms, pid: "77", user: "bob", database: "shop" },
    ],
    [
      "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
      "2024-01-31 10:00:00 UTC [77]: [3-1] user=bob,db=shop,app=x y,client=::1 ",
      { atMs: ms, pid: "77", user: "bob", database: "shop" },
    ],
    [
      "user=,db= of a background process",
      "2024-01-31 10:00:00 UTC [77]: [3-1] user=,db= ",
      { atMs: ms, pid: "77" },
    ],
    ["< %m >", "< 2024-01-31 10:00:00.000 UTC >", { atMs: ms }],
    ["%n [%p] ", "1706695200.123 [77] ", { atMs: ms + 123, pid: "77" }],
    ["a numeric zone", "2024-01-31 15:30:00 +0530 [77] ", { atMs: ms, pid: "77" }],
    ["syslog", "Jan 31 10:00:00 db1 postgres[77]: [3-1] ", { pid: "77" }],
    ["none at all", "", {}],
  ])("%s", (_, prefix, who) => {
    for (const severity of ["LOG", "ERROR", "STATEMENT", "DEBUG2"]) {
      const entry = stderrHeader(`${prefix}${severity}:  the message: LOG:  x`);
      expect(entry).toEqual({ severity, message: "the message: LOG:  x", ...who });
    }
  });

  test.each([
    "\tselect 'ERROR:  no header'",
    "just some words, then ERROR:  x",
    "",
    "CATALOG:  not a severity",
    "2024-01-31 10:00:00 UTC [77] no severity here",
  ])("there is none in %j", (line) => {
    expect(stderrHeader(line)).toBeUndefined();
  });
});

test("an entry goes on over lines without a header, and lines before the first one are misread", () => {
  const facts = read(new PostgresStderrReader(), [
    "cut off at the start",
    "2024-01-31 10:00:00 UTC [7] LOG:  duration: 2000.5 ms  statement: select *",
    "\tfrom t",
    "\twhere a = 1",
    "2024-01-31 10:00:01 UTC [7] LOG:  duration: 1.0 ms  bind s: select 1",
    "2024-01-31 10:00:01 UTC [7] LOG:  duration: 3.0 ms  execute s: select 1",
    "2024-01-31 10:00:01 UTC [7] DETAIL:  parameters: $1 = '1'",
  ]);
  expect(facts.queries).toBe(2);
  expect(facts.bySeverity).toEqual({ LOG: 3, DETAIL: 1 });
  expect(facts.statements.rows.map(({ key }) => key)).toEqual(["select * from t where a = ?", "select ?"]);
  expect(facts.malformed).toEqual({ count: 1, samples: ["cut off at the start"] });
});

test("a duration of its own belongs to the last statement of the same process", () => {
  const line = (pid: number, message: string) => `2024-01-31 10:00:00 UTC [${pid}] LOG:  ${message}`;
  const facts = read(new PostgresStderrReader(), [
    line(1, "statement: select 1"),
    line(2, "statement: update t set a = 1"),
    line(1, "duration: 5.000 ms"),
    line(3, "duration: 9.000 ms"),
  ]);
  expect(facts.queries).toBe(1);
  expect(facts.statementsWithoutDuration).toBe(1);
  expect(facts.slowest).toMatchObject([{ ms: 5, statement: "select 1" }]);
});

test("a temporary file belongs to the statement that follows for the same process", () => {
  const line = (pid: number, text: string) => `2024-01-31 10:00:00 UTC [${pid}] ${text}`;
  const facts = read(new PostgresStderrReader(), [
    line(1, 'LOG:  temporary file: path "base/a1", size 100'),
    line(2, 'LOG:  temporary file: path "base/a2", size 300'),
    line(2, "STATEMENT:  select * from big order by 1"),
    line(1, "STATEMENT:  select * from small where x = 'y'"),
  ]);
  expect(facts.tempFiles).toMatchObject({ count: 2, bytes: 400, bytesMax: 300 });
  expect(facts.tempFiles.byStatement.rows).toEqual([
    { key: "select * from big order by ?", count: 1, bytes: 300 },
    { key: "select * from small where x = ?", count: 1, bytes: 100 },
  ]);
});

/** The same events as csvlog and as jsonlog write them. */
const events = [
  {
    severity: "LOG",
    message: 'temporary file: path "base/pgsql_tmp1.0", size 1048576',
    query: "select a\nfrom b",
  },
  { severity: "LOG", message: 'duration: 12.345 ms  statement: select "x,y"\nfrom t where n = 7' },
  { severity: "ERROR", message: 'relation "missing" does not exist', query: "select * from missing" },
  { severity: "ERROR", message: "canceling statement due to statement timeout" },
  { severity: "ERROR", message: "deadlock detected" },
  { severity: "LOG", message: "connection authorized: user=bob database=shop" },
  {
    severity: "LOG",
    message: "disconnection: session time: 1:00:01.500 user=bob database=shop host=[local]",
  },
];

const expected = {
  bySeverity: { LOG: 4, ERROR: 3 },
  queries: 1,
  connections: { authorized: 1 },
  sessions: { count: 1, times: { sumUs: 3_601_500_000 } },
  tempFiles: {
    count: 1,
    bytes: 1_048_576,
    byStatement: { rows: [{ key: "select a from b", bytes: 1_048_576 }] },
  },
  canceledStatements: 1,
  locks: { deadlocks: 1 },
  statements: { rows: [{ key: 'select "x,y" from t where n = ?', totalUs: 12_345 }] },
  malformed: { count: 0 },
  time: { firstMs: Date.UTC(2024, 0, 31, 10), lastMs: Date.UTC(2024, 0, 31, 10) },
};

test("csvlog: quoted fields over many lines", () => {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = events.flatMap(({ severity, message, query = "" }) => {
    const record = `2024-01-31 10:00:00.000 UTC,"bob","shop",7,"[local]",65b.7,1,"SELECT",2024-01-31 09:00:00 UTC,3/1,0,${severity},00000,${quote(message)},,,,,,${quote(query)},,,"app","client backend",,0`;
    return record.split("\n");
  });
  expect(read(new PostgresCsvReader(), lines)).toMatchObject(expected);
  const broken = read(new PostgresCsvReader(), ["a,b,c", ...lines, 'x,"never ends']);
  expect(broken.bySeverity).toEqual(expected.bySeverity);
  expect(broken.malformed.count).toBe(2);
});

test("jsonlog, and the records CloudNativePG wraps it in", () => {
  const record = ({ severity, message, query }: (typeof events)[number]) => ({
    timestamp: "2024-01-31 10:00:00.000 UTC",
    user: "bob",
    dbname: "shop",
    pid: 7,
    error_severity: severity,
    message,
    ...(query !== undefined && { statement: query }),
  });
  expect(
    read(
      new PostgresJsonReader(),
      events.map((event) => JSON.stringify(record(event))),
    ),
  ).toMatchObject(expected);
  const wrapped = events.map((event) => {
    const { timestamp, statement, ...rest } = record(event);
    return JSON.stringify({ logger: "postgres", record: { ...rest, log_time: timestamp, query: statement } });
  });
  expect(read(new PostgresJsonReader(), wrapped)).toMatchObject(expected);
});

test.each([
  ['relation "a" does not exist at character 15', 'ERROR:  relation "..." does not exist'],
  [
    'duplicate key value violates unique constraint "k"',
    'ERROR:  duplicate key value violates unique constraint "..."',
  ],
  ['invalid input syntax for type integer: "x"', "ERROR:  invalid input syntax for type integer: ..."],
])("the error %j counts as %j", (message, key) => {
  expect(errorKey("ERROR", message)).toBe(key);
});

test.each([
  ["unexpected EOF on client connection", true],
  ["database system was interrupted; last known up at 2024-01-01", true],
  ["process 7 still waiting for ShareLock on transaction 9 after 1000.1 ms", true],
  ["checkpoint starting: time", false],
  ["duration: 1.0 ms  statement: select 'no event'", false],
])("%j is an event: %j", (message, isEvent) => {
  expect(isEventMessage(message)).toBe(isEvent);
});

test.each([
  ["duration: 1.500 ms  statement: select 1", { ms: 1.5, step: "statement", statement: "select 1" }],
  [
    "duration: 1.500 ms  execute <unnamed>: select a::int",
    { ms: 1.5, step: "execute", statement: "select a::int" },
  ],
  ["duration: 1.500 ms  parse p/q: select 1", { ms: 1.5, step: "parse", statement: "select 1" }],
  [
    "duration: 1.500 ms  plan:\nQuery Text: select 1",
    { ms: 1.5, step: "plan", statement: "Query Text: select 1" },
  ],
  ["duration: 1.500 ms", { ms: 1.5 }],
  ["session duration: 1 ms", undefined],
])("the duration of %j", (message, duration) => {
  expect(durationOf(message)).toEqual(duration);
});
