import { describe, expect, test } from "vitest";
import { type NodeRecord, Registry, type RegistryEvents } from "../../src/registry.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import { done, rejected, unknown, valueOrThrow } from "../../src/transport/outcomes.ts";
import type { Bucket } from "../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";
import { rejection } from "../support/systems.ts";

const leaseMs = 3_000;

/** Lets virtual time pass in small steps, and the promises in between run. */
async function pass(env: SimulatedEnv, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    env.advance(Math.min(50, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A bucket whose answers can be replaced; what is `unset` goes through. */
function between(bucket: Bucket): { bucket: Bucket; answer: Partial<Bucket> } {
  const answer: Partial<Bucket> = {};
  return {
    answer,
    bucket: {
      get: (...args) => (answer.get ?? bucket.get.bind(bucket))(...args),
      create: (...args) => (answer.create ?? bucket.create.bind(bucket))(...args),
      update: (...args) => (answer.update ?? bucket.update.bind(bucket))(...args),
      put: (...args) => bucket.put(...args),
      delete: (...args) => (answer.delete ?? bucket.delete.bind(bucket))(...args),
      entries: () => bucket.entries(),
      watch: (handler) => (answer.watch ?? bucket.watch.bind(bucket))(handler),
    },
  };
}

async function world(seed: number) {
  const env = simulatedEnv({ seed });
  const shared = valueOrThrow(await createMemoryHub({ env }).connect().store.bucket("cx_test"));
  const join = async (node: string, incarnation = `${node}1`, own: Partial<SimulatedEnv> = {}) => {
    const log: string[] = [];
    const { bucket, answer } = between(shared);
    const events: RegistryEvents = {
      nodeUp: (record) => void log.push(`up ${record.node}`),
      nodeDown: (record, reason) => void log.push(`down ${record.node} ${reason}`),
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
      leaseMs,
    };
    const registry = new Registry(bucket, record, { ...env, ...own }, events);
    await registry.join();
    return { registry, log, answer };
  };
  return { env, shared, join };
}

/** Answers nothing, ever: a process that is frozen or cut off. */
const never = (): Promise<never> => new Promise(() => {});
const away = async () => unknown("CONNECTION_LOST", "The store is away");

describe("a registry", () => {
  test("that slept for longer than a lease does not take the others for dead", async () => {
    const { env, join } = await world(1);
    let asleepMs = 0;
    const b = await join("b", "b1", { monotonicMs: () => env.monotonicMs() + asleepMs });
    await join("a");
    await pass(env, 2_000);
    // Its own timer fires before it has read what a wrote meanwhile.
    asleepMs = 60_000;
    await pass(env, 6_000);
    expect(b.log.filter((line) => line.startsWith("down"))).toEqual([]);
  });

  test("declares nobody dead while the store is away, nor at once when it is back", async () => {
    const { env, join } = await world(2);
    const [a, b] = [await join("a"), await join("b")];
    await pass(env, 2_000);
    for (const { answer } of [a, b]) Object.assign(answer, { update: away });
    await pass(env, 20_000);
    for (const { answer } of [a, b]) delete answer.update;
    await pass(env, 6_000);
    expect([...a.log, ...b.log].filter((line) => line.startsWith("down"))).toEqual([]);
  });

  test("declares nobody dead whose renewals the store drops, as it does our own", async () => {
    const { env, join, shared } = await world(8);
    const [a, b] = [await join("a"), await join("b")];
    await pass(env, 2_000);
    // It says nothing for four seconds, then answers b first.
    for (const { answer } of [a, b]) Object.assign(answer, { update: never });
    await pass(env, 4_100);
    delete b.answer.update;
    await pass(env, 1_100);
    delete a.answer.update;
    await pass(env, 6_000);
    expect([...a.log, ...b.log].filter((line) => line.startsWith("down"))).toEqual([]);
    expect(valueOrThrow(await shared.entries())).toHaveLength(2);
  });

  test("that comes back takes no name for free whose holder it could not hear", async () => {
    const { env, join } = await world(9);
    const b = await join("b");
    const a = await join("a");
    await a.registry.claim("crew");
    // Of a, b has seen no renewal yet.
    b.answer.update = away;
    await pass(env, 200);
    a.answer.update = away;
    await pass(env, 8_000);
    const refused = rejection(b.registry.claim("crew"));
    await pass(env, 500);
    for (const { answer } of [a, b]) delete answer.update;
    await pass(env, 3_000);
    expect(await refused).toMatchObject({ code: "ADDRESS_TAKEN" });
    expect(a.log.filter((line) => line.startsWith("lost"))).toEqual([]);
  });

  test("still declares a silent node dead when the store is back", async () => {
    const { env, join } = await world(3);
    const [a, b] = [await join("a"), await join("b")];
    await pass(env, 2_000);
    a.answer.update = never;
    b.answer.update = away;
    await pass(env, 10_000);
    delete b.answer.update;
    await pass(env, 6_000);
    expect(b.log).toContain("down a lost");
  });

  test("learns that a name moved, also where another node was the first to see its holder dead", async () => {
    const { env, join } = await world(4);
    const [a, b, c] = [await join("a"), await join("b"), await join("c")];
    await a.registry.claim("crew");
    await pass(env, 2_000);
    a.answer.update = never;
    // c cannot judge by itself.
    c.answer.update = away;
    await pass(env, 5_000);
    await b.registry.claim("crew");
    await pass(env, 100);
    expect(c.log).toContain("moved crew from a");
  });

  test("tells a node that another swept away from one that left", async () => {
    const { env, join } = await world(5);
    const [a, b, c] = [await join("a"), await join("b"), await join("c")];
    await pass(env, 2_000);
    a.answer.update = never;
    c.answer.update = away;
    await pass(env, 6_000);
    expect(b.log).toContain("down a lost");
    expect(c.log.filter((line) => line.startsWith("down a"))).toEqual(["down a lost"]);
  });

  test("that was taken for dead does not remove its successor's record when it leaves", async () => {
    const { env, join, shared } = await world(6);
    const a = await join("a");
    const b = await join("b");
    await pass(env, 2_000);
    Object.assign(a.answer, { update: never });
    await pass(env, 6_000);
    expect(b.log).toContain("down a lost");
    await join("a", "a2");
    void a.registry.leave();
    await pass(env, 500);
    expect(valueOrThrow(await shared.get("node.a"))?.value).toBeDefined();
  });

  test("rejects a claim that the store refuses for good, and does not try for ever", async () => {
    const { join } = await world(7);
    const a = await join("a");
    a.answer.create = async () => rejected("PERMISSION_DENIED", "no");
    expect(await rejection(a.registry.claim("crew"))).toMatchObject({ code: "PERMISSION_DENIED" });
    delete a.answer.create;
    await a.registry.claim("crew");
    expect(a.registry.holds("crew")).toBe(true);
  });

  test("gives a name back later where the store was away", async () => {
    const { env, join } = await world(8);
    const [a, b] = [await join("a"), await join("b")];
    await a.registry.claim("crew");
    a.answer.delete = away;
    expect(await rejection(a.registry.release("crew"))).toMatchObject({ code: "CONNECTION_LOST" });
    await pass(env, 2_000);
    expect(await rejection(b.registry.claim("crew"))).toMatchObject({ code: "ADDRESS_TAKEN" });
    delete a.answer.delete;
    await pass(env, 2_000);
    await b.registry.claim("crew");
    expect(b.registry.holds("crew")).toBe(true);
  });

  test("reports a record that is none, and goes on", async () => {
    const { env, join, shared } = await world(9);
    const escaped: unknown[] = [];
    const note = (error: unknown): void => void escaped.push(error);
    process.on("unhandledRejection", note);
    const a = await join("a");
    await shared.put("node.a", new Uint8Array([0xc1, 0xff]));
    await pass(env, 3_000);
    process.off("unhandledRejection", note);
    expect(escaped).toEqual([]);
    expect(a.log).toContain("failed STORE_FAILED");
    await a.registry.claim("crew");
  });
});
