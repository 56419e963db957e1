import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyActorLogic } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import type { Outline } from "./outline.ts";
import type { PersistedMachine } from "./persisted.ts";

/** A delayed event of a stored actor. Whatever else belongs to it is kept. */
export interface StoredTimer {
  /** The path of the actor that set it: empty for the root, `/child`. */
  readonly source: string;
  /** Of an `after`: `xstate.after.<delay>.<id of the state>`. */
  readonly id?: string | undefined;
  readonly dueAtMs: number;
  readonly event: { readonly type: string };
}

export interface MigrationStep {
  readonly from: number;
  readonly to: number;
  readonly type: string;
  readonly key: string;
  /** Copies, to be changed in place: where a state with an `after` is renamed, so is its timer. */
  readonly timers: StoredTimer[];
}

/**
 * Makes a snapshot of one version out of one of the version before. Works on a deep copy, which it may change; must
 * be synchronous, and depend on nothing but what it is given, since it may run again.
 */
export type Migration<Before = PersistedMachine, After = Before> = (
  snapshot: Before,
  step: MigrationStep,
) => After;

/** By the version they lead to. */
export type Migrations = Readonly<Record<number, Migration<never, unknown>>>;

/** What of a durable definition its versions depend on. */
export interface Versioned {
  readonly type: string;
  /** Undefined for a plain reducer. */
  readonly logic: AnyActorLogic | undefined;
  readonly version: number;
  readonly migrations?: Migrations;
  /** What the context of a machine, or the state of a reducer, must fit when it is loaded. */
  readonly context?: StandardSchemaV1;
  /** The outline that was kept of a fingerprint, if it was. */
  readonly outlineOf?: (fingerprint: string) => Outline | undefined;
}

/** @throws OPTION_INVALID for a version or a migration that can never be used. */
export function checkVersions({ type, version, migrations = {} }: Versioned): void {
  if (!isVersion(version)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected the version of ${type} to be a whole number from 1 on, got ${quote(version)}`,
    );
  }
  for (const [to, migration] of Object.entries(migrations)) {
    if (typeof migration !== "function") {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected migration ${to} of ${type} to be a function, got ${quote(migration)}`,
      );
    }
    if (!isVersion(Number(to)) || Number(to) < 2 || Number(to) > version) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected migrations of ${type} to lead to versions 2 to ${version}, got ${quote(to)}`,
      );
    }
  }
}

export function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
