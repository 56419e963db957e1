import { type ActorSystem, createSystem, defineActor } from "coxswain";
import { reply } from "coxswain/machines";
import { defineProtocol, type MessageOf, question } from "coxswain/protocols";
import { type Fault, type Scenario, simulate } from "coxswain/testing";
import { setup } from "xstate";
import { z } from "zod";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";

const hourMs = 3_600_000;
/** How often somebody tells and asks, in simulated milliseconds. */
const everyMs = 1_000;
const nodes = ["a", "b", "c", "d", "e"];

/** Every half minute something goes wrong, each kind in its turn. */
const faults = Array.from({ length: 108 }, (_, n): Fault => {
  const atMs = (n + 1) * 30_000;
  const node = nodes[n % nodes.length] as string;
  const kinds: readonly Fault[] = [
    { kind: "reset", atMs, node },
    { kind: "partition", atMs, node, forMs: 5_000 },
    { kind: "pause", atMs, node, forMs: 3_000 },
    { kind: "kill", atMs, node, steps: 5, silent: false, restartAfterMs: 2_000 },
    { kind: "storeGap", atMs, forMs: 2_000 },
    { kind: "slow", atMs, node, forMs: 5_000, byMs: 200 },
  ];
  return kinds[n % kinds.length] as Fault;
});

const desk = defineProtocol({
  name: "desk",
  accepts: {
    work: z.object({ n: z.number() }),
    add: question(z.object({ n: z.number() }), z.object({ n: z.number() })),
  },
});
const machine = setup({ types: { events: {} as MessageOf<typeof desk> } }).createMachine({
  on: { work: {}, add: { actions: reply(({ event }) => ({ n: event.n + 1 })) } },
});
const deskActor = defineActor({ protocol: desk, machine });

/** On each node an actor; all of them are told and asked from all nodes. */
function traffic(counts: { asked: number; answered: number }): Scenario {
  const systems = new Map<string, ActorSystem>();
  return {
    boot: async (node) => {
      const transport = await node.connect();
      const options = { name: "sim", node: node.name, transport, env: node.env, onReport: () => {} };
      const system = await createSystem(options);
      systems.set(node.name, system);
      // Until the lease of its former life is over, its name is taken.
      const live = (): void =>
        void system.spawn(`desk-${node.name}`, deskActor).catch(() => node.env.setTimer(everyMs, live));
      live();
    },
    drive: (world) => {
      world.onDeath((node) => systems.delete(node.name));
      world.every(everyMs, hourMs, () => {
        const node = world.random.pick(world.nodes);
        const system = systems.get(node.name);
        if (system === undefined || node.process.paused) return;
        const ref = system.ref(`desk-${world.random.pick(nodes)}`, desk);
        ref.tell({ type: "work", n: counts.asked });
        counts.asked++;
        ref.ask({ type: "add", n: 1 }).then(
          () => void counts.answered++,
          () => {},
        );
      });
    },
    check: (world) => {
      if (counts.answered < counts.asked * 0.8) world.fail("most asks are answered", JSON.stringify(counts));
    },
  };
}

await serveSide({
  near: ({ side, quick }: SideConfig) => {
    let seed = 0;
    return {
      round: async () => {
        const untilMs = quick ? hourMs / 60 : hourMs;
        const counts = { asked: 0, answered: 0 };
        const isFaulty = side.endsWith("faults");
        seed++;
        const began = performance.now();
        const { broken, events } = await simulate({
          seed,
          nodes,
          untilMs,
          faults: isFaulty ? faults.filter(({ atMs }) => atMs < untilMs * 0.9) : [],
          scenario: () => traffic(counts),
        });
        const hourTookMs = performance.now() - began;
        if (broken !== undefined) throw new Error(`${broken.promise}: ${broken.detail}`);
        return { hourMs: hourTookMs, perSecond: (events / hourTookMs) * 1_000 };
      },
    };
  },
});
