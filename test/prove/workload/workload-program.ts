// The client: sends until it is told to stop, then reads what the agents say. Never struck itself. Argument: its options as JSON.
import { createSystem } from "../../../src/index.ts";
import type { Message } from "../fleet/child.ts";
import { Client } from "./client.ts";
import { runScenario } from "./scenarios.ts";
import { agentsOf, type WorkloadOptions } from "./workload-options.ts";

process.on("disconnect", () => process.exit(0));

const options = JSON.parse(process.argv[2] ?? "") as WorkloadOptions;
const { system: name, servers, leaseMs, connection, folder, scenarios, keys, seed } = options;
const system = await createSystem({ name, servers, leaseMs, connection, node: "client" });
const client = new Client(system, folder);
const stopping = new AbortController();
const agents = scenarios.flatMap((scenario) => agentsOf(scenario, keys));
const say = (message: Message): void => void process.send?.(message);
let running: Promise<unknown> = Promise.resolve();

const orders: Readonly<Record<string, (message: Message) => unknown>> = {
  start: () => {
    running = Promise.all(
      scenarios.map((scenario, index) =>
        runScenario(client, scenario, { keys, seed: seed + index, signal: stopping.signal }),
      ),
    );
  },
  /** What is asked may still find its answer for so long. */
  stop: async ({ withinMs }) => {
    stopping.abort();
    const patience = setTimeout(() => client.giveUp(), Number(withinMs));
    await running;
    clearTimeout(patience);
    say({ type: "stopped" });
  },
  read: async () => {
    const states = await Promise.all(
      agents.map(async (actor) => ({ actor, state: await client.read(actor) })),
    );
    say({ type: "states", states: states.filter(({ state }) => state !== undefined) });
  },
  count: () => say({ type: "counts", counts: client.counts }),
};

process.on("message", (message: Message) => void orders[message.type]?.(message));
say({ type: "ready" });
