import { CoxswainError, type Envelope } from "../../protocols/index.ts";

// Stands in for the codec of protocols/ until that is there.

export function copyPlain(value: unknown): { value: unknown; bytes: number } {
  try {
    return { value: structuredClone(value), bytes: (JSON.stringify(value) ?? "").length };
  } catch (cause) {
    throw new CoxswainError("MESSAGE_INVALID", "Expected plain data", { cause });
  }
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return Buffer.from(JSON.stringify(envelope));
}
