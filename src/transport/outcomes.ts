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

export function closedError(cause?: unknown): CoxswainError {
  return failure("TRANSPORT_CLOSED", "Expected an open connection, but this one is closed", cause);
}

export function tooLarge(
  subject: string,
  { length }: { readonly length: number },
  payloadMaxBytes: number,
): CoxswainError {
  return new CoxswainError(
    "PAYLOAD_TOO_LARGE",
    `Expected a payload of at most ${payloadMaxBytes} bytes, got ${length} for ${subject}`,
    { details: { bytes: length, payloadMaxBytes } },
  );
}

/** Another was first; the store is well. */
export function isLostRace(outcome: Outcome<unknown>): boolean {
  return outcome.kind === "rejected" && outcome.error.code === "ADDRESS_TAKEN";
}

/** For callers whose own contract is to throw. */
export function valueOrThrow<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "ok") return outcome.value;
  throw outcome.error;
}

/** A promise that is settled from outside. Node 20 has no `Promise.withResolvers`. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => {};
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
