import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChildLiteral, defineSupervisor } from "../../actors/index.ts";
import { supervision } from "../../protocols/index.ts";
import type { ActorDefinition } from "../../src/index.ts";
import { nodeOf } from "./leftovers.ts";
import { localGround } from "./local-ground.ts";
import { type Fate, NaiveSupervisor, type World, type Written, type WrittenChild } from "./naive-tree.ts";
import { type Mode, planNext, probe, recorder } from "./probe.ts";
import { replyWord } from "./rig.ts";

const periodMs = 5_000;
const restarts = fc.constantFrom("permanent", "transient", "temporary") as fc.Arbitrary<
  WrittenChild["restart"]
>;

/** Ids are given by place. */
function trees(depth: number): fc.Arbitrary<Written> {
  const leaf = fc.record({ restart: restarts });
  const inner = fc.record({ restart: restarts, tree: depth > 0 ? trees(depth - 1) : fc.constant(undefined) });
  const child = depth > 0 ? fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: inner }) : leaf;
  return fc.record({
    strategy: fc.constantFrom("one_for_one", "one_for_all", "rest_for_one") as fc.Arbitrary<
      Written["strategy"]
    >,
    intensity: fc.integer({ min: 0, max: 5 }),
    children: fc
      .array(child, { minLength: 1, maxLength: 4 })
      .map((all) => all.map((one, place) => ({ id: `c${place}`, ...one }) as WrittenChild)),
  });
}

const picks = fc.nat({ max: 1_000 });
const fates = fc.constantFrom("done", "stopped", "stopped(x)", "failed", "killed") as fc.Arbitrary<Fate>;
const modes = fc.constantFrom("error", "error", "ok", "ignore") as fc.Arbitrary<Mode>;
const ids = fc.constantFrom("c0", "c1", "c2", "n0", "n1");
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("end"), pick: picks, fate: fates }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("plan"), pick: picks, modes: fc.array(modes, { maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("add"), pick: picks, id: ids, restart: restarts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("terminate"), pick: picks, id: ids }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restart"), pick: picks, id: ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete"), pick: picks, id: ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass"), pick: picks }) },
) as fc.Arbitrary<Step>;

type Step =
  | { readonly do: "end"; readonly pick: number; readonly fate: Fate }
  | { readonly do: "plan"; readonly pick: number; readonly modes: readonly Mode[] }
  | {
      readonly do: "add";
      readonly pick: number;
      readonly id: string;
      readonly restart: WrittenChild["restart"];
    }
  | { readonly do: "terminate" | "restart" | "delete"; readonly pick: number; readonly id: string }
  | { readonly do: "pass"; readonly pick: number };

/** Names the notes and plans of one walk. */
let run = "r0";
let walks = 0;
const leafOf = (at: string, { id, restart }: WrittenChild) => ({
  id,
  restart,
  actor: "probe",
  input: { run, tag: `${at}.${id}`, recorder: "recorder" },
});

function definitionOf(
  at: string,
  { strategy, intensity, children }: Written,
): ActorDefinition<typeof supervision, undefined> {
  const literals = children.map((child): ChildLiteral => {
    const { id, restart, tree } = child;
    return tree === undefined ? leafOf(at, child) : { id, restart, actor: definitionOf(`${at}.${id}`, tree) };
  });
  return defineSupervisor({ strategy, intensity, periodMs, children: literals });
}

/** Both trees, the real one and the naive one, step by step. */
class Pair {
  readonly ground: Awaited<ReturnType<typeof localGround>>;
  readonly naive: NaiveSupervisor;
  readonly world: World = { plans: new Map(), starts: [] };
  #passedMs = 0;

  constructor(ground: Awaited<ReturnType<typeof localGround>>, written: Written) {
    this.ground = ground;
    this.naive = new NaiveSupervisor("top", written, this.world);
    this.naive.start();
  }

  async step(step: Step): Promise<void> {
    const { system } = this.ground;
    const all = this.naive.supervisors();
    const at = all[step.pick % all.length] as NaiveSupervisor;
    const ref = system.ref(at.address, supervision);
    switch (step.do) {
      case "end":
        return this.#end(step.pick, step.fate);
      case "plan": {
        const leaf = this.#leaf(step.pick);
        if (leaf === undefined) return;
        this.world.plans.set(leaf, [...step.modes]);
        planNext(
          run,
          leaf,
          step.modes.map((mode) => ({ mode })),
        );
        return;
      }
      case "add": {
        const child = { id: step.id, restart: step.restart };
        return this.#asked(ref.ask({ type: "startChild", child: leafOf(at.address, child) }), at.add(child));
      }
      case "terminate":
        return this.#asked(ref.ask({ type: "terminateChild", id: step.id }), at.terminate(step.id));
      case "restart":
        return this.#asked(ref.ask({ type: "restartChild", id: step.id }), at.restartByHand(step.id));
      case "delete":
        return this.#asked(ref.ask({ type: "deleteChild", id: step.id }), at.delete(step.id));
      case "pass":
        await this.ground.pass(periodMs + 1);
        this.#passedMs = this.ground.nowMs();
        this.naive.forgetRestarts();
    }
  }

  async #asked(reply: Promise<Parameters<typeof replyWord>[0]>, expected: string): Promise<void> {
    expect(replyWord(await this.ground.run(reply))).toBe(expected);
  }

  #leaves(): { owners: NaiveSupervisor[]; address: string }[] {
    const below = (owners: NaiveSupervisor[]): { owners: NaiveSupervisor[]; address: string }[] =>
      (owners.at(-1)?.children ?? []).flatMap((child) => {
        if (child.inner !== undefined) return below([...owners, child.inner]);
        return child.alive ? [{ owners, address: child.address }] : [];
      });
    return below([this.naive]);
  }

  #leaf(pick: number): string | undefined {
    const leaves = this.#leaves();
    return leaves[pick % leaves.length]?.address;
  }

  /** A leaf ends; whoever gives up because of it ends for the one above. */
  async #end(pick: number, fate: Fate): Promise<void> {
    const leaves = this.#leaves();
    const leaf = leaves[pick % leaves.length];
    if (leaf === undefined) return;
    const ref = this.ground.system.ref(leaf.address, probe);
    const { down } = ref.watch();
    if (fate === "killed") await this.ground.run(ref.kill());
    else ref.tell({ type: "die", how: fate });
    await this.ground.run(down);
    let { address } = leaf;
    let how = fate;
    for (const owner of leaf.owners.toReversed()) {
      const child = owner.children.find((one) => one.address === address);
      if (child !== undefined) owner.ended(child, how);
      if (!owner.over) return;
      address = owner.address;
      how = "stopped";
    }
  }

  /** Lets what follows from the step come to rest. */
  async settle(): Promise<void> {
    for (let n = 0; n < 20; n++) await this.ground.tick();
    expect(this.ground.nowMs() - this.#passedMs).toBeLessThan(periodMs);
  }
}

test("in random trees lives who should, was started when it should be, and asking is answered as it should be", async () => {
  let gaveUp = 0;
  let stepsDone = 0;
  await fc.assert(
    fc.asyncProperty(
      trees(2),
      fc.array(steps, { minLength: 1, maxLength: 30, size: "max" }),
      async (written, todo) => {
        run = `r${walks++}`;
        await using ground = await localGround();
        const { system } = ground;
        const notes = await ground.run(system.spawn("recorder", recorder));
        const node = await ground.run(nodeOf(system));
        await ground.run(system.spawn("top", definitionOf("top", written)));
        const pair = new Pair(ground, written);
        const others = new Set(["recorder", "node-a"]);
        for (const step of todo) {
          await pair.step(step);
          await pair.settle();
          stepsDone++;
          const started = await ground.run(notes.ask({ type: "read", run }));
          const { naive, world } = pair;
          expect(started.notes).toEqual(world.starts.splice(0).map((address) => `starting ${address}`));
          const living = [...node.cells.keys()].filter((address) => !others.has(address)).sort();
          expect(living).toEqual(naive.over ? [] : naive.living().sort());
          if (naive.over) {
            gaveUp++;
            return;
          }
          for (const { address, children } of naive.supervisors()) {
            const list = await ground.run(system.ref(address, supervision).ask({ type: "whichChildren" }));
            const states = children.map(({ id, alive }) => `${id} ${alive ? "running" : "stopped"}`);
            expect(list.children.map(({ id, state }) => `${id} ${state}`).reverse()).toEqual(states);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
  // The walks are not idle.
  expect(gaveUp).toBeGreaterThan(10);
  expect(stepsDone).toBeGreaterThan(500);
});
