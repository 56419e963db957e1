import type { HostRecord, Versions } from "./records.ts";
import { textHash } from "./shard-names.ts";

/** A node that announced durable types. */
export interface Host extends HostRecord {
  readonly node: string;
  /** This very incarnation is a member of the cluster, as far as is known here. */
  readonly alive: boolean;
}

/** What a shard asks of its holder. */
export interface Required {
  /** Of its node. */
  readonly labels: readonly string[];
  /** The types of its group. */
  readonly types: readonly string[];
  /** What has been kept of them there, at the least. */
  readonly versions: Versions;
}

/**
 * Who is to hold a shard: the same answer on every node that sees the same hosts, and when one comes or goes only its own
 * shards move (rendezvous hashing: the highest of all hashes of shard and host).
 *
 * A node takes only what it can load: it has the group's labels, and serves each type that has been kept in the shard at
 * that version or a newer one. So two versions live side by side while nodes are replaced, and what a newer one has held
 * never goes back. Who serves all the types of the group that are served at all goes before who serves some.
 */
export function ownerOf(shard: string, hosts: readonly Host[], required: Required): Host | undefined {
  const able = hosts.filter((host) => canHold(host, required));
  const served = required.types.filter((type) => able.some((host) => serves(host, type)));
  const complete = able.filter((host) => served.every((type) => serves(host, type)));
  let best: Host | undefined;
  for (const host of complete.length > 0 ? complete : able)
    if (best === undefined || goesBefore(host, best, shard)) best = host;
  return best;
}

function canHold(host: Host, { labels, types, versions }: Required): boolean {
  return (
    host.alive &&
    !host.leaving &&
    labels.every((label) => host.labels.includes(label)) &&
    types.some((type) => serves(host, type)) &&
    Object.entries(versions).every(([type, version]) => serves(host, type, version))
  );
}

export function serves({ types }: Host, type: string, version = 0): boolean {
  return Object.hasOwn(types, type) && (types[type] ?? 0) >= version;
}

function goesBefore(one: Host, other: Host, shard: string): boolean {
  const [ours, theirs] = [weightOf(shard, one.node), weightOf(shard, other.node)];
  return ours > theirs || (ours === theirs && one.node < other.node);
}

/** By the node's name, not its incarnation: one that comes back gets back what it had. */
function weightOf(shard: string, node: string): number {
  // FNV-1a alone gives names that differ in their last letter hashes that rise together (MurmurHash3's finisher).
  let hash = textHash(`${shard}/${node}`);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
