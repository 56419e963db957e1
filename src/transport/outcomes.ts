import { CoxswainError, type ErrorCode } from "../../protocols/index.ts";
import type { Outcome } from "./transport.ts";

export const done: Outcome = { kind: "ok", value: undefined };

export function ok<T>(value: T): Outcome<T> {
  return { kind: "ok", value };
}

export function rejected(code: ErrorCode, message: string, cause?: unknown): Outcome<never> {
  return { kind: "rejected", error: failure(code, message, cause) };
}

export function unknown(code: ErrorCode, message: string, cause?: unknown): Outcome<never> {
  return { kind: "unknown", error: failure(code, message, cause) };
}

function failure(code: ErrorCode, message: string, cause: unknown): CoxswainError {
  return new CoxswainError(code, message, cause === undefined ? {} : { cause });
}
