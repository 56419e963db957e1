import { describe, expect, test } from "vitest";
import { intended, resumption, settled } from "../../../machines/durability/intents.ts";

const ask = { call: "ask the model", effect: "atLeastOnce" } as const;
const pay = { call: "pay", effect: "atMostOnce" } as const;

describe("R12: calls as intents", () => {
  test("have keys by turn and place, whoever owns the record", () => {
    expect(intended([], [ask, pay], { turn: 7, epoch: 1 }).map(({ key }) => key)).toEqual(["7.1", "7.2"]);
    expect(intended([], [ask], { turn: 7, epoch: 9 }).map(({ key }) => key)).toEqual(["7.1"]);
  });

  test("a result takes its intent away, and no other", () => {
    const two = intended([], [ask, pay], { turn: 7, epoch: 1 });
    expect(settled(two, "7.1").map(({ key }) => key)).toEqual(["7.2"]);
    expect(settled(two, "6.1")).toEqual(two);
  });

  test("D5: a new owner makes a call again, but reports one that must not come twice as unknown", () => {
    const [first, second] = intended([], [ask, pay], { turn: 7, epoch: 1 });
    if (first === undefined || second === undefined) throw new Error("Expected two intents");
    expect(resumption(first, 2)).toBe("call");
    expect(resumption(second, 2)).toBe("reportUnknown");
  });
});
