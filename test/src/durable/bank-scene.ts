import type { ActorDefinition, ActorRef, ActorSystem, SystemOptions } from "../../../src/index.ts";
import { accountActor, bank, plainWorld, type World } from "./bank.ts";
import type { DurableCluster, DurableNode } from "./durable-cluster.ts";
import type { FaultyCluster, FaultyNode } from "./faulty-cluster.ts";
import type { Fate, Step } from "./faulty-wire.ts";

export const eve = "account.eve";

export interface Scene {
  readonly cluster: FaultyCluster;
  /** Hosts nothing, and has no faults. */
  readonly watcher: ActorSystem;
  readonly host: FaultyNode;
  /** Of the account `eve`. */
  readonly ref: ActorRef<typeof bank>;
  /** Keys of what was paid to the outside, by the node that did. */
  readonly attempts: Readonly<Record<string, string[]>>;
  /** Another host, without faults. */
  second(name?: string): Promise<DurableNode>;
}

export interface SceneOptions {
  readonly durability?: Parameters<typeof accountActor>[1];
  /** Of every node, and of the faulty host alone. */
  readonly node?: Partial<SystemOptions>;
  readonly host?: Parameters<DurableCluster["join"]>[2];
  /** Instead of one in which everything succeeds at once. */
  readonly worldOf?: (node: string, alive: () => boolean) => World;
}

/** A bystander, and a host of accounts with faults. */
export async function scene(
  cluster: FaultyCluster,
  fateOf: (step: Step) => Fate | undefined = () => undefined,
  { durability, node, host: hostOptions, worldOf }: SceneOptions = {},
): Promise<Scene> {
  const attempts: Record<string, string[]> = {};
  const actorsOf = (name: string, alive?: () => boolean): Record<string, ActorDefinition> => {
    attempts[name] ??= [];
    const world = worldOf?.(name, alive ?? (() => true)) ?? plainWorld(attempts[name], alive);
    return { account: accountActor(world, durability) };
  };
  const watcher = await cluster.join("watcher", {}, node);
  const host = await cluster.joinFaulty("first", fateOf, (alive) => actorsOf("first", alive), {
    ...node,
    ...hostOptions,
  });
  const ref = watcher.system.ref(eve, bank);
  return {
    cluster,
    watcher: watcher.system,
    host,
    ref,
    attempts,
    second: (name = "second") => cluster.join(name, actorsOf(name), node),
  };
}

export function statementOf({ cluster, watcher }: Scene, address = eve) {
  const ref = watcher.ref(address, bank);
  return cluster.asked(() => ref.ask({ type: "read" }, { withinMs: 2_000 }));
}

/** The codes of the dead letters. */
export async function lettersOf({ cluster, watcher }: Scene): Promise<readonly string[]> {
  return (await cluster.settled(watcher.deadLetters.list())).map(({ code }) => code);
}
