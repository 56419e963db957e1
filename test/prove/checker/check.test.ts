import { describe, expect, test } from "vitest";
import type { ClientLine, EndLine } from "../history/lines.ts";
import { check } from "./check.ts";
import type { PromiseId } from "./finding.ts";
import { goodHistory, type OpenHistory } from "./good-history.ts";

const limits = { timers: { earlyMs: 5, turnMs: 50, takeOverMs: 4_000, lateMs: 1_000 } };

/** Changes how the first send that fits has ended. */
function ended(history: OpenHistory, [from, n]: [string, number], end: Partial<EndLine>): void {
  const sent = history.client.find((line) => line.what === "sent" && line.from === from && line.n === n);
  history.client = history.client.map(
    (line): ClientLine => (line.op === sent?.op && line.what !== "sent" ? { ...line, ...end } : line),
  );
}

type Planted = readonly [
  name: string,
  promise: PromiseId,
  says: string,
  plant: (history: OpenHistory) => void,
];

const planted: readonly Planted[] = [
  [
    "a message that was acknowledged and is lost",
    "L",
    "message 3 of s1 was acknowledged",
    ({ states: [{ state }] }) =>
      Object.assign(state, {
        from: {
          ...state.from,
          s1: [
            [1, 2],
            [4, 4],
            [6, 7],
          ],
        },
        total: 7,
      }),
  ],
  [
    "the last message of a sender, lost with its commit",
    "L",
    "message 2 of s2",
    ({ states: [{ state }] }) => Object.assign(state, { from: { ...state.from, s2: [[1, 1]] }, total: 7 }),
  ],
  [
    "an actor that is gone altogether",
    "L",
    "it does not answer",
    (history) => Object.assign(history, { states: history.states.slice(1) }),
  ],
  [
    "a message that is worked on twice",
    "D",
    "message 4 of s1 was worked on again",
    ({ states: [{ state }] }) =>
      Object.assign(state, {
        from: {
          ...state.from,
          s1: [
            [1, 4],
            [4, 4],
            [6, 7],
          ],
        },
        total: 9,
      }),
  ],
  [
    "messages of one sender out of order",
    "O",
    "message 2 of s1 was worked on after 3",
    ({ states: [{ state }] }) =>
      Object.assign(state, {
        from: {
          ...state.from,
          s1: [
            [1, 1],
            [3, 3],
            [2, 2],
            [4, 4],
            [6, 7],
          ],
        },
      }),
  ],
  [
    "a message that was refused and is worked on",
    "X",
    "message 5 of s1 was refused",
    ({ states: [{ state }] }) => Object.assign(state, { from: { ...state.from, s1: [[1, 7]] }, total: 9 }),
  ],
  [
    "a message nobody sent",
    "X",
    "message 3 of s2 was never sent",
    ({ states: [{ state }] }) => Object.assign(state, { from: { ...state.from, s2: [[1, 3]] }, total: 9 }),
  ],
  [
    "two owners that gave the same place",
    "Z",
    "message 3 of s1 and message 4 of s1 both got place 3",
    (history) => ended(history, ["s1", 4], { reply: { at: 3 } }),
  ],
  [
    "an owner that answers from a state that was replaced",
    "Z",
    "message 4 of s1 got place 2, and was sent after place 3",
    (history) => {
      ended(history, ["s1", 2], { reply: undefined });
      ended(history, ["s1", 4], { reply: { at: 2 } });
    },
  ],
  [
    "an answer that was given and not kept",
    "L",
    "got place 9 of 8",
    (history) => ended(history, ["s1", 4], { reply: { at: 9 } }),
  ],
  [
    "a write by the owner before",
    "Z",
    "revision 6 was written by epoch 1, after one of epoch 2",
    ({ commits }) => commits.push({ actor: "counter.k1", revision: 6, epoch: 1, turn: 4 }),
  ],
  [
    "a write that does not know the turn before",
    "Z",
    "revision 6 has turn 2, after one with turn 3",
    ({ commits }) => commits.push({ actor: "counter.k1", revision: 6, epoch: 2, turn: 2 }),
  ],
  [
    "a total that does not belong to its messages",
    "Z",
    "it has a total of 7, and worked on 8",
    ({ states: [{ state }] }) => Object.assign(state, { total: 7 }),
  ],
  [
    "a payment that is lost on the way",
    "C",
    "they have 1990 together, of 2000",
    ({ states: [, , { state }] }) =>
      Object.assign(state, { balance: 1_005, got: { "account.k1": { ns: [[1, 1]], amount: 10 } } }),
  ],
  [
    "a payment that comes twice",
    "D",
    "payment 2 of account.k1 came again",
    ({ states: [, , { state }] }) =>
      Object.assign(state, {
        balance: 1_025,
        got: {
          "account.k1": {
            ns: [
              [1, 2],
              [2, 2],
            ],
            amount: 30,
          },
        },
      }),
  ],
  [
    "payments out of order",
    "O",
    "payment 1 of account.k1 came after 2",
    ({ states: [, , { state }] }) =>
      Object.assign(state, {
        got: {
          "account.k1": {
            ns: [
              [2, 2],
              [1, 1],
            ],
            amount: 20,
          },
        },
      }),
  ],
  [
    "a payment that was told and then not committed",
    "X",
    "payment 2 of account.k1 came, who made 1",
    ({ states: [, { state }] }) =>
      Object.assign(state, { balance: 995, paid: { "account.k2": { count: 1, amount: 10 } } }),
  ],
  [
    "money that changes on the way",
    "C",
    "they have 2001 together",
    ({ states: [, { state }] }) => Object.assign(state, { balance: 986 }),
  ],
  [
    "an early timer",
    "T",
    "timer 2 of s1 went off 205 ms early",
    ({ states: [, , , { state }] }) => Object.assign(state.rang[1] ?? {}, { atMs: 2_195 }),
  ],
  [
    "a timer that counts from when its message was sent, not from its turn",
    "T",
    "timer 2 of s1 went off 550 ms early",
    ({ states: [, , , { state }] }) => Object.assign(state.rang[1] ?? {}, { setAtMs: 2_000, atMs: 2_400 }),
  ],
  [
    "a timer that counts from before it was asked for",
    "T",
    "timer 2 of s1 went off 395 ms early",
    ({ states: [, , , { state }] }) => Object.assign(state.rang[1] ?? {}, { setAtMs: 1_000, atMs: 2_005 }),
  ],
  [
    "a timer that goes off twice",
    "T",
    "timer 2 of s1 went off 2 times",
    ({ states: [, , , { state }] }) => {
      const [, second] = state.rang;
      if (second !== undefined) state.rang.push({ ...second, atMs: second.atMs + 1 });
    },
  ],
  [
    "a timer that is lost",
    "T",
    "timer 2 of s1 has not gone off",
    ({ states: [, , , { state }] }) => state.rang.splice(1, 1),
  ],
  [
    "a timer that was begun anew after a crash",
    "T",
    "timer 3 of s1 went off 1500 ms too late",
    ({ states: [, , , { state }] }) => Object.assign(state.rang[2] ?? {}, { atMs: 9_500 }),
  ],
  [
    "a call made again under another key",
    "D",
    "call 2 of s1 was made with 2 keys",
    ({ effects }) => Object.assign(effects[2] ?? {}, { key: "caller.k1/2.1#2" }),
  ],
  [
    "a key that stands for two calls",
    "R",
    "key caller.k1/1.1 stands for caller.k1: call 1 of s1 and caller.k1: call 2 of s1",
    ({ effects }) => {
      for (const effect of effects) if (effect.n === 2) Object.assign(effect, { key: "caller.k1/1.1" });
    },
  ],
  [
    "a call that was to be made at most once, made again after a crash",
    "D",
    "call 3 of s1 was to be made at most once, and was 2 times",
    ({ effects }) => effects.push(...effects.slice(3)),
  ],
  [
    "a result that is applied twice",
    "R",
    "its results add up to 44, the server's answers to 33",
    ({ states: [, , , , { state }] }) => Object.assign(state, { sum: 44 }),
  ],
  [
    "a result without a call",
    "R",
    "call 1 of s1 has a result, and never reached the server",
    ({ effects }) => effects.shift(),
  ],
  [
    "a call that is given up",
    "L",
    "call 2 of s1 was given up",
    ({ states: [, , , , { state }] }) =>
      Object.assign(state, { done: { s1: [[1, 1]] }, failed: { s1: [[2, 3]] }, sum: 11 }),
  ],
  [
    "a call that nobody made",
    "L",
    "message 2 of s1 was acknowledged, and is not worked on",
    ({ states: [, , , , { state }] }) => Object.assign(state, { done: { s1: [[1, 1]] }, sum: 11 }),
  ],
  [
    "a call nobody asked for",
    "X",
    "call 9 of s1 was made, and never asked for",
    ({ effects }) =>
      effects.push({
        ...{ key: "k", actor: "caller.k1", from: "s1", n: 9, attempt: 1 },
        performed: true,
        atMs: 1,
      }),
  ],
];

describe("the checker", () => {
  test("finds nothing where every promise was kept", () => {
    expect(check(goodHistory(), limits)).toEqual([]);
  });

  test.each(planted)("finds %s", (_, promise, says, plant) => {
    const history = goodHistory();
    plant(history);
    const found = check(history, limits);
    expect(found).toContainEqual(expect.objectContaining({ promise, says: expect.stringContaining(says) }));
  });
});
