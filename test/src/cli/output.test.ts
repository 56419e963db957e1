import { describe, expect, it } from "vitest";
import { durationText, paintFor, plainText, stateText, table, toJson } from "../../../src/cli/output.ts";

const plain = (_style: unknown, text: string): string => text;

it("text from elsewhere cannot steer the terminal, forge a line, or turn the reading direction", () => {
  expect(plainText("a\u001b[2Jb\u009b31m\u0000")).toBe("a�[2Jb�31m�");
  expect(plainText("one\r\ntwo\tthree\u2028four")).toBe("one two three�four");
  expect(plainText("abc\u202ecba")).toBe("abc�cba");
});

it("what JSON has not is written so that it can be told", () => {
  expect(toJson({ big: 2n ** 64n, bytes: new Uint8Array([1, 2]), list: [1n] })).toBe(
    '{"big":{"$bigint":"18446744073709551616"},"bytes":{"$bytes":"AQI="},"list":[{"$bigint":"1"}]}',
  );
  expect(toJson(undefined)).toBe("null");
});

describe("durations", () => {
  it.each([
    [-5, "0 ms"],
    [999, "999 ms"],
    [1_000, "1 s"],
    [200_000, "3 min 20 s"],
    [3_600_000, "1 h"],
    [3_601_000, "1 h"],
    [187_200_000, "2 d 4 h"],
  ])("%i ms is %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe("state values", () => {
  it.each([
    ["open", "open"],
    [{ busy: "calling" }, "busy.calling"],
    [{ left: "on", right: { low: "off" } }, "left.on|right.low.off"],
    [{ left: {} }, "left"],
    ["\u001b[31m", "�[31m"],
  ])("%j is %s", (value, text) => {
    expect(stateText(value)).toBe(text);
  });
});

it("a table puts numbers to the right and leaves no space at line ends", () => {
  const text = table(
    ["NAME", "COUNT", "WHERE"],
    [
      ["a", 1, "here"],
      ["longer", 1000, ""],
    ],
    plain,
  );
  expect(text).toBe("NAME    COUNT  WHERE\na           1  here\nlonger   1000");
});

it("only a terminal gets colours, unless they are asked for or forbidden", () => {
  const coloured = (isTTY: boolean): boolean => paintFor({ isTTY })("red", "x") !== "x";
  const { NO_COLOR, FORCE_COLOR } = process.env;
  try {
    delete process.env.NO_COLOR;
    delete process.env.FORCE_COLOR;
    expect([coloured(true), coloured(false)]).toEqual([true, false]);
    process.env.FORCE_COLOR = "1";
    expect(coloured(false)).toBe(true);
    process.env.NO_COLOR = "1";
    expect(coloured(true)).toBe(false);
  } finally {
    Object.assign(process.env, NO_COLOR === undefined ? {} : { NO_COLOR });
    if (NO_COLOR === undefined) delete process.env.NO_COLOR;
    if (FORCE_COLOR === undefined) delete process.env.FORCE_COLOR;
    else process.env.FORCE_COLOR = FORCE_COLOR;
  }
});
