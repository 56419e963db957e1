import { migrate, type StoredSnapshot } from "./migrate.ts";
import type { Versioned } from "./migration.ts";
import type { Refusal } from "./refusal.ts";

/** What would become of stored actors if a node with this definition took them. Plain data. */
export interface DryRun {
  readonly type: string;
  readonly version: number;
  readonly sampled: number;
  /** The machine that stored them is this one, or differs in nothing they depend on. */
  readonly asTheyAre: number;
  readonly migrated: number;
  /** Most frequent first. */
  readonly refusals: readonly RefusalGroup[];
}

/** Snapshots refused for one reason. */
export interface RefusalGroup {
  readonly count: number;
  readonly says: string;
  /** The first of them. */
  readonly example: { readonly key: string; readonly reason: Refusal };
}

/** Tries to load each record, and keeps nothing of what came of it. */
export function dryRun(records: Iterable<StoredSnapshot>, definition: Versioned): DryRun {
  let [sampled, asTheyAre, migrated] = [0, 0, 0];
  const groups = new Map<string, { count: number; says: string; example: RefusalGroup["example"] }>();
  for (const stored of records) {
    sampled++;
    const loaded = migrate(stored, definition, 0);
    if (loaded.ok) {
      if ((loaded.audit?.steps.length ?? 0) > 0) migrated++;
      else asTheyAre++;
      continue;
    }
    const says = reasonOf(loaded.reason);
    const group = groups.get(says);
    if (group !== undefined) group.count++;
    else groups.set(says, { count: 1, says, example: { key: stored.key, reason: loaded.reason } });
  }
  const refusals = [...groups.values()].sort((a, b) => b.count - a.count);
  const { type, version } = definition;
  return { type, version, sampled, asTheyAre, migrated, refusals };
}

/** Without where and with which value: that differs from one record to the next. */
function reasonOf({ says, thrown, issues = [], differences = [] }: Refusal): string {
  const first = thrown ?? issues[0]?.says ?? differences.find(({ effect }) => effect === "breaking")?.says;
  return first === undefined ? says : `${says}: ${first}`;
}
