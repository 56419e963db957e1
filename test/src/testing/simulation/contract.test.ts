import { World } from "../../../../src/testing/simulation/world.ts";
import type { Transport } from "../../../../src/transport/transport.ts";
import { transportContract } from "../../transport/contract.ts";
import type { Pair } from "../../transport/support.ts";

/** So much faster than the real one its time passes: what lasts seconds need not, and half a minute is still long. */
const pace = 10;

/** Lets time pass until `stop` is called. */
function runOn(world: World): { stop(): Promise<void> } {
  let running = true;
  const began = performance.now();
  const run = async (): Promise<void> => {
    while (running) {
      await world.clock.runUntil((performance.now() - began) * pace);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const ran = run();
  return {
    stop: () => {
      running = false;
      return ran;
    },
  };
}

/** Two clients of a simulated server. */
async function makePair(): Promise<Pair> {
  const transports: Promise<Transport>[] = [];
  const world = new World({
    seed: 1,
    nodes: ["one", "two"],
    boot: async (node) => void transports.push(node.connect()),
    startMs: Date.now(),
    // Where nothing goes wrong they come in order.
    server: { overtaking: 0 },
  });
  world.start([]);
  const running = runOn(world);
  while (transports.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const [one, two] = (await Promise.all(transports)) as [Transport, Transport];
  return {
    one,
    two,
    [Symbol.asyncDispose]: async () => {
      await one.close();
      await two.close();
      await running.stop();
    },
  };
}

transportContract("simulated", makePair);
