import type { DurableRecord, Stored } from "./record.ts";

/** One compare-and-set: it takes effect only on the revision it expects; 0 where the key must be missing. */
export interface Write<State = unknown, Message = unknown> {
  readonly expect: number;
  readonly record: DurableRecord<State, Message>;
}

/** What the store said of a write. `unknown`: no answer in time. */
export type Answer =
  | { readonly kind: "ok"; readonly revision: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "unknown" };

/**
 * - `committed`: it is so, at this revision.
 * - `fenced`: somebody else wrote. Whether or not the write had come before, another owner goes on from there.
 * - `again`: it has not happened: repeat it, with the same nonce.
 * - `read`: only the record can tell.
 */
export type Settlement =
  | { readonly kind: "committed"; readonly revision: number }
  | { readonly kind: "fenced" | "again" | "read" };

/**
 * R2: a commit is one write on the revision that was held. `nonce` must be new: chance or a count, but no
 * two writes may share one.
 */
export function writeOf<State, Message>(
  record: DurableRecord<State, Message>,
  expect: number,
  nonce: string,
): Write<State, Message> {
  return { expect, record: { ...record, nonce } };
}

/** R3: also a conflict is read, since an earlier try of the same write may be what it conflicts with. */
export function settle(answer: Answer): Settlement {
  return answer.kind === "ok" ? { kind: "committed", revision: answer.revision } : { kind: "read" };
}

/**
 * R3: settles a write by the record, which must come from the leader: a replica's can be old.
 *
 * Source: Jepsen, "etcd 3.4.3": only the checked write excludes, no lock does.
 */
export function settleByReading(
  { expect, record }: Write,
  stored: (Pick<Stored, "revision"> & { readonly record: Pick<DurableRecord, "nonce"> }) | undefined,
): Settlement {
  if (stored?.record.nonce === record.nonce) return { kind: "committed", revision: stored.revision };
  return { kind: (stored?.revision ?? 0) === expect ? "again" : "fenced" };
}
