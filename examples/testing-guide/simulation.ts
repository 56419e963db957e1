import { type ActorSystem, createSystem, defineActor } from "coxswain";
import type { Scenario, SimulatedNode, World } from "coxswain/testing";
import type { ledger } from "./ledger.ts";
import { billing, work } from "./protocols.ts";
import { worker } from "./worker.ts";

const workerActor = defineActor({ protocol: work, machine: worker });

/** An office with the ledger, and two nodes that begin a new job each second for half a minute. */
export function shop(machine: typeof ledger): Scenario {
  const jobs: string[] = [];
  const bootWorkers = (system: ActorSystem, { name, env }: SimulatedNode, world: World): void => {
    const begin = (n: number): void => {
      const job = `${name}.job${n}`;
      jobs.push(job);
      const failed = (error: Error): void => world.note(`${job} did not begin: ${error.message}`);
      system.spawn(job, workerActor, { input: { job } }).catch(failed);
      if (n < 30) env.setTimer(1_000, () => begin(n + 1));
    };
    begin(1);
  };
  const bootOffice = async (system: ActorSystem, world: World): Promise<void> => {
    const ref = await system.spawn("ledger", defineActor({ protocol: billing, machine }));
    world.after(55_000, async () => {
      for (const job of jobs) {
        const { count } = await ref.ask({ type: "charges", job });
        if (count > 1) world.fail("each job is charged once", `${job} was charged ${count} times`);
      }
    });
  };
  return {
    boot: async (node, world) => {
      const { name, env } = node;
      const transport = await node.connect();
      const system = await createSystem({ name: "shop", node: name, transport, env, onReport: () => {} });
      if (name === "office") await bootOffice(system, world);
      else bootWorkers(system, node, world);
    },
  };
}
