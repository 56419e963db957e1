import { CoxswainError, quote } from "../../protocols/index.ts";

/** @throws OPTION_INVALID for a name that is none of `known`: a typo must not pass silently. */
export function checkOptions(owner: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw optionError(`Expected options of ${owner} among ${known.join(", ")}, got ${quote(name)}`);
    }
  }
}

/** @throws OPTION_INVALID */
export function numberOption(
  name: string,
  value: unknown,
  fallback: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw optionError(`Expected ${name} to be a whole number from ${min} to ${max}, got ${quote(value)}`);
  }
  return value;
}

/** @throws OPTION_INVALID */
export function textOption(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "") {
    throw optionError(`Expected ${name} to be a non-empty text, got ${quote(value)}`);
  }
  return value;
}

export function optionError(message: string, cause?: unknown): CoxswainError {
  return new CoxswainError("OPTION_INVALID", message, cause === undefined ? {} : { cause });
}
