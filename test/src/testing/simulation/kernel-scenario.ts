import { fromCallback, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../../../machines/index.ts";
import {
  type ActorOutcome,
  actorAddress,
  defineProtocol,
  isCoxswainError,
  type MessageOf,
  question,
  rootOf,
} from "../../../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../../../src/index.ts";
import type { Scenario, SimulatedNode, World } from "../../../../src/testing/simulation/index.ts";
import { Accounts } from "./accounts.ts";
import { type Host, Lives } from "./lives.ts";

export const leaseMs = 3_000;

const desk = defineProtocol({
  name: "desk",
  accepts: {
    work: z.object({ n: z.number() }),
    fall: z.object({}),
    end: z.object({}),
    add: question(z.object({ n: z.number() }), z.object({ n: z.number() })),
    mute: question(z.object({}), z.object({})),
  },
});

/** Whoever wants to may live at these, on any node. */
const addresses = ["desk.one", "desk.two", "bow.one", "stern.one"];

/** An actor whose life can be seen from outside: the call lives as long as it does. */
function deskActor(lives: Lives, node: SimulatedNode, address: string) {
  const life = fromCallback(() => lives.begin(address, node));
  const machine = setup({ types: { events: {} as MessageOf<typeof desk> }, actors: { life } });
  const boom = (): never => {
    throw new Error("planted");
  };
  return defineActor({
    protocol: desk,
    waitingMax: 50,
    machine: machine.createMachine({
      invoke: { src: "life" },
      initial: "open",
      states: {
        open: {
          on: {
            work: {},
            mute: {},
            add: { actions: reply(({ event }) => ({ n: event.n + 1 })) },
            fall: { actions: boom },
            end: "closed",
          },
        },
        closed: { type: "final" },
      },
    }),
  });
}

interface Asked {
  readonly what: string;
  readonly untilMs: number;
  /** Who lived there when it was asked. */
  readonly hosts: readonly Host[];
}

/** A process of a node, and what it promised to those in it. */
interface Part {
  readonly system: ActorSystem;
  readonly node: SimulatedNode;
  readonly asks: Set<Asked>;
  readonly watches: { readonly address: string; readonly outcomes: ActorOutcome[] }[];
}

export interface KernelCounts {
  sent: number;
  ended: number;
  asks: number;
  answers: number;
  watches: number;
  lives: number;
}

/**
 * Actors come, go and fall on three nodes; everybody tells, asks and watches everybody.
 *
 * @param strict nothing that happens may lose a message: then each that was sent has to have come to an end
 * @param killsOnly nothing happens but that processes die: then an ask to one of them settles before its own time is over
 * @param counted no process dies or is cut off: then each message that was sent has come to an end or is known to be lost on the
 * way, each letter is where it was put, and nothing that lives is taken for lost
 * @param doubled two may have lived at one address for a while: then both may have had a message
 */
export function kernelScenario({
  forMs,
  strict,
  counted = false,
  doubled = false,
  killsOnly = false,
  totals,
}: {
  readonly forMs: number;
  readonly strict: boolean;
  readonly counted?: boolean;
  readonly doubled?: boolean;
  readonly killsOnly?: boolean;
  readonly totals?: KernelCounts;
}): Scenario {
  const parts = new Map<string, Part>();
  const all: Part[] = [];
  const actors = new Map<string, ReturnType<typeof deskActor>>();
  let lives: Lives | undefined;
  let accounts: Accounts | undefined;
  let count = 0;

  const actorFor = (node: SimulatedNode, address: string): ReturnType<typeof deskActor> => {
    const key = `${node.name} ${address}`;
    const actor = actors.get(key) ?? deskActor(lives as Lives, node, address);
    actors.set(key, actor);
    return actor;
  };

  const settles = (
    world: World,
    part: Part,
    address: string,
    withinMs: number,
    asked: Promise<unknown>,
  ): void => {
    const untilMs = world.nowMs + withinMs;
    const what = `${part.node.name} asks ${address} at ${world.nowMs.toFixed(1)} ms (${count++})`;
    const key: Asked = { what, untilMs, hosts: (lives as Lives).lately(address) };
    part.asks.add(key);
    if (totals !== undefined) totals.asks++;
    asked.then(
      () => {
        part.asks.delete(key);
        if (totals !== undefined) totals.answers++;
      },
      (error: unknown) => {
        part.asks.delete(key);
        if (!isCoxswainError(error))
          world.fail("every ask ends in an answer or a typed error", String(error));
      },
    );
  };
  const watch = (world: World, part: Part, address: string): void => {
    const outcomes: ActorOutcome[] = [];
    part.watches.push({ address, outcomes });
    const sinceMs = world.nowMs;
    part.system.ref(address, desk).watch((outcome) => {
      outcomes.push(outcome);
      // A new watch is told that nobody lives there where the other node is away.
      const isNew = world.nowMs - sinceMs < 2_000;
      if (counted && !isNew && outcome.kind === "lost" && lives?.lasts(address, sinceMs))
        world.fail(
          "no watch is told of an end that is none",
          `${part.node.name} on ${address}: ${outcome.reason}`,
        );
      if (outcomes.length > 1)
        world.fail("a watch fires once", `${part.node.name} on ${address}: ${JSON.stringify(outcomes)}`);
    });
  };
  const act = (world: World, part: Part): void => {
    const { random } = world;
    const address = random.chance(0.03) ? "nobody.at.all" : random.pick(addresses);
    const ref = part.system.ref(address, desk);
    const dice = random.next();
    if (dice < 0.35) ref.tell({ type: "work", n: count++ });
    else if (dice < 0.6) {
      const withinMs = random.pick([500, 5_000, 3_600_000]);
      settles(world, part, address, withinMs, ref.ask({ type: "add", n: count }, { withinMs }));
    } else if (dice < 0.64) {
      settles(world, part, address, 1_000, ref.ask({ type: "mute" }, { withinMs: 1_000 }));
    } else if (dice < 0.67) ref.tell({ type: "fall" });
    else if (dice < 0.7) ref.tell({ type: "end" });
    else if (dice < 0.72) void ref.stop();
    else if (dice < 0.82) watch(world, part, address);
    else spawn(world, part, address).catch(() => {});
  };
  const spawn = async (world: World, part: Part, address: string): Promise<void> => {
    const ref = await part.system.spawn(address, actorFor(part.node, address));
    const life = lives?.of(address).find(({ node }) => node === part.node);
    ref.watch((outcome) => {
      if (counted && outcome.kind === "lost" && life !== undefined && !lives?.isExcused(life))
        world.fail("nothing that lives is taken for lost", `${address}: ${JSON.stringify(outcome)}`);
    });
  };
  const holdersOf = (root: string): readonly SimulatedNode[] =>
    addresses
      .filter((address) => rootOf(actorAddress(address)) === root)
      .flatMap((address) => (lives as Lives).of(address).map(({ node }) => node));
  /** In the end a name that nobody holds is free. */
  const takeFree = (world: World): void => {
    const [part] = parts.values();
    for (const address of addresses) {
      if (part === undefined || holdersOf(rootOf(actorAddress(address))).length > 0) continue;
      spawn(world, part, address).catch((error: unknown) =>
        world.fail("a name that nobody holds is free", `${address} on ${part.node.name}: ${String(error)}`),
      );
    }
  };
  /** And one that is held is taken. */
  const takeHeld = (world: World): void => {
    for (const part of parts.values()) {
      for (const address of addresses) {
        if (holdersOf(rootOf(actorAddress(address))).includes(part.node)) continue;
        const fail = (what: string): void =>
          world.fail("a name that is held is taken", `${address} on ${part.node.name}: ${what}`);
        spawn(world, part, address).then(
          () => fail("lives there, too"),
          (error: unknown) => {
            if (!isCoxswainError(error) || error.code !== "ADDRESS_TAKEN") fail(String(error));
          },
        );
      }
    }
  };

  return {
    boot: async (node, world) => {
      lives ??= new Lives(world, leaseMs, 2_000);
      parts.delete(node.name);
      const transport = await node.connect();
      const system = await createSystem({
        name: "sim",
        node: node.name,
        transport,
        env: node.env,
        leaseMs,
        onReport: () => {},
      });
      const part: Part = { system, node, asks: new Set(), watches: [] };
      parts.set(node.name, part);
      all.push(part);
    },
    drive: (world) => {
      lives ??= new Lives(world, leaseMs, 2_000);
      accounts = new Accounts(world);
      world.after(forMs + 15_000, () => takeFree(world));
      world.after(forMs + 18_000, () => takeHeld(world));
      world.after(forMs + 16_000, () => {
        const [any] = parts.values();
        if (counted && any !== undefined) void accounts?.countLetters(any.system);
      });
      world.onDeath((node) => parts.delete(node.name));
      world.every(30, forMs, () => {
        const part = world.random.pick(world.nodes);
        const here = parts.get(part.name);
        // What stands still does nothing.
        if (here === undefined || here.node.process.paused) return;
        try {
          act(world, here);
        } catch (error) {
          if (!isCoxswainError(error)) world.fail("every refusal is typed", String(error));
        }
      });
    },
    check: (world) => {
      lives?.checkEnd();
      const names = [...parts.keys()].sort().join();
      for (const part of parts.values()) {
        const seen = part.system.nodes.map(({ node }) => node).sort();
        if (seen.join() !== names)
          world.fail(
            "in the end every node sees every other",
            `${part.node.name} sees ${seen}, not ${names}`,
          );
        for (const { what, untilMs, hosts } of part.asks) {
          // A second for clocks that run slow.
          if (untilMs * 1.02 + 1_000 < world.nowMs) world.fail("every ask settles in its time", what);
          if (killsOnly && hosts.length > 0 && hosts.every(({ node, process }) => node.life > process)) {
            world.fail("an ask settles when the node it went to is gone", what);
          }
        }
        for (const { address, outcomes } of part.watches) {
          if (outcomes.length === 0 && (lives as Lives).of(address).length === 0) {
            world.fail("a watch fires once", `${part.node.name} on ${address}, which has ended: never`);
          }
        }
      }
      const sum = all.reduce(
        (total, { system: { counts } }) => ({
          sent: total.sent + counts.sent,
          ended: total.ended + counts.handled + counts.refused + counts.dead,
        }),
        { sent: 0, ended: 0 },
      );
      if (totals !== undefined) {
        totals.sent += sum.sent;
        totals.ended += sum.ended;
        totals.lives += lives?.starts.length ?? 0;
        totals.watches += all.reduce((total, { watches }) => total + watches.length, 0);
      }
      const text = `${sum.sent} sent, ${sum.ended} ended, ${world.lostMessages} lost on the way`;
      const both = doubled || lives?.wereTwo === true;
      const systems = all.map(({ system }) => system);
      if (counted) accounts?.check(systems, both);
      if (!both && sum.ended > sum.sent) world.fail("no message ends twice", text);
      if (strict && (sum.sent !== sum.ended || world.lostMessages > 0))
        world.fail("sent = handled + refused + dead", text);
    },
  };
}
