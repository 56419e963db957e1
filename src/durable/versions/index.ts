export { checkSnapshot } from "./check-snapshot.ts";
export { type Difference, differencesOf } from "./differences.ts";
export { type DryRun, dryRun, type RefusalGroup } from "./dry-run.ts";
export { fingerprintOf, fingerprintOfOutline } from "./fingerprint.ts";
export type { Issue } from "./issue.ts";
export { type Audit, type Loaded, migrate, type StoredSnapshot } from "./migrate.ts";
export {
  checkVersions,
  type Migration,
  type MigrationStep,
  type Migrations,
  type StoredTimer,
  type Versioned,
} from "./migration.ts";
export { type MachineOutline, type Outline, outlineOf, type StateOutline } from "./outline.ts";
export type { PersistedChild, PersistedMachine } from "./persisted.ts";
export { type Refusal, snapshotRefused } from "./refusal.ts";
