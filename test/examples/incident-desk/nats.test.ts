import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { natsLine } from "../../../examples/incident-desk/logs/nats-line.ts";
import { NatsReader } from "../../../examples/incident-desk/logs/nats-reader.ts";
import { readLog } from "../../../examples/incident-desk/logs/read-log.ts";
import { testFile } from "./log-files.ts";

function factsOf(lines: readonly string[]) {
  const reader = new NatsReader();
  for (const line of lines) reader.take(line);
  reader.end();
  return reader.facts();
}

const at = "[9] 2026/11/21 13:09:58.503603";

/**
 * Written by nats-server 2.9.10 with `-DV` while: one client published two messages and one it may not, and
 * subscribed to what it may not; three came with wrong, unknown and no credentials; one said nothing; one subscribed
 * and stopped reading while twelve large messages were published. Zeroes of those messages were taken out.
 */
describe("the log of a real server", async () => {
  const facts = await readLog(testFile("fixtures/nats-server-2.9.10.log"));
  if (facts.kind !== "nats") throw new Error(`taken for ${facts.kind}`);

  test("tells what its clients did", () => {
    expect(facts.connects).toEqual({ Client: 6 });
    expect(facts.disconnects).toEqual({ Client: 6, System: 1 });
    expect(facts.published.count).toBe(15);
    expect(facts.publishedSubjects.rows).toEqual([
      { key: "big", count: 12 },
      { key: "orders.new", count: 2 },
      { key: "secret.subject", count: 1 },
    ]);
    expect(facts.authorizationErrors.count).toBe(3);
    expect(facts.authorizationErrors.byUser.rows.map(({ key }) => key)).toEqual(["", "app", "eve"]);
    expect(facts.authorizationErrors.timeouts).toBe(1);
    expect(facts.permissionViolations.count).toBe(2);
    expect(facts.permissionViolations.bySubject.rows.map(({ key }) => key)).toEqual([
      "secret.>",
      "secret.subject",
    ]);
    expect(facts.slowConsumers.count).toBe(1);
    expect(facts.slowConsumers.byCause).toEqual({ WriteDeadline: 1 });
    expect(facts.slowConsumers.byPeer.rows).toEqual([{ key: "127.0.0.1:51122 - cid:9", count: 1 }]);
    expect(facts.versions).toEqual(["2.9.10"]);
    expect(facts.serverStarts).toBe(1);
    expect(facts.malformed.count).toBe(0);
  });

  test("has as many lines of each level, and as many deliveries, as a plain search finds", async () => {
    const text = await readFile(testFile("fixtures/nats-server-2.9.10.log"), "utf8");
    for (const [level, count] of Object.entries(facts.byLevel)) {
      expect(text.match(new RegExp(`^\\S+ \\S+ \\S+ \\[${level}\\]`, "gm"))).toHaveLength(count);
    }
    expect(text.match(/ ->> \[MSG /g)).toHaveLength(facts.delivered.count);
    expect(text.match(/\n/g)).toHaveLength(facts.lines);
  });

  test("reasons for closing are counted", () => {
    expect(facts.closeReasons.rows).toEqual([
      { key: "Authentication Failure", count: 3 },
      { key: "Client Closed", count: 2 },
      { key: "Authentication Timeout", count: 1 },
      { key: "Slow Consumer (Write Deadline)", count: 1 },
    ]);
  });
});

describe("a line", () => {
  test("is read with and without process, time and colour", () => {
    expect(natsLine("[INF] Server is ready")).toEqual({ level: "INF", message: "Server is ready" });
    expect(natsLine("[7] [\u001b[32mINF\u001b[0m] Server is ready")).toMatchObject({
      message: "Server is ready",
    });
    expect(natsLine("[7] 2026/11/21 13:09:58 [INF] x")?.atMs).toBe(Date.UTC(2026, 10, 21, 13, 9, 58));
    expect(natsLine("INF Server is ready")).toBeUndefined();
  });

  test.each([
    [`10.0.0.1:4222 - cid:7 - "v1.2:go:a - b" - hello`, "10.0.0.1:4222 - cid:7", "cid:7"],
    ["10.0.0.1:4222 - rid:12 - hello", "10.0.0.1:4222 - rid:12", "rid:12"],
    [`10.0.0.1:4222 - lid_ws:3 - "name" - "account" - hello`, "10.0.0.1:4222 - lid_ws:3", "lid_ws:3"],
    ["JETSTREAM - hello", "JETSTREAM", undefined],
  ])("names its peer: %j", (text, peer, connection) => {
    const line = natsLine(`${at} [DBG] ${text}`);
    expect([line?.peer, line?.connection, line?.message]).toEqual([peer, connection, "hello"]);
  });
});

describe("other servers", () => {
  test("1.x: arrows the other way round, authorization violations in the words of then", () => {
    const facts = factsOf([
      `${at} [TRC] 1.1.1.1:1 - cid:3 - ->> [PUB a.b 5]`,
      `${at} [TRC] 1.1.1.1:1 - cid:3 - <<- [MSG a.b 1 5]`,
      `${at} [ERR] 1.1.1.1:1 - cid:4 - Authorization Error - User "bob"`,
      `${at} [ERR] 1.1.1.1:1 - cid:5 - authorization violation`,
    ]);
    expect([facts.published.count, facts.delivered.count]).toEqual([1, 1]);
    expect(facts.authorizationErrors.count).toBe(2);
  });

  test("2.11 and later: recovered slow consumers are none, routes and leaf nodes are told apart", () => {
    const facts = factsOf([
      `${at} [INF] 1.1.1.1:1 - rid:3 - Route connection created`,
      `${at} [INF] 1.1.1.1:1 - lid:4 - Leafnode connection created for account: A`,
      `${at} [INF] 1.1.1.1:1 - rid:3 - Router connection closed: Stale Connection - Remote: n1`,
      `${at} [INF] 1.1.1.1:1 - cid:9 - Slow Consumer Detected: MaxPending of 67108864 Exceeded`,
      `${at} [INF] 1.1.1.1:1 - rid:9 - Slow Consumer State: WriteDeadline of 10s exceeded with 3 chunks of 9 total bytes.`,
      `${at} [INF] 1.1.1.1:1 - rid:9 - Slow Consumer Recovered: Flush took 12.000s with 3 chunks of 9 total bytes.`,
    ]);
    expect(facts.connects).toEqual({ Route: 1, Leafnode: 1 });
    expect(facts.disconnects).toEqual({ Router: 1 });
    expect(facts.closeReasons.rows).toEqual([{ key: "Stale Connection", count: 1 }]);
    expect(facts.slowConsumers).toMatchObject({ count: 2, byCause: { MaxPending: 1, WriteDeadline: 1 } });
  });

  test("a payload that looks like an operation is no message", () => {
    const facts = factsOf([
      `${at} [TRC] 1.1.1.1:1 - cid:3 - <<- MSG_PAYLOAD: ["[PUB a 5]"]`,
      `${at} [TRC] <<- [PUB a 5] x`,
    ]);
    expect(facts.published.count).toBe(0);
  });
});
