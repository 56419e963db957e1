import { createMemoryHub } from "../../../../src/transport/memory.ts";
import { valueOrThrow } from "../../../../src/transport/outcomes.ts";
import type { Bucket, Store } from "../../../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../../../support/simulated-env.ts";
import { type PlacementNode, type PlacementOptions, placementNode } from "./placement-node.ts";

/** Several nodes of one process on one hub, in virtual time. */
export interface MemoryCluster {
  readonly env: SimulatedEnv;
  readonly store: Store;
  /** As others see it who are no members. */
  readonly hosts: Bucket;
  readonly nodes: readonly PlacementNode[];
  /** Resolves when it has joined and announced itself; time passes meanwhile. */
  join(options: PlacementOptions | string): Promise<PlacementNode>;
  /** Lets virtual time pass in small steps, and the promises in between run. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until it is so. */
  until(so: () => boolean, withinMs?: number): Promise<void>;
  /** Of each shard the nodes in which its agents may run now. */
  placed(): Readonly<Record<string, readonly string[]>>;
}

export async function memoryCluster(seed = 1): Promise<MemoryCluster> {
  const env = simulatedEnv({ seed });
  const hub = createMemoryHub({ env });
  const { store } = hub.connect();
  const hosts = valueOrThrow(await store.bucket("cx_test_hosts"));
  const nodes: PlacementNode[] = [];
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 25) {
      env.advance(Math.min(25, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    env,
    store,
    hosts,
    nodes,
    pass,
    join: async (options) => {
      const given = typeof options === "string" ? { node: options } : options;
      const joining = placementNode(hub.connect().store, env, given).then((node) => nodes.push(node));
      let settled = false;
      const over = (): void => {
        settled = true;
      };
      joining.then(over, over);
      for (let steps = 0; !settled && steps < 1_000; steps++) await pass(5);
      return nodes[(await joining) - 1] as PlacementNode;
    },
    until: async (so, withinMs = 60_000) => {
      for (let waitedMs = 0; !so(); waitedMs += 25) {
        if (waitedMs > withinMs) throw new Error(`Not so after ${withinMs} ms: ${so}`);
        await pass(25);
      }
    },
    placed: () => {
      const shards = nodes[0]?.directory.shards ?? [];
      return Object.fromEntries(
        shards.map((shard) => [shard, nodes.filter((node) => node.mayRun(shard)).map(({ name }) => name)]),
      );
    },
  };
}
