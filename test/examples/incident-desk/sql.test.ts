import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeStatement, statementKind } from "../../../examples/incident-desk/logs/sql.ts";

describe("a normalised statement", () => {
  test.each([
    ["SELECT * FROM t WHERE id = 42;", "select * from t where id = ?"],
    [
      "select  *\n\tfrom t -- the table\nwhere id=$1 /* or /* nested */ so */",
      "select * from t where id = ?",
    ],
    ["UPDATE a SET b = b + -3686 WHERE c = 'it''s' ;;", "update a set b = b + ? where c = ?"],
    ["UPDATE a SET b = b - 5, c = -5", "update a set b = b - ?, c = ?"],
    ["select 1 where x in (1, 2,3) and y IN ($1,$2)", "select ? where x in (?) and y in (?)"],
    [
      "insert into t (a, b) values (1, 'x'), (2, 'y'), (3, null)",
      "insert into t(a, b) values (?), (?, null)",
    ],
    ["INSERT INTO t VALUES (1,2),(3,4),(5,6)", "insert into t values (?)"],
    ["select f(1, 2), (3), array[1,2]", "select f(?, ?), (?), array[?]"],
    [
      `select "Mixed Case" from "T 1" where s = E'a\\'b' and t = $x$it's$x$`,
      'select "Mixed Case" from "T 1" where s = ? and t = ?',
    ],
    ["select 1.5e3, .5, 0xFF, t1.c2 from t1", "select ?, ?, ?, t1.c2 from t1"],
    ["select a::int, b->>'k' from t where c<=-1", "select a::int, b ->> ? from t where c <= ?"],
    ["", ""],
  ])("%j", (statement, normalized) => {
    expect(normalizeStatement(statement)).toBe(normalized);
  });

  test.each([
    ['select "text", `col 1` from t # note\nwhere a = "x\\"y"', "select ?, `col 1` from t where a = ?"],
    [
      "SELECT count(*) FROM mysql.user WHERE user='root' and password='';",
      "select count(*) from mysql.user where user = ? and password = ?",
    ],
  ])("of MySQL: %j", (statement, normalized) => {
    expect(normalizeStatement(statement, "mysql")).toBe(normalized);
  });

  const part = fc.constantFrom(
    ..."select from where in values ( ) [ ] , ; . : :: - + -- /* */ = <> -> ->> || % $ $1 $a$ ? ' '' \" ` # e E'x' 'y' 5 -5 0x1f 1.5 .5 1e5 a b1 t.c \\ é \n".split(
      " ",
    ),
    " ",
  );
  const statement = fc
    .array(part, { maxLength: 40 })
    .chain((parts) => fc.constantFrom("", " ").map((gap) => parts.join(gap)));

  test.each(["postgres", "mysql"] as const)("normalised again is the same (%s)", (dialect) => {
    fc.assert(
      fc.property(statement, (text) => {
        const once = normalizeStatement(text, dialect);
        expect(normalizeStatement(once, dialect)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });

  test("does not depend on the values in it", () => {
    const value = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.string().map((text) => `'${text.replaceAll("'", "''").replaceAll("\\", "")}'`),
    );
    const list = fc.array(value, { minLength: 1, maxLength: 5 });
    const build = (a: string, b: readonly string[]) =>
      `SELECT x FROM t WHERE y = ${a} AND z IN (${b.join(", ")}) LIMIT ${a}`;
    fc.assert(
      fc.property(value, list, (a, b) => {
        expect(normalizeStatement(build(a, b))).toBe("select x from t where y = ? and z in (?) limit ?");
      }),
    );
  });

  test("does not depend on spaces and comments between words", () => {
    const gap = fc.array(fc.constantFrom(" ", "\n", "\t", "/* x */", "-- y\n"), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(gap, { minLength: 7, maxLength: 7 }), (gaps) => {
        const words = ["select", "a", ",", "b", "from", "t", "limit", "1"];
        const text = words.map((word, i) => word + (gaps[i]?.join("") ?? "")).join("");
        expect(normalizeStatement(text)).toBe("select a, b from t limit ?");
      }),
    );
  });

  test("comes of any text, and takes time in proportion to its length", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        (text) => normalizeStatement(text).length >= 0,
      ),
    );
    for (const hard of [
      "(".repeat(10_000),
      "?,".repeat(5_000),
      "'".repeat(9_999),
      "/*".repeat(5_000),
      "$a".repeat(5_000),
      "-".repeat(10_000),
      "values (1),".repeat(900),
    ]) {
      const before = process.cpuUsage();
      normalizeStatement(hard);
      const { user, system } = process.cpuUsage(before);
      expect(user + system).toBeLessThan(250_000);
    }
  });
});

test.each([
  ["with a as (select 1) delete from t", "CTE"],
  ["copy t from ?", "COPY FROM"],
  ["copy (select * from t) to stdout", "COPY TO"],
  ["(select ?)", "SELECT"],
  ["rollback", "TCL"],
  ["vacuum t", "OTHER"],
])("%j is a %s", (normalized, kind) => {
  expect(statementKind(normalized)).toBe(kind);
});
