import { expect, test } from "vitest";
import { defineSupervisor } from "../../actors/index.ts";
import { supervision } from "../../protocols/index.ts";
import { deadLettersMax } from "../../src/dead-letters.ts";
import { type ActorSystem, createMemoryHub, createSystem } from "../../src/index.ts";
import type { Node } from "../../src/node.ts";
import { seededRandom } from "../support/simulated-env.ts";
import { sum } from "../support/soak.ts";
import { FactBook } from "./fact-book.ts";
import { cleanUps, faulty, faultyActor, manners } from "./faulty.ts";
import { ledger, startFaults } from "./ledger.ts";
import { countingEnv, heapBytes, heldBy, living, nodeOf } from "./leftovers.ts";

const seed = Number(process.env.FAULTS_SEED ?? Math.floor(performance.now() * 1_000) % 1_000_000);
const faultsMin = 10_000;

const bearsAll = { intensity: 1_000_000, periodMs: 3_600_000 };
const child = (id: string) => ({ id, actor: faultyActor, shutdownMs: 20 });
const tree = defineSupervisor({
  ...bearsAll,
  children: [
    {
      id: "ones",
      actor: defineSupervisor({
        ...bearsAll,
        children: [child("a"), child("b"), { ...child("c"), restart: "transient" }, child("d")],
      }),
    },
    {
      id: "all",
      actor: defineSupervisor({
        ...bearsAll,
        strategy: "one_for_all",
        children: [child("a"), child("b"), child("c")],
      }),
    },
    {
      id: "rest",
      actor: defineSupervisor({
        ...bearsAll,
        strategy: "rest_for_one",
        children: [child("a"), child("b"), child("c"), child("d")],
      }),
    },
    {
      id: "crowd",
      actor: defineSupervisor({ ...bearsAll, strategy: "simple_one_for_one", children: [child("one")] }),
    },
    {
      id: "weak",
      actor: defineSupervisor({
        intensity: 3,
        periodMs: bearsAll.periodMs,
        children: [child("a"), child("b")],
      }),
    },
    {
      id: "far",
      actor: defineSupervisor({
        ...bearsAll,
        children: ["a", "b"].map((id) => ({ ...child(id), actor: "faulty", node: "b" })),
      }),
    },
  ],
});
const supervisors = ["ones", "all", "rest", "crowd", "weak", "far"].map((id) => `top.${id}`);
const children = [
  ...["a", "b", "c", "d"].map((id) => `top.ones.${id}`),
  ...["a", "b", "c"].map((id) => `top.all.${id}`),
  ...["a", "b", "c", "d"].map((id) => `top.rest.${id}`),
  ...[1, 2, 3, 4].map((n) => `top.crowd.${n}`),
  ...["a", "b"].map((id) => `top.weak.${id}`),
  ...["a", "b"].map((id) => `top-far-${id}`),
];

/** Does to a random child one thing or other. */
class Tormentor {
  readonly system: ActorSystem;
  readonly book: FactBook;
  readonly random: () => number;
  /** Children that were restarted by hand. */
  broughtBack = 0;
  asked = 0;
  settled = 0;

  constructor(system: ActorSystem, book: FactBook, random: () => number) {
    this.system = system;
    this.book = book;
    this.random = random;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  act(): void {
    const address = this.#livingChild();
    const ref = this.system.ref(address, faulty);
    const n = ledger.nextNumber();
    const chance = this.random();
    const fail = { type: "fail", how: this.pick(manners), n } as const;
    if (chance < 0.6) ref.tell(fail);
    else if (chance < 0.7) this.#ask(ref.ask(fail, { withinMs: 20_000 }));
    else if (chance < 0.8) ref.tell({ type: "arm", how: this.pick(cleanUps), n });
    else if (chance < 0.9) {
      ledger.plan(
        address,
        Array.from({ length: 1 + Math.floor(this.random() * 3) }, () => this.pick(startFaults)),
      );
      ref.tell(fail);
    } else if (chance < 0.94) this.#ask(ref.ask({ type: "ping", n }, { withinMs: 20_000 }));
    else if (chance < 0.96) ref.tell({ type: "speak", n });
    else if (chance < 0.97) this.#ask(ref.kill());
    else if (chance < 0.98) this.#ask(ref.stop(undefined, { withinMs: 20 }));
    else
      this.#ask(
        this.system
          .ref(this.pick(supervisors), supervision)
          .ask({ type: "whichChildren" }, { withinMs: 20_000 }),
      );
  }

  /** One that lives, as far as is known: what reaches nobody is no fault. */
  #livingChild(): string {
    let address = this.pick(children);
    for (let n = 0; n < 5 && !this.book.of(address).alive; n++) address = this.pick(children);
    return address;
  }

  #ask(promise: Promise<unknown>): void {
    this.asked++;
    const settle = (): void => void this.settled++;
    promise.then(settle, settle);
  }
}

/** Dead letters are kept, at most 10,000: so many that memory does not grow with more of them. */
async function fillDeadLetters(system: ActorSystem): Promise<void> {
  const nobody = system.ref("top.nobody", faulty);
  for (let n = 0; n < deadLettersMax; n++) {
    nobody.tell({ type: "fail", how: "rejectionHandled", n: 100_000 + n });
    if (n % 500 === 0) await new Promise(setImmediate);
  }
  await expect.poll(() => system.deadLetters.count()).toBe(deadLettersMax);
}

/** Every child that is to live answers, and no message is under way. */
async function atRest(systems: readonly [ActorSystem, ActorSystem], tormentor: Tormentor): Promise<void> {
  const [system] = systems;
  const ones = system.ref("top.ones", supervision);
  const answers = async (): Promise<string> => {
    // A transient child that was told to stop is not restarted, and is the only one that must be brought back.
    const { children: kids } = await ones.ask({ type: "whichChildren" });
    if (kids.some(({ state }) => state === "stopped")) {
      const { ok } = await ones.ask({ type: "restartChild", id: "c" });
      if (ok) tormentor.broughtBack++;
    }
    const pings = children.map((address) => system.ref(address, faulty).ask({ type: "ping", n: 1 }));
    return Promise.all(pings).then(() => "all answer", String);
  };
  await expect.poll(answers, { timeout: 30_000 }).toBe("all answer");
  await expect.poll(() => tormentor.settled, { timeout: 30_000 }).toBe(tormentor.asked);
  await expect
    .poll(() => sum(systems), { timeout: 30_000 })
    .toSatisfy(({ sent, ended }: { sent: number; ended: number }) => sent === ended);
}

/** What all parts of a node hold, that must be as much after 10,000 faults as before. */
function holdings(node: Node): unknown {
  const families = supervisors.map((at) => {
    const cell = node.cells.get(at);
    return { at, ...heldBy(cell?.actors ?? {}) };
  });
  const { cells, endings, leaving, links, watches, asks, roots } = node;
  return {
    cells: cells.size,
    // How those ended whom another node had started is remembered of the latest 1,000.
    endings: endings.size <= 1_000,
    leaving: leaving.size,
    links: heldBy(links),
    watches: heldBy(watches),
    asks: heldBy(asks),
    roots: heldBy(roots),
    families,
  };
}

test(`ten thousand faults end nothing but the children they strike, and each is restarted (seed ${seed})`, {
  timeout: 300_000,
}, async () => {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  const hub = createMemoryHub();
  const env = countingEnv();
  const common = { name: "t", env, onReport: () => {} };
  const [one, two, listener] = [hub.connect(), hub.connect(), hub.connect()];
  await using a = await createSystem({ ...common, node: "a", transport: one });
  await using b = await createSystem({
    ...common,
    node: "b",
    transport: two,
    actors: { faulty: faultyActor },
  });
  const nodes = [await nodeOf(a), await nodeOf(b)];
  const book = new FactBook("t", listener, (address, message) => ledger.failed(address, message));
  await a.spawn("top", tree);
  const crowd = a.ref("top.crowd", supervision);
  for (let n = 0; n < 4; n++) await crowd.ask({ type: "startChild" });
  const tormentor = new Tormentor(a, book, seededRandom(seed));
  await fillDeadLetters(a);
  await atRest([a, b], tormentor);
  const before = { holdings: nodes.map(holdings), living: living() };

  const torment = async (faults: number): Promise<void> => {
    while (ledger.total < faults) {
      for (let n = 0; n < 8; n++) tormentor.act();
      await new Promise(setImmediate);
    }
    await atRest([a, b], tormentor);
  };
  await torment(faultsMin / 2);
  expect(ledger.unheard()).toEqual([]);
  ledger.forgetSettled();
  const halfBytes = heapBytes();
  await torment(faultsMin);
  expect(ledger.unheard()).toEqual([]);
  ledger.forgetSettled();
  // What grows still is compiled code, and tables that double on the way to their bounds; a cell kept of each fault
  // would be ten times as much.
  expect(heapBytes() - halfBytes).toBeLessThan(2 * 1024 * 1024);

  expect(escaped).toEqual([]);
  expect(ledger.byKind.size).toBeGreaterThanOrEqual(manners.length + startFaults.length);
  expect([...book.oddities, ...ledger.oddities]).toEqual([]);
  expect({ holdings: nodes.map(holdings), living: living() }).toEqual(before);
  await countsAgree(a, book, tormentor.broughtBack);

  await Promise.all([a.drain(), b.drain()]);
  expect(book.sum("ended")).toBe(book.sum("lives"));
  expect(env.pendingTimers).toBe(0);
  // Node keeps hold of the latest immediate until there is another one.
  await new Promise(setImmediate);
  expect(living()).toMatchObject({ Cell: 0, Watchers: 0 });
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

/** What supervisors answer is what they said, and what their children said. */
async function countsAgree(system: ActorSystem, book: FactBook, broughtBack: number): Promise<void> {
  for (const at of ["top", ...supervisors]) {
    const { children: kids } = await system.ref(at, supervision).ask({ type: "whichChildren" });
    const { restarted, restartFailed, count } = book.verdictsOf(at);
    const told = [...restarted.values()].reduce((all, one) => all + one, restartFailed);
    expect({ at, count }).toEqual({ at, count: told });
    for (const { id, address, state, restarts } of kids) {
      const byHand = address === "top.ones.c" ? broughtBack : 0;
      const ups = at === "top" ? restarts : book.of(address).ups - 1 - byHand;
      expect({ address, state, restarts: ups }).toEqual({ address, state: "running", restarts });
      const name = at === "top.crowd" ? address : id;
      const alone = at !== "top.all" && at !== "top.rest";
      if (alone) expect({ address, restarts }).toEqual({ address, restarts: restarted.get(name) ?? 0 });
      else expect(restarts).toBeGreaterThanOrEqual(restarted.get(name) ?? 0);
    }
  }
  const weak = book.verdictsOf("top.weak");
  expect(weak.gaveUp).toBeGreaterThan(20);
  expect(weak.escalated).toBe(weak.gaveUp);
  expect(book.verdictsOf("top").restarted.get("weak")).toBe(weak.gaveUp);
}
