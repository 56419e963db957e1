import { createHash } from "node:crypto";
import { decodeValue, encodeValue, isCoxswainError, type Limits } from "../../../protocols/index.ts";

/**
 * A value as a history keeps it: whole where it is small; of a large one only what tells it from another; of one that is no plain
 * data, why not.
 */
export type Noted =
  | { readonly value: unknown }
  | { readonly digest: string; readonly bytes: number }
  | { readonly unnoted: string };

/** A larger value is noted by its digest, in bytes. */
export const notedMaxBytes = 2_048;
const limits: Partial<Limits> = { bytesMax: 900_000, depthMax: 64, nodesMax: 500_000 };

/** @param maxBytes 0 for a digest in any case */
export function noted(value: unknown, maxBytes = notedMaxBytes): Noted {
  if (value === undefined) return { value: null };
  try {
    const encoded = encodeValue(value, limits);
    // What lacks a key and what has it undefined are the same once they are stored.
    if (encoded.length <= maxBytes) return { value: decodeValue(encoded, limits) };
    const digest = createHash("sha256").update(canonical(value)).digest("hex").slice(0, 16);
    return { digest, bytes: encoded.length };
  } catch (thrown) {
    return { unnoted: isCoxswainError(thrown) ? thrown.message : "it cannot be read" };
  }
}

export function isSame(one: Noted, other: Noted): boolean {
  if ("value" in one && "value" in other) return canonical(one.value) === canonical(other.value);
  if ("digest" in one && "digest" in other) return one.digest === other.digest;
  return "unnoted" in one && "unnoted" in other;
}

/** Text that is the same for plain data that is the same, in whatever order its keys come. */
export function canonical(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
