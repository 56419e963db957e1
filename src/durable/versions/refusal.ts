import { CoxswainError } from "../../../protocols/index.ts";
import type { Difference } from "./differences.ts";
import type { Issue } from "./issue.ts";

/**
 * Why a stored snapshot was not taken. Plain data.
 *
 * - `malformed`: it does not say what it is of.
 * - `newer`: a later version stored it.
 * - `changed`: the machine changed in a way its snapshots depend on, its version did not.
 * - `stepMissing`: there is no migration from its version.
 * - `stepFailed`: a migration threw, or gave back what is no plain data.
 * - `misfit`: what it is, or what the migrations made of it, is no snapshot of the machine.
 */
export interface Refusal {
  readonly kind: "malformed" | "newer" | "changed" | "stepMissing" | "stepFailed" | "misfit";
  /** The same for all snapshots that were refused for the same reason. */
  readonly says: string;
  /** The migration at fault, by the version it leads to. */
  readonly step?: number;
  /** What it threw. */
  readonly thrown?: string;
  readonly issues?: readonly Issue[];
  readonly differences?: readonly Difference[];
}

const issuesTold = 3;

/** The refusal as an error, for whoever wanted something of the actor. */
export function snapshotRefused(
  refusal: Refusal,
  of: { readonly type: string; readonly key: string },
): CoxswainError {
  const { says, thrown, issues = [], differences = [] } = refusal;
  const more = [
    ...(thrown === undefined ? [] : [thrown]),
    ...issues.map((issue) => `${issue.says} at ${issue.path}`),
    ...differences.filter(({ effect }) => effect === "breaking").map((difference) => difference.says),
  ];
  const told = more.length === 0 ? "" : `: ${more.slice(0, issuesTold).join("; ")}`;
  return new CoxswainError("SNAPSHOT_REFUSED", `${of.type}.${of.key} was not loaded: ${says}${told}`, {
    details: { ...of, ...refusal },
  });
}
