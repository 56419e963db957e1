import fc from "fast-check";
import { expect, test } from "vitest";
import { fromCallback, setup } from "xstate";
import { z } from "zod";
import { defineProtocol, type MessageOf } from "../../protocols/index.ts";
import { type ActorSystem, createMemoryHub, createSystem, defineActor } from "../../src/index.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";

const named = defineProtocol({
  name: "named",
  accepts: { die: z.object({}), fall: z.object({}) },
});

/** Who lives where, as the actors themselves see it. */
type Living = Map<string, Set<number>>;

const boom = (): never => {
  throw new Error("planted");
};

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("spawn" as const), node: fc.nat(1), at: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("stop" as const), node: fc.nat(1), at: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die" as const), node: fc.nat(1), at: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain" as const), node: fc.nat(1), at: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), node: fc.nat(4), at: fc.nat(2) }) },
);

const addresses = ["crew.one", "crew.two", "desk.one"];

async function pause(env: SimulatedEnv, turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) {
    env.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("no interleaving of spawn, stop and drain on two nodes gives two live actors at one address", async () => {
  let spawned = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 4, maxLength: 40 }), fc.nat(), async (commands, seed) => {
      const simulated = simulatedEnv({ seed });
      // Incarnations are the first characters of an id.
      const uniqueId = (): string => simulated.uniqueId().split("").reverse().join("");
      const env: SimulatedEnv = { ...simulated, uniqueId };
      const hub = createMemoryHub({ env });
      const living: Living = new Map(addresses.map((address) => [address, new Set()]));
      let twice: string | undefined;
      let lives = 0;
      // The call lives as long as its actor: its disposer runs before the name is given back.
      const actor = (address: string) => {
        const life = fromCallback(() => {
          const here = living.get(address) as Set<number>;
          const own = lives++;
          here.add(own);
          if (here.size > 1) twice = `${address}: ${[...here].join(" and ")}`;
          return () => here.delete(own);
        });
        const machine = setup({ types: { events: {} as MessageOf<typeof named> }, actors: { life } });
        return defineActor({
          protocol: named,
          machine: machine.createMachine({
            invoke: { src: "life" },
            initial: "alive",
            states: { alive: { on: { die: "dead", fall: { actions: boom } } }, dead: { type: "final" } },
          }),
        });
      };
      const open = (node: string): Promise<ActorSystem> =>
        createSystem({ name: "t", node, transport: hub.connect(), env, onReport: () => {} });
      let opened = 2;
      const nodes = [open("n0"), open("n1")];
      const settling: Promise<unknown>[] = [];
      const settle = (promise: Promise<unknown>): void => void settling.push(promise.catch(() => {}));
      await pause(env, 4);
      for (const { do: what, node, at } of commands) {
        const address = addresses[at] as string;
        if (what === "wait") {
          await pause(env, node);
          continue;
        }
        const system = await Promise.race([nodes[node], pause(env, 20)]);
        if (system === undefined) continue;
        const ref = (system as ActorSystem).ref(address, named);
        if (what === "spawn") {
          settle((system as ActorSystem).spawn(address, actor(address)));
        } else if (what === "stop") settle(ref.stop());
        else if (what === "die") {
          try {
            ref.tell({ type: node === 0 ? "die" : "fall" });
          } catch {
            // Its system is closing.
          }
        } else {
          settle((system as ActorSystem).drain({ withinMs: 0 }));
          nodes[node] = open(`n${opened++}`);
        }
      }
      await pause(env, 10);
      const last = await Promise.all(nodes.map((node) => Promise.race([node, pause(env, 50)])));
      for (const system of last)
        settle((system as ActorSystem | undefined)?.drain({ withinMs: 0 }) ?? Promise.resolve());
      for (let i = 0; i < 20; i++) await pause(env, 5);
      await Promise.all(settling);
      expect(twice).toBeUndefined();
      spawned += lives;
    }),
    { numRuns: 300, seed: Number(process.env.NAMES_SEED ?? 7) },
  );
  // The commands did not only refuse one another.
  expect(spawned).toBeGreaterThan(300);
});
