import { World } from "../../../../src/testing/simulation/world.ts";
import type { Transport } from "../../../../src/transport/transport.ts";
import { transportContract } from "../../transport/contract.ts";
import type { Pair } from "../../transport/support.ts";

/** Two clients of a simulated server, whose time passes as fast as it can. */
async function makePair(): Promise<Pair> {
  const transports: Promise<Transport>[] = [];
  const world = new World({
    seed: 1,
    nodes: ["one", "two"],
    boot: async (node) => void transports.push(node.connect()),
    startMs: Date.now(),
  });
  world.start([]);
  world.clock.runFreely();
  await new Promise((resolve) => setImmediate(resolve));
  const [one, two] = (await Promise.all(transports)) as [Transport, Transport];
  return {
    one,
    two,
    [Symbol.asyncDispose]: async () => {
      await one.close();
      await two.close();
    },
  };
}

transportContract("simulated", makePair, ["queues"]);
