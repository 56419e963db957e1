import { describe, expect, test } from "vitest";
import type { NodeRecord, RegistryEvents } from "../../src/registry.ts";
import { Registry } from "../../src/registry.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import { done, valueOrThrow } from "../../src/transport/outcomes.ts";
import type { Bucket } from "../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";
import { rejection } from "../support/systems.ts";

interface Member {
  readonly registry: Registry;
  readonly log: string[];
}

/** Lets virtual time pass in small steps, and the promises in between run. */
async function pass(env: SimulatedEnv, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    env.advance(Math.min(50, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function openBucket(env: SimulatedEnv): Promise<Bucket> {
  return valueOrThrow(await createMemoryHub({ env }).connect().store.bucket("cx_test"));
}

async function join(
  bucket: Bucket,
  env: SimulatedEnv,
  node: string,
  incarnation = `${node}1`,
): Promise<Member> {
  const log: string[] = [];
  const events: RegistryEvents = {
    nodeUp: (record) => void log.push(`up ${record.node}`),
    nodeDown: (record, reason, roots) =>
      void log.push(`down ${record.node} ${reason} ${roots.join()}`.trim()),
    uncertain: () => {},
    rootMoved: (root, from) => void log.push(`moved ${root} from ${from}`),
    rootLost: (root, owner) => void log.push(`lost ${root} to ${owner}`),
    answers: async () => false,
    reopen: async () => done,
    failed: (error) => void log.push(`failed ${error.code}`),
  };
  const record: NodeRecord = {
    node,
    incarnation,
    zone: "main",
    pid: 1,
    host: "h",
    startedAtMs: 0,
    leaseMs: 3_000,
  };
  const registry = new Registry(bucket, record, env, events);
  await registry.join();
  return { registry, log };
}

/** A bucket that stops answering and changing for its node: the process behind it is frozen or cut off. */
function freezable(bucket: Bucket): { bucket: Bucket; freeze(): void } {
  let frozen = false;
  const never = new Promise<never>(() => {});
  const guard =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A) =>
      frozen ? never : call(...args);
  return {
    bucket: {
      get: guard((key: string) => bucket.get(key)),
      create: guard((key: string, value: Uint8Array) => bucket.create(key, value)),
      update: guard((key: string, value: Uint8Array, revision: number) =>
        bucket.update(key, value, revision),
      ),
      put: guard((key: string, value: Uint8Array) => bucket.put(key, value)),
      delete: guard((key: string, revision?: number) => bucket.delete(key, revision)),
      entries: guard(() => bucket.entries()),
      watch: guard((handler: Parameters<Bucket["watch"]>[0]) => bucket.watch(handler)),
    },
    freeze: () => {
      frozen = true;
    },
  };
}

describe("the registry", () => {
  test("gives a root name to exactly one of many nodes that want it at once", async () => {
    const env = simulatedEnv({ seed: 1 });
    const bucket = await openBucket(env);
    const members = await Promise.all(["a", "b", "c", "d"].map((node) => join(bucket, env, node)));
    const claims = members.map((member) =>
      member.registry.claim("crew").then(
        () => true,
        () => false,
      ),
    );
    await pass(env, 5_000);
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
  });

  test("refuses a name whose holder is seen alive, naming it, and gives it when released", async () => {
    const env = simulatedEnv({ seed: 2 });
    const bucket = await openBucket(env);
    const [a, b] = [await join(bucket, env, "a"), await join(bucket, env, "b")];
    await a.registry.claim("crew");
    const refused = rejection(b.registry.claim("crew"));
    await pass(env, 2_000);
    expect(await refused).toMatchObject({
      code: "ADDRESS_TAKEN",
      message: expect.stringContaining("node a"),
    });
    await a.registry.release("crew");
    await b.registry.claim("crew");
    expect(b.registry.holds("crew")).toBe(true);
  });

  test("declares a frozen node lost after its lease, with its names, which others may then take", async () => {
    const env = simulatedEnv({ seed: 3 });
    const bucket = await openBucket(env);
    const frozen = freezable(bucket);
    const a = await join(frozen.bucket, env, "a");
    await a.registry.claim("crew");
    const b = await join(bucket, env, "b");
    await pass(env, 2_000);
    frozen.freeze();
    await pass(env, 1_500);
    expect(b.log).not.toContain("down a lost crew");
    await pass(env, 3_500);
    expect(b.log).toContain("down a lost crew");
    await b.registry.claim("crew");
    expect(b.registry.ownerOf("crew")).toBe("b");
    expect(a.log).toContain("lost crew to b");
  });

  test("waits at most a lease for the leftovers of a killed process, then takes its name", async () => {
    const env = simulatedEnv({ seed: 4 });
    const bucket = await openBucket(env);
    const frozen = freezable(bucket);
    const killed = await join(frozen.bucket, env, "a");
    await killed.registry.claim("crew");
    frozen.freeze();
    const b = await join(bucket, env, "b");
    const claim = b.registry.claim("crew");
    await pass(env, 4_500);
    await claim;
    expect(b.registry.holds("crew")).toBe(true);
  });

  test("tells a node that left from one that was lost, and forgets it", async () => {
    const env = simulatedEnv({ seed: 5 });
    const bucket = await openBucket(env);
    const [a, b] = [await join(bucket, env, "a"), await join(bucket, env, "b")];
    await b.registry.claim("desk");
    await b.registry.leave();
    await pass(env, 10);
    expect(a.log.at(-1)).toMatch(/^down b left/);
    expect(a.registry.nodes.map((record) => record.node)).toEqual(["a"]);
  });

  test("refuses a second node of the same name while the first lives", async () => {
    const env = simulatedEnv({ seed: 6 });
    const bucket = await openBucket(env);
    await join(bucket, env, "a", "a1");
    const second = rejection(join(bucket, env, "a", "a2"));
    await pass(env, 2_000);
    expect(await second).toMatchObject({ code: "ADDRESS_TAKEN" });
  });
});
