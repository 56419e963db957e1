import { ownerOf } from "../../../../src/durable/placement/owner-of.ts";
import {
  randomStream,
  type Scenario,
  type SimulatedNode,
  type World,
} from "../../../../src/testing/simulation/index.ts";
import { type PlacementNode, placementNode } from "./placement-node.ts";

export interface PlacementCounts {
  acquired: number;
  lost: number;
  released: number;
  dispatched: number;
  drained: number;
}

export const noCounts = (): PlacementCounts => ({
  acquired: 0,
  lost: 0,
  released: 0,
  dispatched: 0,
  drained: 0,
});

/** How agents behave: as ordered, or slow, stuck and throwing at times. */
export interface Behaviour {
  readonly unruly: boolean;
  /** Nodes leave in order, and come back, until then. */
  readonly restlessForMs: number;
  /** The server may forget that it released a shard, or gave it: then two may hold it, until they hear of each other. */
  readonly forgetful?: boolean;
  readonly counts?: PlacementCounts;
}

/**
 * Nodes that hold shards and dispatch messages in them. Promised: of all nodes that may dispatch in a shard at a time there is
 * one at most, and it is asked of the hosts in the right order; in the end each shard is held by the node that is to hold it.
 */
export function placementScenario(behaviour: Behaviour): Scenario {
  const { unruly, restlessForMs, forgetful = false, counts = noCounts() } = behaviour;
  const nodes = new Map<string, PlacementNode>();

  const alone = (world: World, who: PlacementNode, shard: string): void => {
    for (const other of forgetful ? [] : nodes.values())
      if (other !== who && other.mayRun(shard))
        world.fail("one holder a shard", `${shard} is held by ${who.name} and ${other.name}`);
  };

  const boot = async (simulated: SimulatedNode, world: World): Promise<void> => {
    const { env, name, life } = simulated;
    const transport = await simulated.connect();
    const chance = randomStream(`${name} ${life} ${env.random()}`);
    const wait = (ms: number): Promise<void> => new Promise((resolve) => env.setTimer(ms, resolve));
    const over = new Set<string>();
    const node: PlacementNode = await placementNode(transport.store, env, {
      node: name,
      incarnation: `${name}-${life}`,
      releaseMs: 1_000,
      shards: 8,
      agents: {
        acquired: async () => {
          await wait(chance.whole(1, 100));
          if (unruly && chance.chance(0.05)) throw new Error("The records cannot be read");
        },
        releasing: async () => {
          await wait(chance.whole(1, unruly && chance.chance(0.1) ? 3_000 : 300));
          if (unruly && chance.chance(0.05)) throw new Error("The agents cannot be stopped");
          return 1;
        },
      },
      onEvent: (event) => {
        const [what = "", shard = ""] = event.split(" ");
        world.note(`${name}.${life} ${event}`);
        if (what === "twice") world.fail("no shard is taken up twice", `${name} ${shard}`);
        if (what === "acquired") counts.acquired += 1;
        if (what === "lost") counts.lost += 1;
        if (what === "stopped") counts.released += 1;
        if (what === "acquired") over.delete(shard);
        if (what === "lost" && over.has(shard))
          world.fail("nothing is said of a shard that is over", `${name} ${shard}`);
        if (what === "lost" || what === "stopped") over.add(shard);
        const known = nodes.get(name);
        if (what === "acquired" && known !== undefined) alone(world, known, shard);
      },
    });
    transport.onEvent((event) => {
      if (event.type !== "connected") return;
      node.registry.reconnected();
      node.directory.reconnected();
    });
    nodes.set(name, node);
    const dispatch = (): void => {
      env.setTimer(chance.whole(5, 60), dispatch);
      for (const shard of node.running.keys()) {
        if (!node.shards.holds(shard)) continue;
        counts.dispatched += 1;
        alone(world, node, shard);
      }
    };
    dispatch();
  };

  return {
    boot,
    drive: (world) => {
      world.onDeath(({ name }) => void nodes.delete(name));
      world.every(3_000, restlessForMs, () => {
        const simulated = world.random.pick(world.nodes);
        const node = nodes.get(simulated.name);
        if (!simulated.wellNow || node === undefined) return;
        world.note(`${node.name} is to leave`);
        const end = (): void => {
          counts.drained += 1;
          if (nodes.get(node.name) !== node) return;
          simulated.kill(false);
          world.after(world.random.whole(10, 4_000), () => {
            if (!simulated.alive) simulated.start();
          });
        };
        node.leave(1_000).then(end, end);
      });
    },
    check: (world) => {
      const [first] = nodes.values();
      if (first === undefined || nodes.size < world.nodes.length)
        return world.fail("all nodes are there in the end", [...nodes.keys()].join());
      for (const shard of first.directory.shards) {
        const holders = [...nodes.values()].filter((node) => node.mayRun(shard)).map(({ name }) => name);
        const owner = ownerOf(shard, first.directory.hosts, first.directory.required(shard));
        if (holders.join() !== owner?.node)
          world.fail(
            "each shard is held by its owner in the end",
            `${shard} by ${holders.join() || "none"}, not ${owner?.node}`,
          );
      }
    },
  };
}
