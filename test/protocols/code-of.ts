import { isCoxswainError } from "../../protocols/index.ts";

/** The code a call is refused with, or what it gave. Anything else that is thrown fails the test. */
export function codeOf(run: () => unknown): string | { value: unknown } {
  try {
    return { value: run() };
  } catch (thrown) {
    if (isCoxswainError(thrown)) return thrown.code;
    throw thrown;
  }
}
