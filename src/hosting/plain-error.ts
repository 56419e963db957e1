import { copyPlain, toWireError, type WireError } from "../../protocols/index.ts";

/** An error that can cross: without details that are no plain data. */
export function plainError(thrown: unknown): WireError {
  const { details, ...bare } = toWireError(thrown);
  if (details === undefined) return bare;
  try {
    return { ...bare, details: copyPlain(details).value as Record<string, unknown> };
  } catch {
    return bare;
  }
}
