import { causesOf, read } from "./failure-classes.ts";

/**
 * How long whoever failed a call asks to be left alone, in milliseconds: its own `retryAfterMs`, or the headers
 * `retry-after-ms` and `Retry-After` (seconds, or a date, for which the wall clock is asked).
 *
 * Source: RFC 9110 section 10.2.3.
 */
export function retryAfterMsOf(error: unknown, nowMs: () => number): number | undefined {
  for (const level of causesOf(error)) {
    const headers = read(level, "headers") ?? read(read(level, "response"), "headers");
    const told =
      amount(read(level, "retryAfterMs")) ??
      amount(header(headers, "retry-after-ms")) ??
      seconds(header(headers, "retry-after")) ??
      dated(header(headers, "retry-after"), nowMs);
    if (told !== undefined) return Math.max(0, told);
  }
  return undefined;
}

/** Of the fetch API's `Headers`, or of a record in lower case or as it was written. */
function header(headers: unknown, name: string): unknown {
  const get = read(headers, "get");
  if (typeof get === "function") return get.call(headers, name) ?? undefined;
  if (typeof headers !== "object" || headers === null) return undefined;
  const key = Object.keys(headers).find((written) => written.toLowerCase() === name);
  return key === undefined ? undefined : read(headers, key);
}

function amount(value: unknown): number | undefined {
  if (typeof value === "string" && value.trim() === "") return undefined;
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function seconds(value: unknown): number | undefined {
  const number = amount(value);
  return number === undefined ? undefined : number * 1_000;
}

function dated(value: unknown, nowMs: () => number): number | undefined {
  const inMs = typeof value === "string" ? Date.parse(value) - nowMs() : Number.NaN;
  return Number.isNaN(inMs) ? undefined : inMs;
}
