import { expect, test } from "vitest";
import { actorAddress, inboxSubject } from "../../protocols/index.ts";
import { type ActorSystem, createMemoryHub, createSystem } from "../../src/index.ts";
import { seededRandom } from "../support/simulated-env.ts";
import { stranger, sum, target, targetActor } from "../support/soak.ts";

const seed = Number(process.env.SOAK_SEED ?? Math.floor(performance.now() * 1_000) % 1_000_000);

test(`in a soak with random faults (seed ${seed}), sent = handled + refused + dead`, async () => {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const hub = createMemoryHub();
  const raw = hub.connect();
  const nodes = await Promise.all(
    ["a", "b", "c"].map((node) =>
      createSystem({ name: "soak", node, transport: hub.connect(), onReport: () => {} }),
    ),
  );
  const addresses = nodes.flatMap((_, i) => ["one", "two", "three"].map((name) => `root${i}.${name}`));
  await nodes[0]?.spawn("root0.keeper", targetActor);
  const asks: Promise<unknown>[] = [];
  const asked = (ask: Promise<unknown>): void => void asks.push(ask.catch((error) => error));
  let injected = 0;
  for (let step = 0; step < 20_000; step++) {
    const from = pick(nodes);
    const address = random() < 0.02 ? "nobody.at.all" : pick(addresses);
    const ref = from.ref(address, target);
    const dice = random();
    if (dice < 0.5) ref.tell({ type: "work", n: step });
    else if (dice < 0.7) asked(ref.ask({ type: "ask", n: step }, { withinMs: 5_000 }));
    else if (dice < 0.72) asked(ref.ask({ type: "ask", n: step }, { key: `k${step % 7}` }));
    else if (dice < 0.74) ref.tell({ type: "crash" });
    else if (dice < 0.75) ref.tell({ type: "end" });
    else if (dice < 0.77) ref.tell({ type: "work", n: 1 }, { deadlineMs: 1 });
    else if (dice < 0.79) from.ref(address, stranger).tell({ type: "work", n: 1 });
    else if (dice < 0.81) asked(ref.ask({ type: "silent" }, { withinMs: 20 }));
    else if (dice < 0.83) {
      const stop = new AbortController();
      asked(ref.ask({ type: "silent" }, { signal: stop.signal }));
      queueMicrotask(() => stop.abort());
    } else if (dice < 0.84) asked(ref.stop());
    else if (dice < 0.85) {
      // Bytes that are no message: root0 always has somebody, so they arrive.
      raw.publish(inboxSubject("soak", "in", "main", actorAddress("root0.keeper")), randomBytes(random));
      injected++;
    } else {
      const home = nodes[
        addresses.indexOf(address) < 0 ? 0 : Math.floor(addresses.indexOf(address) / 3)
      ] as ActorSystem;
      await home.spawn(address, targetActor).catch(() => {});
    }
    if (step % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const answers = await Promise.all(asks);
  expect(answers.filter((answer) => !(answer instanceof Error)).length).toBeGreaterThan(500);
  await expect.poll(() => sum(nodes).ended, { timeout: 5_000 }).toBe(sum(nodes).sent + injected);
  expect(sum(nodes).deadLost).toBe(0);
  await Promise.all(nodes.map((node) => node.drain()));
  expect(sum(nodes).ended).toBe(sum(nodes).sent + injected);
  await raw.close();
});

function randomBytes(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256));
}
