import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineProtocol } from "../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../src/index.ts";
import { testServer } from "../support/nats-server.ts";
import { seededRandom } from "../support/simulated-env.ts";
import { stranger, sum, target, targetActor } from "../support/soak.ts";

type Server = Awaited<ReturnType<typeof testServer>>;
let server: Server;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

/** Three systems on three connections, all hosting three actors below a name of their own. */
async function threeNodes(name: string): Promise<ActorSystem[]> {
  return Promise.all(
    ["a", "b", "c"].map((node) => createSystem({ name, node, servers: server.url, onReport: () => {} })),
  );
}

const seed = Number(process.env.SOAK_SEED ?? Math.floor(performance.now() * 1_000) % 1_000_000);
const rounds = 150;
const burst = 100;

test(`over a real server, sent = handled + refused + dead in a soak with faults (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const nodes = await threeNodes("soak");
  const homes = nodes.flatMap((system, i) =>
    ["one", "two", "three"].map((actor) => ({ system, address: `root${i}.${actor}` })),
  );
  const addresses = homes.map(({ address }) => address);
  const waiting: Promise<unknown>[] = [];
  const wait = (promise: Promise<unknown>): void => void waiting.push(promise.catch((error) => error));
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < burst; n++) {
      const ref = pick(nodes).ref(random() < 0.02 ? "nobody.at.all" : pick(addresses), target);
      const dice = random();
      if (dice < 0.5) ref.tell({ type: "work", n });
      else if (dice < 0.7) wait(ref.ask({ type: "ask", n }, { withinMs: 5_000 }));
      else if (dice < 0.75) wait(ref.ask({ type: "ask", n }, { key: `k${n % 7}` }));
      else if (dice < 0.77) ref.tell({ type: "crash" });
      else if (dice < 0.78) ref.tell({ type: "end" });
      else if (dice < 0.8) ref.tell({ type: "work", n }, { deadlineMs: 1 });
      else if (dice < 0.82) pick(nodes).ref(ref.address, stranger).tell({ type: "work", n });
      else if (dice < 0.84) wait(ref.ask({ type: "silent" }, { withinMs: 20 }));
      else if (dice < 0.86) {
        const stop = new AbortController();
        wait(ref.ask({ type: "silent" }, { key: `k${n % 3}`, signal: stop.signal }));
        queueMicrotask(() => stop.abort());
      } else if (dice < 0.87) wait(ref.stop());
      else if (dice < 0.93) ref.tell({ type: "pass", to: pick(addresses) });
      else {
        const { system, address } = pick(homes);
        wait(system.spawn(address, targetActor));
      }
    }
    // At the server's pace, or a slow machine would only ever see full mailboxes.
    await waiting.at(-1);
  }
  const answers = await Promise.all(waiting);
  expect(answers.filter((answer) => !(answer instanceof Error)).length).toBeGreaterThan(500);
  await expect
    .poll(() => sum(nodes).ended - sum(nodes).sent, { timeout: 5_000, message: `seed ${seed}` })
    .toBe(0);
  await expect
    .poll(() => nodes[0]?.deadLetters.count())
    .toBe(
      Math.min(
        10_000,
        nodes.reduce((dead, { counts }) => dead + counts.dead - counts.deadLost, 0),
      ),
    );
  await Promise.all(nodes.map((node) => node.drain()));
  expect(sum(nodes).ended).toBe(sum(nodes).sent);
}, 15_000);

test("what waits when a system closes is refused or dead, and kept, while others go on sending", async () => {
  const nodes = await threeNodes("close");
  const [a, b, c] = nodes as [ActorSystem, ActorSystem, ActorSystem];
  const hold = defineProtocol({ name: "hold", accepts: { work: z.object({ n: z.number() }) } });
  const slow = defineActor({
    protocol: hold,
    initial: () => 0,
    receive: (count) => {
      const untilMs = performance.now() + 1;
      while (performance.now() < untilMs);
      return count + 1;
    },
  });
  await a.spawn("slow", slow);
  for (let n = 0; n < 500; n++) b.ref("slow", hold).tell({ type: "work", n });
  const drained = a.drain({ withinMs: 20 });
  for (let n = 0; n < 500; n++) {
    c.ref("slow", hold).tell({ type: "work", n });
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await drained;
  await expect.poll(() => sum(nodes).ended - sum(nodes).sent, { timeout: 5_000 }).toBe(0);
  expect(sum(nodes).deadLost).toBe(0);
  const dead = nodes.reduce((total, { counts }) => total + counts.dead, 0);
  expect(dead).toBeGreaterThan(100);
  await expect.poll(() => b.deadLetters.count()).toBe(dead);
  await Promise.all([b.drain(), c.drain()]);
});
