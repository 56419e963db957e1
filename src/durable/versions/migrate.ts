import { toWireError } from "../../../protocols/index.ts";
import { checkSnapshot } from "./check-snapshot.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { fingerprintOf, fingerprintOfOutline } from "./fingerprint.ts";
import { copied, type Issue } from "./issue.ts";
import {
  isVersion,
  type Migration,
  type MigrationStep,
  type StoredTimer,
  type Versioned,
} from "./migration.ts";
import { type Outline, outlineOf } from "./outline.ts";
import type { Refusal } from "./refusal.ts";
import { resume } from "./resumption.ts";

/** What is stored of an actor, and of which machine. */
export interface StoredSnapshot {
  readonly key: string;
  readonly version: number;
  readonly fingerprint: string;
  readonly snapshot: unknown;
  readonly timers?: readonly StoredTimer[];
}

/** That a snapshot was taken by another machine than the one that stored it. Plain data. */
export interface Audit {
  readonly type: string;
  readonly key: string;
  readonly from: { readonly version: number; readonly fingerprint: string };
  readonly to: { readonly version: number; readonly fingerprint: string };
  /** The migrations that were applied, by the version each leads to. */
  readonly steps: readonly number[];
  /** Where the version is the same: what changed, all of it compatible. */
  readonly differences?: readonly Difference[];
  readonly atMs: number;
}

export type Loaded =
  | {
      readonly ok: true;
      readonly snapshot: unknown;
      readonly timers: readonly StoredTimer[];
      /** Undefined where the very machine that stored it takes it as it is. */
      readonly audit: Audit | undefined;
    }
  | { readonly ok: false; readonly reason: Refusal };

/**
 * Makes of a stored snapshot one that this definition can restore, or says why not. What it gives has been checked;
 * what it was given is not changed.
 *
 * - same version and fingerprint: as it is
 * - same version, another fingerprint: as it is, if all that changed since is compatible
 * - older: through each migration in turn
 * - newer: refused; a node with that version must take it
 */
export function migrate(stored: StoredSnapshot, definition: Versioned, atMs: number): Loaded {
  const { version, logic } = definition;
  if (!isVersion(stored.version) || typeof stored.fingerprint !== "string") {
    return refused("malformed", "It does not say of what version of the machine it is");
  }
  if (stored.version > version) {
    const says = `It is of version ${stored.version}, this is ${version}: a node with version ≥ ${stored.version} must take it`;
    return refused("newer", says);
  }
  const { snapshot, timers = [] } = stored;
  if (stored.version < version) return throughSteps(stored, definition, atMs);
  if (stored.fingerprint !== fingerprintOf(logic)) return acrossChange(stored, definition, atMs);
  const issues = checkSnapshot(logic, snapshot, definition.context);
  return issues.length > 0 ? misfit(issues) : { ok: true, snapshot, timers, audit: undefined };
}

/** The machine changed, its version did not. */
function acrossChange(stored: StoredSnapshot, definition: Versioned, atMs: number): Loaded {
  const { logic, version } = definition;
  const { snapshot, timers = [] } = stored;
  const before = knownOutline(stored.fingerprint, definition);
  const changed = `The machine changed, its version ${version} did not`;
  if (before === undefined) {
    return refused("changed", `${changed}; what it was (${stored.fingerprint}) is not known here`);
  }
  const differences = differencesOf(before, outlineOf(logic));
  if (differences.some(({ effect }) => effect === "breaking")) {
    return refused("changed", changed, { differences });
  }
  const issues = checkSnapshot(logic, snapshot, definition.context);
  if (issues.length > 0) return misfit(issues);
  return { ok: true, snapshot, timers, audit: auditOf(stored, definition, { steps: [], differences, atMs }) };
}

function throughSteps(stored: StoredSnapshot, definition: Versioned, atMs: number): Loaded {
  const { logic, version, type } = definition;
  const chain: Migration<never, unknown>[] = [];
  for (let to = stored.version + 1; to <= version; to++) {
    const step = migrationTo(definition, to);
    if (step === undefined) {
      const says = `There is no migration from version ${to - 1} to ${to}`;
      return refused("stepMissing", says, { step: to });
    }
    chain.push(step);
  }
  let at: Copies = { snapshot: stored.snapshot, timers: stored.timers ?? [] };
  const steps: number[] = [];
  for (const migration of chain) {
    const from = stored.version + steps.length;
    const done = oneStep(migration, at, { from, to: from + 1, type, key: stored.key });
    if ("kind" in done) return { ok: false, reason: done };
    at = done;
    steps.push(from + 1);
  }
  const issues = checkSnapshot(logic, at.snapshot, definition.context);
  if (issues.length > 0) return misfit(issues, version);
  const before = {
    ...stored,
    timers: stored.timers ?? [],
    outline: knownOutline(stored.fingerprint, definition),
  };
  const resumed = resume(logic, at, before);
  if (resumed.issues.length > 0) return misfit(resumed.issues, version);
  const audit = auditOf(stored, definition, { steps, atMs });
  return { ok: true, snapshot: at.snapshot, timers: resumed.timers, audit };
}

interface Copies {
  readonly snapshot: unknown;
  readonly timers: readonly StoredTimer[];
}

/** Copies before and after: what a migration keeps of what it was given, or gave, is nobody's. */
function oneStep(
  migration: Migration<never, unknown>,
  before: Copies,
  step: Omit<MigrationStep, "timers">,
): Copies | Refusal {
  const failed = (says: string, more: Partial<Refusal> = {}): Refusal => ({
    kind: "stepFailed",
    says: `Migration ${step.to} ${says}`,
    step: step.to,
    ...more,
  });
  const given = copied(before, "");
  if (!given.ok) return failed("was not tried: what is stored is no plain data", { issues: [given.issue] });
  const { snapshot, timers } = given.value as { snapshot: never; timers: StoredTimer[] };
  let result: unknown;
  try {
    result = migration(snapshot, { ...step, timers });
  } catch (error) {
    return failed("threw", { thrown: toWireError(error).message });
  }
  if (isPromise(result)) return failed("returned a promise; it must be synchronous");
  if (result === undefined)
    return failed("returned nothing; return the snapshot also where it was changed in place");
  const made = copied({ snapshot: result, timers }, "");
  return made.ok
    ? (made.value as Copies)
    : failed("returned what is no plain data", { issues: [made.issue] });
}

function isPromise(result: unknown): boolean {
  if (!(result instanceof Promise)) return false;
  // Nobody waits for it, so its failure would end the process.
  result.catch(() => {});
  return true;
}

function migrationTo({ migrations = {} }: Versioned, to: number): Migration<never, unknown> | undefined {
  return Object.hasOwn(migrations, to) ? migrations[to] : undefined;
}

/** Only one that is what its name says: whoever may write to the store could have put another there. */
function knownOutline(fingerprint: string, { outlineOf }: Versioned): Outline | undefined {
  if (fingerprint === "reducer" || fingerprint === "transition" || fingerprint === "call") {
    return { kind: fingerprint };
  }
  const outline = outlineOf?.(fingerprint);
  return outline !== undefined && fingerprintOfOutline(outline) === fingerprint ? outline : undefined;
}

function auditOf(
  { key, version, fingerprint }: StoredSnapshot,
  definition: Versioned,
  how: Pick<Audit, "steps" | "differences" | "atMs">,
): Audit {
  const { type, logic } = definition;
  const to = { version: definition.version, fingerprint: fingerprintOf(logic) };
  return { type, key, from: { version, fingerprint }, to, ...how };
}

function misfit(issues: readonly Issue[], step?: number): Loaded {
  const what = step === undefined ? "What is stored" : `What the migrations to version ${step} made of it`;
  const more = step === undefined ? { issues } : { issues, step };
  return refused("misfit", `${what} is no snapshot of the machine`, more);
}

function refused(kind: Refusal["kind"], says: string, more: Partial<Refusal> = {}): Loaded {
  return { ok: false, reason: { kind, says, ...more } };
}
