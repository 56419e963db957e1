import { mayDispatch } from "../../../../machines/durability/lease.ts";
import { Directory } from "../../../../src/durable/placement/directory.ts";
import { Shards } from "../../../../src/durable/placement/shards.ts";
import type { ShardsHost } from "../../../../src/durable/placement/shards-host.ts";
import type { Env } from "../../../../src/env/env.ts";
import { Registry } from "../../../../src/registry.ts";
import { valueOrThrow } from "../../../../src/transport/outcomes.ts";
import type { Bucket, Store } from "../../../../src/transport/transport.ts";

export const leaseMs = 3_000;

export interface PlacementOptions {
  readonly node: string;
  readonly incarnation?: string;
  readonly labels?: readonly string[];
  /** Of each type its version, or what it needs besides. Default `account` at version 1. */
  readonly types?: Readonly<Record<string, number | { version: number; needs: readonly string[] }>>;
  readonly shards?: number;
  readonly releaseMs?: number;
  /** What the agents of a shard do. */
  readonly agents?: Partial<Pick<ShardsHost, "acquired" | "releasing">>;
  readonly onEvent?: (event: string) => void;
  /** What lies between the node and its buckets. */
  readonly between?: (bucket: Bucket, name: "members" | "hosts") => Bucket;
}

/** A member of a cluster that holds shards, and of what would run in them only a log. */
export interface PlacementNode {
  readonly name: string;
  readonly registry: Registry;
  readonly directory: Directory;
  readonly shards: Shards;
  readonly host: ShardsHost;
  /** What was asked of the host and told to it, in order. */
  readonly log: string[];
  readonly reports: string[];
  /** Shards whose agents may run, and in which term of the membership they were taken up. */
  readonly running: ReadonlyMap<string, number>;
  /** It may dispatch a message of the shard now, as far as it could know. */
  mayRun(shard: string): boolean;
  /** In order. */
  leave(withinMs?: number): Promise<void>;
}

export async function placementNode(
  store: Store,
  env: Env,
  options: PlacementOptions,
): Promise<PlacementNode> {
  const { node, incarnation = `${node}1`, between = (bucket) => bucket, onEvent = () => {} } = options;
  const members = between(valueOrThrow(await store.bucket("cx_test")), "members");
  const bucket = between(valueOrThrow(await store.bucket("cx_test_hosts")), "hosts");
  const [log, reports]: [string[], string[]] = [[], []];
  const note = (event: string): void => {
    log.push(event);
    onEvent(event);
  };
  const registry: Registry = new Registry(
    members,
    { node, incarnation, zone: "main", pid: 1, host: "h", startedAtMs: 0, leaseMs },
    env,
    {
      nodeUp: () => opened?.membersChanged(),
      nodeDown: () => opened?.membersChanged(),
      uncertain: () => {},
      rootMoved: () => {},
      rootLost: () => {},
      failed: () => {},
      answers: async () => false,
      reopen: () => store.bucket("cx_test"),
    },
  );
  let opened: Directory | undefined;
  await registry.join();
  const report: ShardsHost["report"] = ({ message }) => void reports.push(message);
  const directory = await Directory.open({ env, bucket, members: registry, report });
  opened = directory;
  const types = Object.entries(options.types ?? { account: 1 }).map(([type, given]) => {
    const { version, needs } = typeof given === "number" ? { version: given, needs: [] } : given;
    return [type, { version, needs, protocol: `${type}s` }];
  });
  const announcement = await directory.announce({
    node,
    incarnation,
    labels: options.labels ?? [],
    types: Object.fromEntries(types),
    shards: options.shards,
  });
  const running = new Map<string, number>();
  const term = (): number => registry.tenure.term;
  const mayHold = (): boolean => mayDispatch(registry.tenure, env.monotonicMs());
  const host: ShardsHost = {
    env,
    directory,
    announcement,
    mayHold,
    term,
    acquired: async (shard) => {
      if (running.has(shard)) note(`twice ${shard}`);
      running.set(shard, term());
      note(`acquired ${shard}`);
      await options.agents?.acquired?.(shard);
    },
    releasing: async (shard, withinMs) => {
      note(`releasing ${shard}`);
      const agents = (await options.agents?.releasing?.(shard, withinMs)) ?? 3;
      if (running.delete(shard)) note(`stopped ${shard}`);
      return agents;
    },
    lost: (shard) => {
      running.delete(shard);
      note(`lost ${shard}`);
    },
    changed: (shard, from, to) => note(`changed ${shard} ${from ?? "-"} ${to ?? "-"}`),
    report,
  };
  const shards = new Shards(host, { leaseMs, releaseMs: options.releaseMs });
  shards.start();
  return {
    ...{ name: node, registry, directory, shards, host, log, reports, running },
    mayRun: (shard) => running.get(shard) === term() && mayHold(),
    leave: async (withinMs = 2_000) => {
      await shards.drain(withinMs);
      shards.close();
      directory.close();
      await registry.leave();
    },
  };
}
