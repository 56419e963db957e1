import { actorAddress, decodeValue } from "../../../protocols/index.ts";
import type { ActorDefinition } from "../../actor.ts";
import type { DelayedEvent } from "../../durable/agent-record.ts";
import type { Durability } from "../../durable/durability.ts";
import { type DurableStore, type StoredRecord, storedRecords } from "../../durable/inspection/index.ts";
import { decodeRecord } from "../../durable/record-codec.ts";
import {
  type DryRun,
  dryRun,
  fingerprintOf,
  type Outline,
  type RefusalGroup,
  type StoredSnapshot,
  type Versioned,
} from "../../durable/versions/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";

/** Records in memory at a time. */
const atATimeMax = 64;

/**
 * What would become of the stored agents of a type if a node with this definition took them: of at most `sampleMax`, those
 * first that were written longest ago. Nothing is changed.
 *
 * @throws STORE_FAILED
 */
export async function dryRunType(
  store: DurableStore,
  type: string,
  { behaviour, durability }: ActorDefinition & { readonly durability: Durability },
  sampleMax: number,
): Promise<DryRun> {
  const { version, migrations, context } = durability;
  const outlines = new Map<string, Outline | undefined>();
  const versioned: Versioned = {
    ...{ type, version, logic: behaviour.kind === "logic" ? behaviour.logic : undefined },
    ...(migrations === undefined ? {} : { migrations }),
    ...(context === undefined ? {} : { context }),
    outlineOf: (fingerprint) => outlines.get(fingerprint),
  };
  const own = fingerprintOf(versioned.logic);
  let sum = dryRun([], versioned);
  let page: StoredSnapshot[] = [];
  const tryPage = (): void => {
    sum = added(sum, dryRun(page, versioned));
    page = [];
  };
  for await (const stored of storedRecords(store, type)) {
    if (sum.sampled + page.length >= sampleMax) break;
    const read = snapshotIn(stored);
    if (read === undefined) continue;
    if ("says" in read) sum = added(sum, { ...dryRun([], versioned), sampled: 1, refusals: [read] });
    else {
      const { fingerprint } = read;
      if (fingerprint !== own && !outlines.has(fingerprint))
        outlines.set(fingerprint, await keptOutline(store, fingerprint));
      page.push(read);
    }
    if (page.length >= atATimeMax) tryPage();
  }
  tryPage();
  return sum;
}

/** Undefined for an agent that has no state yet, or none any more. */
function snapshotIn({ key, value }: StoredRecord): StoredSnapshot | RefusalGroup | undefined {
  const address = key.slice(key.indexOf(".") + 1);
  try {
    const { record } = decodeRecord(value);
    const { version, fingerprint, snapshot } = record.state;
    if (record.closed || snapshot === undefined) return undefined;
    const timers = record.timers.map(({ dueAtMs, message }) => {
      const { source, event, id } = message as DelayedEvent;
      return { source, id: id.slice(id.indexOf("|") + 1), dueAtMs, event };
    });
    const { data } = snapshot as { readonly data: unknown };
    return { key: actorAddress(address), version, fingerprint, snapshot: data, timers };
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return { count: 1, says, example: { key: address, reason: { kind: "malformed", says } } };
  }
}

async function keptOutline({ hosts }: DurableStore, fingerprint: string): Promise<Outline | undefined> {
  const found = valueOrThrow(await hosts.get(`outline.${fingerprint}`));
  return found?.value && (decodeValue(found.value) as Outline);
}

function added(one: DryRun, other: DryRun): DryRun {
  const groups = new Map(one.refusals.map((group) => [group.says, group]));
  for (const group of other.refusals) {
    const known = groups.get(group.says);
    groups.set(group.says, known === undefined ? group : { ...known, count: known.count + group.count });
  }
  return {
    ...one,
    sampled: one.sampled + other.sampled,
    asTheyAre: one.asTheyAre + other.asTheyAre,
    migrated: one.migrated + other.migrated,
    refusals: [...groups.values()].sort((a, b) => b.count - a.count),
  };
}
