import { type ActorDefinition, type ActorRef, createSystem, defineActor } from "coxswain";
import { defineSupervisor } from "coxswain/actors";
import type { supervision } from "coxswain/protocols";
import { Arrivals, heldBytes } from "../kit/loops.ts";
import { type Figures, type SideConfig, serveSide } from "../kit/serve-side.ts";
import { latencies, type Sizes, sizesOf, treeFigures } from "../kit/trees.ts";
import { frail } from "./protocols.ts";

type Tree = ActorDefinition<typeof supervision>;
type Supervisor = ActorRef<typeof supervision>;

interface Ground {
  /** Resolves when all children are up. */
  readonly spawn: (tree: Tree) => Promise<Supervisor>;
  readonly childOf: (supervisor: Supervisor, id: string) => ActorRef<typeof frail>;
  readonly child: ActorDefinition<typeof frail>;
  /** Of children, as they are made. */
  readonly births: Arrivals;
}

/** Longer than any of this takes, in milliseconds. */
const withinMs = 120_000;

await serveSide({
  near: async ({ url, side, quick }: SideConfig) => {
    const transport = side.includes("NATS") ? { servers: url } : { transport: "memory" as const };
    const system = await createSystem({ name: "bench-trees", ...transport });
    let trees = 0;
    const births = new Arrivals();
    const ground: Ground = {
      births,
      child: frailActor(births),
      spawn: (tree) => system.spawn(`tree-${trees++}`, tree, { startWithinMs: withinMs }),
      childOf: ({ address }, id) => system.ref(`${address}.${id}`, frail),
    };
    return {
      round: (name) => {
        if (name === "restart") return restarts(ground, quick ? 100 : 2_000);
        const once = name === "static" ? staticTree : dynamicTree;
        return treeFigures(sizesOf(name, quick), (count) => once(ground, count));
      },
      close: async () => void (await system.drain({ withinMs: 0 })),
    };
  },
});

/** One after another, each of a child that was told to fail. */
async function restarts({ spawn, childOf, child, births }: Ground, samples: number): Promise<Figures> {
  const supervisor = await spawn(treeOf(child, "one_for_one", 1_000));
  const measured = latencies(samples);
  for (let i = 0; i < samples; i++) {
    const ref = childOf(supervisor, `c${i % 100}`);
    let endedMs = Number.NaN;
    ref.watch(() => {
      endedMs = performance.now();
    });
    const up = births.expect(1).then(() => performance.now());
    const toldMs = performance.now();
    ref.tell({ type: "fail" });
    const upMs = await up;
    await ref.ask({ type: "say" });
    measured.add(i, { answeredMs: performance.now() - toldMs, upMs: upMs - endedMs });
  }
  await supervisor.stop();
  return measured.figures();
}

async function staticTree({ spawn, childOf, child }: Ground, count: number): Promise<Sizes> {
  const tree = treeOf(child, "one_for_all", count);
  const before = heldBytes();
  const began = performance.now();
  const supervisor = await spawn(tree);
  const startMs = performance.now() - began;
  const held = heldBytes() - before;
  const again = supervisor.on("restarted")[Symbol.asyncIterator]();
  const toldMs = performance.now();
  childOf(supervisor, `c${count >> 1}`).tell({ type: "fail" });
  await again.next();
  const restartMs = performance.now() - toldMs;
  await again.return?.();
  const stopMs = await stop(supervisor);
  return { count, startMs, restartMs, stopMs, held, left: heldBytes() - before };
}

/** Children are started one after another, as OTP's caller has to. */
async function dynamicTree({ spawn, child: actor }: Ground, count: number): Promise<Sizes> {
  const template = { id: "template", actor, restart: "transient" } as const;
  const tree = defineSupervisor({ strategy: "simple_one_for_one", children: [template] });
  const supervisor = await spawn(tree as Tree);
  const before = heldBytes();
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const reply = await supervisor.ask({ type: "startChild" }, { withinMs });
    if (!reply.ok) throw new Error(`Expected a child to start, got ${JSON.stringify(reply)}`);
  }
  const startMs = performance.now() - began;
  const held = heldBytes() - before;
  const stopMs = await stop(supervisor);
  return { count, startMs, stopMs, held, left: heldBytes() - before };
}

async function stop(supervisor: Supervisor): Promise<number> {
  const began = performance.now();
  const outcome = await supervisor.stop(undefined, { withinMs });
  if (outcome.kind !== "stopped") throw new Error(`Expected a supervisor that stops, it was ${outcome.kind}`);
  return performance.now() - began;
}

function frailActor(births: Arrivals): ActorDefinition<typeof frail> {
  return defineActor({
    protocol: frail,
    initial: () => {
      births.one();
      return "alive";
    },
    receive: (state, message, turn) => {
      if (message.type === "fail") throw new Error("told to");
      turn.reply({});
      return state;
    },
  }) as ActorDefinition<typeof frail>;
}

function treeOf(
  actor: ActorDefinition<typeof frail>,
  strategy: "one_for_one" | "one_for_all",
  count: number,
): Tree {
  const children = Array.from({ length: count }, (_, i) => ({ id: `c${i}`, actor }));
  return defineSupervisor({ strategy, intensity: 100_000, periodMs: 1_000, children }) as Tree;
}
