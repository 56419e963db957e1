import type { Directory } from "./directory.ts";
import { type Host, ownerOf, type Required, serves } from "./owner-of.ts";
import { groupOfShard } from "./shard-names.ts";

/**
 * What keeps shards from being served, in sentences for an operator: of groups in which `node` has a part.
 */
export function findings(directory: Directory, hosts: readonly Host[], node: string): readonly string[] {
  const me = hosts.find((host) => host.node === node);
  const found = new Set<string>();
  for (const shard of directory.shards) {
    const required = directory.required(shard);
    if (me === undefined || !required.types.some((type) => serves(me, type))) continue;
    const group = groupOfShard(shard);
    const owner = ownerOf(shard, hosts, required);
    if (owner === undefined)
      found.add(`No node can hold shards of group ${group} that need ${needs(required)}`);
    else
      for (const type of unserved(owner, hosts, required))
        found.add(
          `Agents of type ${type} are not served in all shards of group ${group}: no node serves all its types (${required.types.join(", ")})`,
        );
  }
  return [...found];
}

function needs({ labels, versions }: Required): string {
  const least = Object.entries(versions).map(([type, version]) => `${type} at version ${version} or newer`);
  return [...new Set(labels), ...least].join(", ") || "one of its types";
}

/** Types that live nodes serve and the owner does not. */
function unserved(owner: Host, hosts: readonly Host[], { types }: Required): readonly string[] {
  return types.filter(
    (type) => !serves(owner, type) && hosts.some((host) => host.alive && !host.leaving && serves(host, type)),
  );
}
