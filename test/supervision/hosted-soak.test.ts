import { expect, test } from "vitest";
import { defineSupervisor } from "../../actors/index.ts";
import { type ActorOutcome, supervision } from "../../protocols/index.ts";
import { type ActorSystem, createMemoryHub, createSystem, hostedActor } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { sum } from "../support/soak.ts";
import { FactBook } from "./fact-book.ts";
import { blowUps, hostedFaulty, loops, type Siege } from "./hosted-faulty.ts";
import { countingEnv, heldBy, living, nodeOf } from "./leftovers.ts";

const wall = {
  protocol: hostedFaulty,
  in: "thread",
  module: new URL("./hosted-faulty.ts", import.meta.url),
  name: "hostedFaultyActor",
} as const;
const looper = hostedActor({ ...wall, turnMaxMs: 400 });
const glutton = hostedActor({ ...wall, heapMaxMb: 32, turnMaxMs: 20_000 });
const pair = defineSupervisor({
  intensity: 1_000_000,
  periodMs: 3_600_000,
  children: [
    { id: "looper", actor: looper },
    { id: "glutton", actor: glutton },
    { id: "near", actor: counterActor },
  ],
});
/** Restarts take place one after the other under one supervisor, and side by side under two. */
const pairs = ["left", "right"];
const tree = defineSupervisor({ children: pairs.map((id) => ({ id, actor: pair })) });

/** How each ends; the last one just fails. */
const fates: Record<string, { readonly sieges: readonly Siege[]; readonly reason: string }> = {
  looper: { sieges: [...loops, ...loops, "throw"], reason: "a turn took longer than 400 ms" },
  glutton: { sieges: [...blowUps, ...blowUps, "throw"], reason: "heap limit 32 MB" },
};

/** Lets a child end in each of these manners, one after the other, and each time wait for its next life. */
async function besiege(system: ActorSystem, book: FactBook, pairName: string, id: string): Promise<void> {
  const { sieges, reason } = fates[id] ?? { sieges: [], reason: "" };
  const ref = system.ref(`top.${pairName}.${id}`, hostedFaulty);
  const restarts = (): number => book.verdictsOf(`top.${pairName}`).restarted.get(id) ?? 0;
  for (const how of sieges) {
    const before = restarts();
    const { down } = ref.watch();
    ref.tell({ type: "fail", how });
    const waiting = ref.ask({ type: "ping", n: 1 }).catch(({ code }: { code: string }) => code);
    const error = { code: "ACTOR_FAILED", message: "Error: planted in a thread" };
    const outcome: ActorOutcome = how === "throw" ? { kind: "failed", error } : { kind: "killed", reason };
    expect({ how, outcome: await down }).toMatchObject({ how, outcome });
    const refused = how === "throw" ? "ACTOR_FAILED" : "ACTOR_KILLED";
    // What calls and timers do comes in a turn of its own, and this may be taken before.
    expect(/In(Call|Timer)/.test(how) ? [refused, { n: 1 }] : [refused]).toContainEqual(await waiting);
    await expect.poll(restarts, { timeout: 60_000 }).toBeGreaterThan(before);
  }
}

test("two dozen endless loops and heaps that blow up, each in a thread, end nothing but that thread", {
  timeout: 300_000,
}, async () => {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  const hub = createMemoryHub();
  const env = countingEnv();
  await using system = await createSystem({ name: "t", env, transport: hub.connect(), onReport: () => {} });
  const node = await nodeOf(system);
  const failures: string[] = [];
  const book = new FactBook("t", hub.connect(), (address, message) => failures.push(`${address} ${message}`));
  await system.spawn("top", tree);
  const held = () => ({ links: heldBy(node.links), cells: node.cells.size, living: living() });
  const before = held();

  let over = false;
  const sieges = pairs.flatMap((name) => ["looper", "glutton"].map((id) => besiege(system, book, name, id)));
  const besieged = Promise.all(sieges).finally(() => {
    over = true;
  });
  besieged.catch(() => {});
  let answers = 0;
  for (; !over; answers++) {
    for (const name of pairs) await system.ref(`top.${name}.near`, counter).ask({ type: "read" });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await besieged;

  for (const name of pairs) {
    for (const id of ["looper", "glutton"]) {
      const ref = system.ref(`top.${name}.${id}`, hostedFaulty);
      await expect
        .poll(() => ref.ask({ type: "ping", n: 7 }).catch(String), { timeout: 60_000 })
        .toEqual({ n: 7 });
    }
    const { children } = await system.ref(`top.${name}`, supervision).ask({ type: "whichChildren" });
    for (const { id, address, restarts } of children) {
      const { ended } = book.of(address);
      expect({ id, restarts }).toEqual({
        id,
        restarts: book.verdictsOf(`top.${name}`).restarted.get(id) ?? 0,
      });
      expect({ id, ended }).toEqual({ id, ended: restarts });
    }
  }
  expect(answers).toBeGreaterThan(100);
  expect(failures).toHaveLength(4);
  expect([escaped, book.oddities]).toEqual([[], []]);
  await expect.poll(() => sum([system]).ended - sum([system]).sent, { timeout: 20_000 }).toBe(0);
  await expect.poll(() => node.leaving.size, { timeout: 20_000 }).toBe(0);
  expect(held()).toEqual(before);
  await system.drain();
  expect(env.pendingTimers).toBe(0);
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});
