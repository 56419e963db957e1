import { connectClient } from "../client.ts";
import { type Stranded, strandedIn } from "../durable/inspection/index.ts";
import type { NatsOptions } from "../transport/nats-options.ts";
import type { Finding } from "./doctor.ts";

const what = "durable agents";

/** Whether somebody can hold all durable agents of a system that is there. @throws as `connectClient` */
export async function durableFindings(options: NatsOptions, system: string): Promise<readonly Finding[]> {
  await using client = await connectClient({ ...options, system, onReport: () => {} });
  const [store, nodes] = [await client.durableStore(), await client.nodes()];
  if (store === undefined) return [];
  const { types, hosts } = store.placement;
  const kept = `${types.size} ${types.size === 1 ? "type" : "types"}`;
  if (!nodes.some(({ node, incarnation }) => hosts.get(node)?.incarnation === incarnation))
    return [{ what, state: "note", says: `${kept}; no node hosts any now: what is sent to them waits` }];
  const stranded = strandedIn(store.placement, nodes);
  if (stranded.length > 0) return stranded.map(strandedFinding);
  return [{ what, state: "fine", says: `${kept}; every shard has a node that can hold it` }];
}

function strandedFinding({ group, shards, unserved, labels }: Stranded): Finding {
  const needed = unserved.map(({ type, version }) => `${type} at version ${version} or newer`);
  const has = labels.length === 0 ? "" : ` with ${labels.join(", ")}`;
  const says = `${shards} shards of group ${group} can be held by nobody: what is sent to any agent in them waits`;
  const remedy =
    needed.length === 0
      ? `one node${has} that serves all that these shards have kept`
      : `a node${has} that serves ${needed.join(" and ")}, also where that type is to be retired`;
  return { what, state: "missing", says, remedy };
}
