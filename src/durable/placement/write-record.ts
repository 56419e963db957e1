import { type CoxswainError, encodeValue } from "../../../protocols/index.ts";
import { isLostRace } from "../../transport/outcomes.ts";
import type { Bucket, Entry, Outcome } from "../../transport/transport.ts";

/**
 * What became of a compare-and-set.
 *
 * - `written`: the entry is ours.
 * - `lost`: another was first.
 * - `failed`: the record is as it was when last read, or could not be read; the write may still come to be. To be tried
 *   again on the same revision: only one of both can succeed.
 */
export type Written =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "lost" }
  | { readonly kind: "failed"; readonly error: CoxswainError };

/**
 * Writes a record where it is at `revision`, or missing where that is undefined. An unknown outcome is settled by reading
 * the record from the leader (R3): where its value is ours and its revision moved, it is the write's. The value must be
 * one that nobody else writes.
 */
export async function writeRecord(
  bucket: Bucket,
  key: string,
  record: object,
  revision: number | undefined,
): Promise<Written> {
  const value = encodeValue(record);
  const written = await write(bucket, key, value, revision);
  if (written.kind === "ok") return { kind: "written", entry: { key, value, revision: written.value } };
  if (isLostRace(written)) return { kind: "lost" };
  if (written.kind === "rejected") return { kind: "failed", error: written.error };
  const found = await bucket.get(key);
  if (found.kind !== "ok" || found.value?.revision === revision)
    return { kind: "failed", error: written.error };
  const entry = found.value;
  return entry?.value !== undefined && sameBytes(entry.value, value)
    ? { kind: "written", entry }
    : { kind: "lost" };
}

function write(
  bucket: Bucket,
  key: string,
  value: Uint8Array,
  revision: number | undefined,
): Promise<Outcome<number>> {
  return revision === undefined ? bucket.create(key, value) : bucket.update(key, value, revision);
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
