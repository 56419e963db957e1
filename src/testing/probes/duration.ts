import { CoxswainError, quote } from "../../../protocols/index.ts";

/** @throws OPTION_INVALID */
export function durationOf(ms: number, name = "withinMs"): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new CoxswainError("OPTION_INVALID", `Expected ${name} to be a number >= 0, got ${quote(ms)}`);
}

/** A duration for a message. */
export function msText(ms: number): string {
  return `${Math.round(ms * 10) / 10} ms`;
}
