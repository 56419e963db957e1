import type { NodeRecord } from "../../registry.ts";
import { type Host, ownerOf, type Required, serves } from "../placement/owner-of.ts";
import { groupOfShard } from "../placement/shard-names.ts";
import type { Placement } from "./durable-store.ts";

/** Shards that nobody can hold: what is sent to agents in them waits, whatever their types. */
export interface Stranded {
  readonly group: string;
  readonly shards: number;
  /** What no living node has enough of: types that these shards have kept, with the version that is needed at the least. */
  readonly unserved: readonly { readonly type: string; readonly version: number }[];
  /** What the group's types need of a node. */
  readonly labels: readonly string[];
}

/**
 * What keeps shards from being held, group by group. A type that is not served any more strands the others: what a shard has kept of it is
 * never given to a node that cannot load it.
 *
 * @param nodes that are members now
 */
export function strandedIn(
  placement: Placement,
  nodes: readonly Pick<NodeRecord, "node" | "incarnation">[],
): readonly Stranded[] {
  const hosts = hostsOf(placement, nodes);
  const found = new Map<string, { shards: number; versions: Map<string, number>; labels: Set<string> }>();
  for (const [shard, { versions }] of placement.shards) {
    const group = groupOfShard(shard);
    const required = requiredOf(placement, group, versions);
    if (ownerOf(shard, hosts, required) !== undefined) continue;
    const stranded = found.get(group) ?? { shards: 0, versions: new Map(), labels: new Set() };
    found.set(group, stranded);
    stranded.shards += 1;
    for (const label of required.labels) stranded.labels.add(label);
    for (const [type, version] of Object.entries(versions))
      if (!hosts.some((host) => host.alive && serves(host, type, version)))
        stranded.versions.set(type, Math.max(version, stranded.versions.get(type) ?? 0));
  }
  return [...found].map(([group, { shards, versions, labels }]) => {
    const unserved = [...versions].map(([type, version]) => ({ type, version }));
    return { group, shards, unserved, labels: [...labels] };
  });
}

function hostsOf(
  { hosts }: Placement,
  nodes: readonly Pick<NodeRecord, "node" | "incarnation">[],
): readonly Host[] {
  const living = new Map(nodes.map(({ node, incarnation }) => [node, incarnation]));
  return [...hosts].map(([node, record]) => {
    return { ...record, node, alive: living.get(node) === record.incarnation };
  });
}

function requiredOf({ types }: Placement, group: string, versions: Required["versions"]): Required {
  const ofGroup = [...types].filter(([, type]) => type.group === group);
  return {
    types: ofGroup.map(([type]) => type),
    labels: ofGroup.flatMap(([, { needs }]) => needs),
    versions,
  };
}
