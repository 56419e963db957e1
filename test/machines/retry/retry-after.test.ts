import { expect, test } from "vitest";
import { retryAfterMsOf } from "../../../machines/retry/retry-after.ts";

const nowMs = (): number => Date.parse("2026-01-01T00:00:00Z");

test.each([
  ["its own word", { retryAfterMs: 250 }, 250],
  ["a negative one is none at all to wait", { retryAfterMs: -5 }, 0],
  ["seconds in Headers", { headers: new Headers({ "Retry-After": "2" }) }, 2_000],
  ["seconds in a record as written", { headers: { "Retry-After": "1.5" } }, 1_500],
  ["milliseconds before seconds", { headers: { "retry-after": "2", "retry-after-ms": "150" } }, 150],
  ["a date", { headers: { "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" } }, 7_000],
  ["a date that has passed", { headers: { "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" } }, 0],
  ["a response's headers", { response: { headers: { "retry-after": "3" } } }, 3_000],
  ["a cause's", { cause: { retryAfterMs: 9 } }, 9],
  ["no number and no date", { headers: { "retry-after": "soon" } }, undefined],
  ["an empty text", { headers: { "retry-after": " " } }, undefined],
  ["not finite", { retryAfterMs: Number.POSITIVE_INFINITY }, undefined],
  ["nothing", {}, undefined],
  ["no object", "429", undefined],
])("how long the called side wants to be left alone: %s", (_, error, expected) => {
  expect(retryAfterMsOf(error, nowMs)).toBe(expected);
});

test("a date is not read where there is no wall clock", () => {
  const error = { headers: { "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" } };
  expect(retryAfterMsOf(error, () => Number.NaN)).toBeUndefined();
});
