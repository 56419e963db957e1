import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { actorAddress } from "../../../protocols/index.ts";
import { inspectionText, summariesText } from "../../../src/cli/inspect-text.ts";
import type { AgentInspection } from "../../../src/durable/inspection/index.ts";
import { createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";
import { order, orders } from "../durable/inspection/orders.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

it("inspect shows an agent, as text and as JSON, and lists those of its type, while no node runs", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: server.url,
    node: "one",
    actors: { order },
  });
  for (const key of ["ada", "bob"]) {
    await system.ref(`order.${key}`, orders).deliver({ type: "add", item: `rope of ${key}` });
    await system.ref(`order.${key}`, orders).ask({ type: "total" });
  }
  await system.drain();
  const inspect = (...args: string[]) =>
    output(terminal.coxswain(["inspect", ...args, "--servers", server.url]));

  const shown = await inspect("order/ada");
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  expect(shown.stdout).toMatch(/^order\.ada {2}orders {2}shard main_\d+, no node holds it\n/);
  expect(shown.stdout).toMatch(/\nstate +active {2}open\ncontext +\{"items":\["rope of ada"\]/);
  expect(shown.stdout).toMatch(/\nrecord +turn \d+, epoch 1 of one\//);
  expect(shown.stdout).toMatch(/\ntimers\n {2}.*after\.reminder.* in (59 min|1 h)/);
  expect(shown.stdout).toMatch(/\ninbox: 0 waiting\n$/);

  const { record } = JSON.parse((await inspect("order.ada", "--json")).stdout) as AgentInspection;
  expect(record).toMatchObject({ state: "open", context: { items: ["rope of ada"] } });

  const listed = await inspect("order");
  expect(listed.stdout).toMatch(/^AGENT +STATE/);
  expect(listed.stdout).toMatch(/\norder\.ada +open +1 /);
  expect(listed.stdout).toMatch(/\norder\.bob +open +1 /);
  const first = await inspect("order", "--limit", "1", "--json");
  expect(JSON.parse(first.stdout)).toMatchObject({ address: "order.ada", state: "open" });
  expect(first.stderr).toContain("the first 1 agents of order; more with --limit");

  const nobody = await inspect("order/eve");
  expect(nobody).toMatchObject({ code: 1, stdout: "" });
  expect(nobody.stderr).toContain("There is no agent order.eve, and nothing waits for it");
  expect((await inspect("crew/ada")).stderr).toContain('no durable type "crew"; there are: order');
  expect(await inspect("order/*")).toMatchObject({ code: 2 });
});

describe("as text", () => {
  const plain = (_style: unknown, text: string): string => text;
  const nowMs = 1_000_000;

  it("a timer says in how long it is due, or since when; a message, what becomes of it", () => {
    const agent: AgentInspection = {
      ...{ address: actorAddress("order.ada"), type: "order", protocol: "orders", shard: "main_1" },
      holder: { node: "one", incarnation: "x" },
      record: {
        ...{
          revision: 1,
          bytes: 1,
          epoch: 2,
          owner: "one/x",
          turn: 3,
          closed: false,
          writtenAtMs: nowMs - 5_000,
        },
        ...{
          version: 1,
          fingerprint: "f",
          status: "active",
          state: { a: "b" },
          context: {},
          children: [],
          unsent: 2,
        },
        timers: [
          { id: "|x", event: "x", dueAtMs: nowMs + 61_000, delayMs: 1, target: { path: "" } },
          { id: "|y", event: "z", dueAtMs: nowMs - 2_000, delayMs: 1, target: { to: "order.bob" } },
        ],
        calls: [{ path: "/charge", key: "order.ada#3.1", epoch: 1, effect: "atMostOnce" }],
        outbox: [{ to: "order.bob", what: "add", position: 4, incarnation: 9, seq: 2 }],
        questions: [{ id: "q.1", type: "total", key: "total k", deadlineMs: nowMs - 1_000, joined: 1 }],
        answers: [{ key: "total k", atMs: 1 }],
        postponed: [{ type: "note", id: "n.1", from: "crew", asks: true }],
        received: [{ from: "~n", incarnation: 5, seq: 7, turn: 3 }],
        ...{ horizon: 0, trial: { cause: "message 4", attempts: 2 }, audits: [] },
      },
      waiting: {
        more: true,
        entries: [
          {
            ...{ sequence: 8, storedAtMs: nowMs - 1_000, zone: "main", standing: "ahead" },
            line: { from: "~n", incarnation: 5, firstSeq: 9 },
            messages: [{ type: undefined, id: undefined, from: undefined, asks: false }],
          },
        ],
      },
    };
    expect(inspectionText(agent, nowMs, plain).split("\n")).toEqual([
      "order.ada  orders  shard main_1, held by one",
      "state    active  a.b",
      "context  {}",
      "record   turn 3, epoch 2 of one/x, revision 1, 1 bytes",
      "written  1970-01-01T00:16:35.000Z, 5 s ago",
      "machine  version 1, fingerprint f",
      "trial    message 4, attempt 2",
      "timers",
      "  x  1970-01-01T00:17:41.000Z, in 1 min 1 s",
      "  |y  z  to order.bob  1970-01-01T00:16:38.000Z, due for 2 s",
      "running calls",
      "  /charge  key order.ada#3.1, since epoch 1, atMostOnce",
      "outbox",
      "  #4 add to order.bob  line 9, 2",
      "open questions",
      "  total  q.1, key total k, nobody waits since 1 s, 1 more wait for the same answer",
      "held back",
      "  note? n.1 from crew",
      "applied",
      "  ~n  line 5 up to 7",
      "kept answers: 1",
      "answers on their way: 2",
      "inbox: 1 and more waiting",
      "  #8 bytes that are no message  ~n (main), line 5, from 9, 1 s ago  one before it is missing",
    ]);
  });

  it("a list shows an ended agent, a late timer, and why a record cannot be read", () => {
    const summary = {
      version: 1,
      turn: 2,
      epoch: 3,
      writtenAtMs: nowMs - 1_000,
      busy: false,
      status: "active",
    };
    const text = summariesText(
      [
        { ...summary, address: actorAddress("a.1"), state: "open", closed: true, nextDueMs: undefined },
        {
          ...summary,
          address: actorAddress("a.2"),
          state: "open",
          closed: false,
          nextDueMs: nowMs - 500,
          busy: true,
        },
        {
          ...summary,
          address: actorAddress("a.3"),
          state: undefined,
          status: "no record",
          closed: false,
          nextDueMs: undefined,
          writtenAtMs: 0,
        },
      ],
      nowMs,
      plain,
    );
    expect(text.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^a\.1 +ended +1 +2 +3 +1 s ago +-$/),
      expect.stringMatching(/^a\.2 +open +1 +2 +3 +1 s ago +due for 500 ms +busy$/),
      expect.stringMatching(/^a\.3 +no record +1 +2 +3 +- +-$/),
    ]);
  });
});
