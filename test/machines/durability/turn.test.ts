import { describe, expect, test } from "vitest";
import { type DurableRecord, recordLimits, unborn } from "../../../machines/durability/record.ts";
import { applied, type Cause, type Step } from "../../../machines/durability/turn.ts";

const start: DurableRecord<number, string> = { ...unborn(0, 1_000), epoch: 3 };
const message: Cause = { kind: "message", stamp: { from: "a", incarnation: 1, seq: 1 } };

function turned(record: DurableRecord<number, string>, cause: Cause, step: Step<number, string>) {
  const outcome = applied(record, cause, step, recordLimits);
  if ("exceeds" in outcome) throw new Error(`Expected a record, but ${outcome.exceeds} is exceeded`);
  return outcome.record;
}

const busy = turned(start, message, {
  state: 1,
  sends: [{ to: "b", message: "hello" }],
  alarms: [{ id: "after", dueAtMs: 2_000, message: "ring" }],
  calls: [{ call: "ask", effect: "atLeastOnce" }],
});

describe("R2: a turn", () => {
  test("moves state, marks, outbox, timers and intents together, and leaves the record before as it was", () => {
    expect(busy).toMatchObject({
      turn: 1,
      state: 1,
      received: { heads: { a: { seq: 1 } } },
      outbox: { entries: [{ to: "b", message: "hello", seq: 1 }] },
      timers: [{ id: "after", generation: 1 }],
      intents: [{ key: "1.1", epoch: 3 }],
    });
    expect(start).toEqual({ ...unborn(0, 1_000), epoch: 3 });
  });

  test("uses up what it answers to: the timer that fired, the intent whose result came", () => {
    expect(turned(busy, { kind: "timer", id: "after", generation: 1 }, { state: 2 }).timers).toEqual([]);
    expect(turned(busy, { kind: "result", key: "1.1" }, { state: 2 }).intents).toEqual([]);
    expect(turned(busy, { kind: "result", key: "1.1" }, { state: 2 }).timers).toHaveLength(1);
  });

  test("a timer that fires may set itself again, as another generation", () => {
    const again = turned(
      busy,
      { kind: "timer", id: "after", generation: 1 },
      { state: 2, alarms: [{ id: "after", dueAtMs: 3_000, message: "ring" }] },
    );
    expect(again.timers).toMatchObject([{ id: "after", generation: 2, dueAtMs: 3_000 }]);
  });

  test("cancels before it sets, so that leaving and entering a state restarts its timer", () => {
    const step = {
      state: 2,
      unset: ["after"],
      alarms: [{ id: "after", dueAtMs: 9_000, message: "ring" }],
      aborts: ["1.1"],
      calls: [{ call: "ask again", effect: "atLeastOnce" }],
    } as const;
    const next = turned(busy, { kind: "timer", id: "other", generation: 1 }, step);
    expect(next.timers).toMatchObject([{ dueAtMs: 9_000, generation: 2 }]);
    expect(next.intents).toMatchObject([{ key: "2.1" }]);
  });

  test("R9: an actor that ends keeps its marks and what it has to say; its timers and calls go", () => {
    const closed = turned(busy, { kind: "result", key: "1.1" }, { state: 2, closes: true });
    expect(closed).toMatchObject({ closed: true, timers: [], intents: [], received: busy.received });
    expect(closed.outbox.entries).toHaveLength(1);
  });

  test.each([
    ["sendsMax", { sends: [1, 2, 3].map((i) => ({ to: "b", message: `${i}` })) }],
    ["timersMax", { alarms: [1, 2, 3].map((i) => ({ id: `${i}`, dueAtMs: 1, message: "" })) }],
    ["intentsMax", { calls: [1, 2, 3].map((call) => ({ call, effect: "atLeastOnce" }) as const) }],
  ] as const)("beyond %s there is no record, but the limit's name", (name, step) => {
    const limits = { ...recordLimits, sendsMax: 2, timersMax: 2, intentsMax: 2 };
    expect(applied(start, message, { state: 1, ...step }, limits)).toEqual({ exceeds: name });
    const raised = { ...limits, [name]: 3 };
    expect(applied(start, message, { state: 1, ...step }, raised)).toHaveProperty("record");
  });
});
