import { fromCallback, setup } from "xstate";
import { z } from "zod";
import { defineSupervisor } from "../../../../actors/index.ts";
import { defineProtocol, isCoxswainError, type MessageOf } from "../../../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../../../src/index.ts";
import type { Scenario, SimulatedNode, World } from "../../../../src/testing/simulation/index.ts";
import { Lives } from "./lives.ts";

const hand = defineProtocol({ name: "hand", accepts: { fall: z.object({}), end: z.object({}) } });

export const intensity = 6;
export const periodMs = 10_000;
const leaseMs = 3_000;
/** Children on another node than their supervisor, and one beside it. */
const children = ["ship-bow", "ship-stern", "ship.mid"];

/** A child whose life can be seen from outside. */
function handActor(lives: () => Lives, node: SimulatedNode) {
  const life = fromCallback<{ type: string }, string>(({ input }) => lives().begin(input, node));
  const machine = setup({
    types: { events: {} as MessageOf<typeof hand>, input: {} as string, context: {} as { at: string } },
    actors: { life },
  });
  const boom = (): never => {
    throw new Error("planted");
  };
  return defineActor({
    protocol: hand,
    machine: machine.createMachine({
      context: ({ input }) => ({ at: input }),
      invoke: { src: "life", input: ({ context }) => context.at },
      initial: "up",
      states: { up: { on: { fall: { actions: boom }, end: "over" } }, over: { type: "final" } },
    }),
  });
}

export interface SupervisionCounts {
  starts: number;
  trees: number;
}

/**
 * A supervisor on one node, with children there and on two others, under whatever happens to any of them. What must hold:
 * never two lives of one child at once, outside the stated exception; no more restarts than the intensity allows; and when
 * all is well again, each child lives.
 */
export function supervisionScenario({
  forMs,
  totals,
}: {
  readonly forMs: number;
  readonly totals?: SupervisionCounts;
}): Scenario {
  let lives: Lives | undefined;
  let trees = 0;
  /** For each start of the supervisor, when its children began. */
  const begun: number[][] = [];
  const systems = new Map<string, ActorSystem>();

  const tree = (node: SimulatedNode) => {
    const own = { restart: "permanent", startWithinMs: 5_000 } as const;
    return defineSupervisor({
      strategy: "one_for_one",
      intensity,
      periodMs,
      backoff: { initialMs: 200, maxMs: 2_000 },
      children: [
        { id: "bow", actor: "hand", input: "ship-bow", node: ["b", "c"], ...own },
        { id: "stern", actor: "hand", input: "ship-stern", node: ["c", "b"], ...own },
        { id: "mid", actor: handActor(() => lives as Lives, node), input: "ship.mid", ...own },
      ],
    });
  };
  /** Who looks after the tree itself: it is started again whenever it has ended, as long as this process lives. */
  const keep = async (node: SimulatedNode, world: World, system: ActorSystem): Promise<void> => {
    for (;;) {
      begun.push([]);
      trees += 1;
      try {
        const ref = await system.spawn("ship", tree(node));
        world.note("the tree is up");
        const outcome = await ref.watch().down;
        world.note(`the tree has ended: ${JSON.stringify(outcome)}`);
      } catch (error) {
        world.note(`the tree did not start: ${String(error)}`);
      }
      await new Promise<void>((resolve) => node.env.setTimer(500, resolve));
    }
  };

  return {
    boot: async (node, world) => {
      systems.delete(node.name);
      const transport = await node.connect();
      const actors = { hand: handActor(() => lives as Lives, node) };
      const options = { name: "sim", node: node.name, transport, env: node.env, leaseMs, actors };
      const system = await createSystem({ ...options, onReport: () => {} });
      systems.set(node.name, system);
      if (node.name === "a") void keep(node, world, system);
    },
    drive: (world) => {
      lives = new Lives(world, leaseMs, 2_000);
      lives.onBegin = () => void begun.at(-1)?.push(world.nowMs);
      world.onDeath((node) => systems.delete(node.name));
      world.every(1_500, forMs, () => {
        const node = world.random.pick(world.nodes);
        const system = systems.get(node.name);
        const address = world.random.pick(children);
        const type = world.random.pick(["fall", "end"] as const);
        if (system === undefined || node.process.paused) return;
        try {
          system.ref(address, hand).tell({ type });
        } catch (error) {
          if (!isCoxswainError(error)) world.fail("every refusal is typed", String(error));
        }
      });
    },
    check: (world) => {
      lives?.checkEnd();
      for (const address of children) {
        if (lives?.of(address).length === 0) world.fail("in the end each child lives", address);
      }
      for (const times of begun) checkIntensity(world, times.slice(children.length));
      if (totals !== undefined) {
        totals.trees += trees;
        totals.starts += lives?.starts.length ?? 0;
      }
    },
  };
}

/**
 * A restart is counted when it is decided on, and seen when the child begins: of those seen within a period, one of each
 * child may have been decided on before.
 *
 * @param restarts when children began that were not the first of their supervisor
 */
function checkIntensity(world: World, restarts: readonly number[]): void {
  const most = intensity + children.length;
  for (const [n, fromMs] of restarts.entries()) {
    const next = restarts[n + most];
    // The supervisor's own clock may run slow by two percent.
    if (next === undefined || next - fromMs > periodMs * 0.97) continue;
    world.fail("no more restarts than the intensity", `${most + 1} from ${fromMs} to ${next} ms`);
  }
}
