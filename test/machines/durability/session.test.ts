import { describe, expect, test } from "vitest";
import type { Write } from "../../../machines/durability/commit.ts";
import { receive, receiveResult, receiveTimer } from "../../../machines/durability/receive.ts";
import { type DurableRecord, recordLimits, unborn } from "../../../machines/durability/record.ts";
import {
  answered,
  commit,
  confirm,
  type Move,
  readBack,
  resume,
  type Session,
  tidied,
} from "../../../machines/durability/session.ts";
import type { Step } from "../../../machines/durability/turn.ts";

type Of = Session<number, string>;

const claimed: DurableRecord<number, string> = {
  ...unborn(0, 1_000),
  epoch: 1,
  owner: "bow",
  nonce: "claim",
};
const fresh = alive(resume({ record: claimed, revision: 1 }));

function alive({ session }: Move<number, string>): Of {
  if (session === undefined) throw new Error("Expected the session to go on");
  return session;
}

const arrival = (entry: number, seq: number) => ({ entry, stamp: { from: "a", incarnation: 1, seq } });
const count = ({ state }: { readonly state: number }): Step<number, string> => ({ state: state + 1 });
const greet = ({ state }: { readonly state: number }): Step<number, string> => ({
  state: state + 1,
  sends: [{ to: "b", message: `${state + 1}` }],
});
const take = (session: Of, entry: number, seq: number, decide = count) =>
  receive(session, arrival(entry, seq), decide, recordLimits);
const kinds = ({ orders }: Move<number, string>) => orders.map((order) => order.do);

function writeIn({ orders }: Move<number, string>): Write<number, string> {
  const order = orders.find((it) => it.do === "write");
  if (order === undefined) throw new Error("Expected a write");
  return order.write;
}

/** Takes and commits one message. */
function turned(session: Of, entry: number, seq: number, decide = count): Move<number, string> {
  const writing = commit(alive(take(session, entry, seq, decide)), `n${seq}`);
  return answered(alive(writing), { kind: "ok", revision: session.held.revision + 1 });
}

describe("R4: nothing is done before the commit", () => {
  test("a message that is applied orders nothing; its commit orders the write alone", () => {
    const taken = take(fresh, 10, 1, greet);
    expect(taken).toMatchObject({ verdict: "applied", orders: [] });
    const writing = commit(taken.session, "n1");
    expect(kinds(writing)).toEqual(["write"]);
    expect(writeIn(writing)).toMatchObject({ expect: 1, record: { nonce: "n1", state: 1 } });
  });

  test("after it the entries are acknowledged and the outbox published, in order", () => {
    const done = turned(fresh, 10, 1, greet);
    expect(done.orders).toMatchObject([
      { do: "acknowledge", entry: 10 },
      { do: "publish", entry: { to: "b", message: "1", seq: 1 } },
    ]);
    expect(done.session?.held.revision).toBe(2);
  });

  test("a later commit publishes what is new, not again what has been published and waits to be confirmed", () => {
    const next = turned(alive(turned(fresh, 10, 1, greet)), 11, 2, greet);
    expect(next.orders).toMatchObject([
      { do: "acknowledge", entry: 11 },
      { do: "publish", entry: { message: "2", seq: 2 } },
    ]);
    expect(next.session?.held.record.outbox.entries).toHaveLength(2);
  });

  test("several messages are one write and are all acknowledged by it", () => {
    const two = take(take(fresh, 10, 1).session, 11, 2).session;
    const done = answered(alive(commit(two, "n")), { kind: "ok", revision: 2 });
    expect(done.orders).toMatchObject([{ entry: 10 }, { entry: 11 }]);
    expect(done.session?.held.record).toMatchObject({ state: 2, turn: 2 });
  });

  test("what is taken while a commit is under way waits for the next, which follows on its revision", () => {
    const writing = alive(commit(take(fresh, 10, 1).session, "n1"));
    const more = take(writing, 11, 2).session;
    expect(commit(more, "n2").orders).toEqual([]);
    const done = answered(more, { kind: "ok", revision: 2 });
    expect(kinds(done)).toEqual(["acknowledge"]);
    expect(writeIn(commit(alive(done), "n2"))).toMatchObject({ expect: 2, record: { state: 2 } });
  });

  test("confirmed entries are trimmed by the next commit and by nothing before", () => {
    const one = confirm(alive(turned(fresh, 10, 1, greet)), 1);
    expect(one.held.record.outbox.entries).toHaveLength(1);
    const renewal = commit(one, "n2");
    expect(writeIn(renewal).record.outbox.entries).toEqual([]);
    const trimmed = alive(answered(alive(renewal), { kind: "ok", revision: 3 }));
    expect(trimmed.confirmed).toEqual([]);
    expect(confirm(confirm(trimmed, 7), 7).confirmed).toEqual([7]);
  });

  test("what is confirmed while a commit is under way is not forgotten", () => {
    const one = alive(turned(fresh, 10, 1, greet));
    const writing = alive(commit(take(one, 11, 2, greet).session, "n2"));
    const done = alive(answered(confirm(writing, 1), { kind: "ok", revision: 3 }));
    expect(writeIn(commit(done, "n3")).record.outbox.entries.map(({ position }) => position)).toEqual([2]);
  });
});

describe("R3: a commit whose outcome is not known", () => {
  const writing = commit(take(fresh, 10, 1, greet).session, "n1");
  const asked = answered(alive(writing), { kind: "unknown" });

  test("orders a read, and nothing else", () => {
    expect(kinds(asked)).toEqual(["read"]);
    expect(kinds(answered(alive(writing), { kind: "conflict" }))).toEqual(["read"]);
  });

  test("was done if the record has its nonce: then what follows is ordered, once", () => {
    const done = readBack(alive(asked), { record: writeIn(writing).record, revision: 2 });
    expect(kinds(done)).toEqual(["acknowledge", "publish"]);
    expect(readBack(alive(done), { record: writeIn(writing).record, revision: 2 }).orders).toEqual([]);
    expect(answered(alive(done), { kind: "ok", revision: 2 }).orders).toEqual([]);
  });

  test("is repeated with the same nonce if the record stands still", () => {
    expect(writeIn(readBack(alive(asked), { record: claimed, revision: 1 }))).toEqual(writeIn(writing));
  });

  test("ends the session if somebody else wrote, also on top of it", () => {
    const theirs = { ...writeIn(writing).record, epoch: 2, nonce: "theirs" };
    expect(readBack(alive(asked), { record: theirs, revision: 3 })).toEqual({
      session: undefined,
      orders: [{ do: "stop" }],
    });
  });
});

describe("R5: what the inbox brings again or too early", () => {
  const one = alive(turned(fresh, 10, 1));

  test("what is committed is acknowledged and not applied", () => {
    expect(take(one, 20, 1)).toEqual({
      session: one,
      orders: [{ do: "acknowledge", entry: 20 }],
      verdict: "dropped",
    });
  });

  test("what is applied but not committed is acknowledged with its commit", () => {
    const drafted = take(fresh, 10, 1).session;
    const doubled = take(drafted, 20, 1);
    expect(doubled).toMatchObject({ verdict: "dropped", orders: [] });
    const done = answered(alive(commit(doubled.session, "n")), { kind: "ok", revision: 2 });
    expect(done.orders).toMatchObject([{ entry: 10 }, { entry: 20 }]);
    expect(done.session?.held.record.state).toBe(1);
  });

  test("so it is when it comes while the commit is under way, or comes a third time", () => {
    const writing = alive(commit(take(fresh, 10, 1).session, "n"));
    const doubled = take(take(writing, 20, 1).session, 20, 1).session;
    const done = answered(doubled, { kind: "ok", revision: 2 });
    expect(done.orders).toMatchObject([{ entry: 10 }, { entry: 20 }]);
    expect(done.orders).toHaveLength(2);
  });

  test("what is ahead waits, unacknowledged", () => {
    expect(take(one, 30, 3)).toEqual({ session: one, orders: [], verdict: "waits" });
  });

  test("what is of an earlier incarnation becomes a dead letter", () => {
    const later = { entry: 11, stamp: { from: "a", incarnation: 2, seq: 1 } };
    const drafted = receive(one, later, count, recordLimits).session;
    // Only drafted: should it never be committed, the earlier one is still good.
    expect(take(drafted, 30, 2).verdict).toBe("waits");
    const done = alive(answered(alive(commit(drafted, "n")), { kind: "ok", revision: 3 }));
    expect(take(done, 30, 2)).toMatchObject({
      verdict: "refused",
      orders: [{ do: "deadLetter", entry: 30, reason: "stale" }],
    });
  });

  test("an actor that has ended refuses what is new and clears what it had seen", () => {
    const closing = turned(fresh, 10, 1, () => ({ state: 9, closes: true }) as Step<number, string>);
    expect(take(alive(closing), 11, 2)).toMatchObject({ verdict: "refused", orders: [{ reason: "closed" }] });
    expect(take(alive(closing), 12, 1)).toMatchObject({
      verdict: "dropped",
      orders: [{ do: "acknowledge" }],
    });
  });

  test("with a full outbox everything waits, until something is confirmed and trimmed", () => {
    const limits = { ...recordLimits, outboxMax: 1 };
    const full = alive(turned(fresh, 10, 1, greet));
    expect(receive(full, arrival(11, 2), count, limits).verdict).toBe("waits");
    const writing = commit(confirm(full, 1), "n2");
    const roomy = alive(answered(alive(writing), { kind: "ok", revision: 3 }));
    expect(receive(roomy, arrival(11, 2), count, limits).verdict).toBe("applied");
  });

  test("a step beyond a limit is a fault of the actor and changes nothing", () => {
    const faulty = receive(fresh, arrival(10, 1), greet, { ...recordLimits, sendsMax: 0 });
    expect(faulty).toEqual({ session: fresh, orders: [], verdict: "faulty", exceeds: "sendsMax" });
  });
});

describe("R12: timers and calls of a durable actor", () => {
  const busy = turned(fresh, 10, 1, ({ state }) => ({
    state,
    alarms: [{ id: "after", dueAtMs: 5_000, message: "ring" }],
    calls: [
      { call: "ask", effect: "atLeastOnce" },
      { call: "pay", effect: "atMostOnce" },
    ],
  }));

  test("are begun by the commit", () => {
    expect(kinds(busy)).toEqual(["acknowledge", "call", "call", "wake"]);
    expect(busy.orders.at(-1)).toEqual({ do: "wake", atMs: 5_000 });
  });

  test("are taken up by the next owner: the timer, the call that may be repeated, and a report of the other", () => {
    const record = { ...alive(busy).held.record, epoch: 2 };
    expect(resume({ record, revision: 3 }).orders).toMatchObject([
      { do: "call", intent: { key: "1.1" } },
      { do: "reportUnknown", key: "1.2" },
      { do: "wake", atMs: 5_000 },
    ]);
  });

  test("a timer fires once, and not before its time", () => {
    const timer = { id: "after", generation: 1, nowMs: 4_999 };
    expect(receiveTimer(alive(busy), timer, count, recordLimits).verdict).toBe("dropped");
    const fired = receiveTimer(alive(busy), { ...timer, nowMs: 5_000 }, count, recordLimits);
    expect(fired.verdict).toBe("applied");
    expect(receiveTimer(fired.session, { ...timer, nowMs: 5_001 }, count, recordLimits).verdict).toBe(
      "dropped",
    );
    const done = answered(alive(commit(fired.session, "n")), { kind: "ok", revision: 3 });
    expect(done.orders).toEqual([{ do: "wake", atMs: undefined }]);
  });

  test("a result is applied once; its call is over", () => {
    const got = receiveResult(alive(busy), "1.1", count, recordLimits);
    expect(got.verdict).toBe("applied");
    expect(receiveResult(got.session, "1.1", count, recordLimits).verdict).toBe("dropped");
  });

  test("a call that is given up is aborted, and its result dropped", () => {
    const given = turned(alive(busy), 11, 2, ({ state }) => ({ state, aborts: ["1.1"] }));
    expect(given.orders).toContainEqual({ do: "abort", key: "1.1" });
    expect(receiveResult(alive(given), "1.1", count, recordLimits).verdict).toBe("dropped");
  });

  test("with a full outbox timers and results wait too", () => {
    const limits = { ...recordLimits, outboxMax: 0 };
    const timer = { id: "after", generation: 1, nowMs: 5_000 };
    expect(receiveTimer(alive(busy), timer, count, limits).verdict).toBe("waits");
    expect(receiveResult(alive(busy), "1.1", count, limits).verdict).toBe("waits");
  });

  test("what the shell tidies is part of the next commit, and no turn", () => {
    const draft = turned(fresh, 10, 1, greet);
    const committed = alive(draft);
    const tidy = tidied(committed, (state) => state + 100);
    const { record } = alive(answered(alive(commit(tidy, "n")), { kind: "ok", revision: 9 })).held;
    expect(record).toMatchObject({
      turn: committed.held.record.turn,
      state: committed.held.record.state + 100,
    });
  });

  test("an owner before's outbox is published again, under the same stamps", () => {
    const sent = alive(turned(fresh, 10, 1, greet)).held;
    const again = resume({ record: { ...sent.record, epoch: 2 }, revision: 3 });
    expect(again.orders).toEqual(sent.record.outbox.entries.map((entry) => ({ do: "publish", entry })));
  });
});
