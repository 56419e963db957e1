import { CoxswainError } from "../../protocols/index.ts";
import { isLoopError } from "./internals.ts";

/** A turn that does not end. */
export function loopedError(cause?: unknown): CoxswainError {
  return new CoxswainError(
    "MACHINE_LOOPED",
    `Expected the machine to come to rest after an event, but it goes in circles`,
    cause === undefined ? {} : { cause },
  );
}

/** What an actor's error is to the outside. */
export function faultOf(error: unknown): unknown {
  return isLoopError(error) ? loopedError(error) : error;
}
