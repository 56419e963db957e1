import type { PlantedBug } from "./planted-bugs.ts";

/** How a node of the run is started. */
export interface NodeOptions {
  readonly system: string;
  readonly node: string;
  readonly servers: readonly string[];
  readonly leaseMs: number;
  /** In how many servers each stream and bucket is kept. */
  readonly connection: { readonly replicas: number };
  /** Planted into the node. */
  readonly bug?: PlantedBug;
  /** Addresses to spawn as volatile actors, to try the harness itself. Undefined: the agents are durable. */
  readonly volatile?: readonly string[];
}
