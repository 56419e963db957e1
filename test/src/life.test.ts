import { describe, expect, test } from "vitest";
import { fromCallback, sendTo, setup } from "xstate";
import { defineSupervisor } from "../../actors/index.ts";
import {
  type ActorOutcome,
  control,
  type MessageOf,
  nodeLifecycle,
  type OutgoingOf,
} from "../../protocols/index.ts";
import { createMemoryHub, createSystem, defineActor, type Env } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { simulatedEnv } from "../support/simulated-env.ts";
import { rejection, twoNodes } from "../support/systems.ts";
import { keeper, keeperActor, ward, wardActor } from "../support/ward.ts";

interface Up {
  readonly kind: "up";
  readonly address: string;
  readonly activation: string;
  readonly info?: unknown;
}

async function oneNode(env?: Env): ReturnType<typeof createSystem> {
  const given = env === undefined ? {} : { env };
  const transport = createMemoryHub(given).connect();
  return createSystem({ name: "life", node: "a", transport, onReport: () => {}, ...given });
}

describe("coming up", () => {
  test("spawn waits while the machine is in a state tagged starting", async () => {
    await using system = await oneNode();
    let up = false;
    const spawning = system.spawn("one", wardActor, { input: { slow: true } }).then((ref) => {
      up = true;
      return ref;
    });
    const ref = system.ref("one", ward);
    const state = system.ref("two", ward);
    await system.spawn("two", wardActor);
    expect(await state.ask({ type: "read" })).toEqual({ state: "risen" });
    expect(up).toBe(false);
    ref.tell({ type: "rise" });
    expect((await spawning).address).toBe("one");
    expect(await ref.ask({ type: "read" })).toEqual({ state: "risen" });
  });

  test("one that fails or stops before it is up rejects the spawn, and its name is free again", async () => {
    await using system = await oneNode();
    const ref = system.ref("one", ward);
    const spawning = async (message: OutgoingOf<typeof ward>): Promise<{ code: string; message: string }> => {
      let error: { code: string; message: string } | undefined;
      void rejection(system.spawn("one", wardActor, { input: { slow: true } })).then((rejected) => {
        error = rejected;
      });
      // Nobody lives there before the spawn is under way.
      await expect
        .poll(() => {
          if (error === undefined) ref.tell(message);
          return error;
        })
        .toBeDefined();
      return error as never;
    };
    const failed = await spawning({ type: "fail", text: "no socket" });
    expect(failed).toMatchObject({ code: "ACTOR_FAILED", message: expect.stringContaining("no socket") });
    const left = await spawning({ type: "leave", reason: "not on Sundays" });
    expect(left.message).toContain("one could not start: not on Sundays");
    await system.spawn("one", wardActor);
  });

  test("one that is not up in time is killed", async () => {
    const env = simulatedEnv();
    const system = await oneNode(env);
    const spawning = rejection(system.spawn("one", wardActor, { input: { slow: true }, startWithinMs: 400 }));
    await expect.poll(() => env.pendingTimers).toBeGreaterThan(0);
    const watched = system.ref("one", ward).watch();
    env.advance(399);
    env.advance(1);
    expect(await spawning).toMatchObject({
      code: "ACTOR_FAILED",
      message: expect.stringContaining("400 ms"),
    });
    expect(await watched.down).toMatchObject({ kind: "killed" });
    const drained = system.drain();
    env.advance(60_000);
    await drained;
  });

  test("startWithinMs has to be a positive number", async () => {
    await using system = await oneNode();
    const error = await rejection(system.spawn("one", wardActor, { startWithinMs: 0 }));
    expect(error).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("got 0") });
  });
});

describe("going down", () => {
  test("a machine that takes coxswain.shutdown cleans up first, and is stopped for the reason given", async () => {
    await using system = await oneNode();
    const ref = await system.spawn("one", wardActor, { input: { tidy: true } });
    const stopping = ref.stop("the shop closes");
    await expect.poll(() => ref.ask({ type: "read" })).toEqual({ state: "cleaning" });
    ref.tell({ type: "cleaned" });
    expect(await stopping).toEqual({ kind: "stopped", reason: "the shop closes" });
  });

  test("a machine that does not take it, and a reducer, end at once", async () => {
    await using system = await oneNode();
    const untidy = await system.spawn("one", wardActor);
    expect(await untidy.stop()).toEqual({ kind: "stopped" });
    const other = await system.spawn("two", counterActor);
    expect(await other.stop("enough")).toEqual({ kind: "stopped", reason: "enough" });
  });

  test("one that does not end within its limit is killed; the shortest limit counts", async () => {
    const env = simulatedEnv();
    const system = await oneNode(env);
    const ref = await system.spawn("one", wardActor, { input: { tidy: true } });
    const first = ref.stop("slowly", { withinMs: 10_000 });
    const second = ref.stop("sooner", { withinMs: 300 });
    await expect.poll(() => env.pendingTimers).toBeGreaterThanOrEqual(2);
    let outcome: ActorOutcome | undefined;
    void first.then((ended) => {
      outcome = ended;
    });
    await expect
      .poll(() => {
        env.advance(100);
        return outcome;
      })
      .toMatchObject({ kind: "killed", reason: expect.stringContaining("300 ms") });
    expect(await second).toEqual(await first);
    const drained = system.drain();
    env.advance(60_000);
    await drained;
  });

  test("kill ends it without its leave", async () => {
    await using system = await oneNode();
    const ref = await system.spawn("one", wardActor, { input: { tidy: true } });
    expect(await ref.kill("too loud")).toEqual({ kind: "killed", reason: "too loud" });
  });

  test("nobody outside can forge a shutdown", async () => {
    await using system = await oneNode();
    const ref = await system.spawn("one", wardActor, { input: { tidy: true } });
    const forged = { ...ward, accepts: { ...ward.accepts, "coxswain.shutdown": ward.accepts.rise } };
    system.ref("one", forged as never).tell({ type: "coxswain.shutdown" } as never);
    await expect.poll(() => system.deadLetters.list()).toMatchObject([{ to: "one", code: "TYPE_RESERVED" }]);
    expect(await ref.ask({ type: "read" })).toEqual({ state: "risen" });
    await ref.kill();
  });

  test("drain stops what nobody supervises, youngest first, and says what it had to kill", async () => {
    const system = await oneNode();
    const ends: string[] = [];
    for (const address of ["one", "two", "three"]) {
      const ref = await system.spawn(address, wardActor, { input: { tidy: address === "two" } });
      ref.watch(({ kind }) => void ends.push(`${address} ${kind}`));
    }
    const report = await system.drain({ stopWithinMs: 50 });
    expect(ends).toEqual(["three stopped", "two killed", "one stopped"]);
    expect(report).toMatchObject({ stopped: 3, unfinished: [], killed: ["two"] });
  });

  test("drain names a child that hangs in its clean-up beside the supervisor that waited for it, and none that was meant to be killed", async () => {
    const system = await oneNode();
    const tree = defineSupervisor({
      children: [
        { id: "quick", actor: wardActor, input: { tidy: true }, shutdownMs: "brutal_kill" },
        { id: "slow", actor: wardActor, input: { tidy: true }, shutdownMs: "infinity" },
      ],
    });
    await system.spawn("tree", tree);
    const { killed } = await system.drain({ stopWithinMs: 50 });
    expect(killed).toEqual(["tree", "tree.slow"]);
  });
});

describe("what nobody supervises", () => {
  test("its end unasked is told as escalated; an essential actor takes the system with it", async () => {
    const system = await oneNode();
    const told: object[] = [];
    system.ref("node-a", nodeLifecycle).on("escalated", (fact) => {
      told.push(fact);
    });
    const idle = await system.spawn("idle", wardActor);
    const plain = await system.spawn("plain", wardActor);
    const vital = await system.spawn("vital", wardActor, { essential: true });
    await idle.stop();
    plain.tell({ type: "fail", text: "a" });
    vital.tell({ type: "leave", reason: "b" });
    await expect
      .poll(() => told)
      .toEqual([
        { type: "escalated", address: "plain", kind: "failed", reason: "Error: a", decision: "continue" },
        { type: "escalated", address: "vital", kind: "stopped", reason: "b", decision: "drain" },
      ]);
    expect((await system.drain()).unfinished).toEqual([]);
    expect(await rejection(system.spawn("late", wardActor))).toMatchObject({ code: "SYSTEM_CLOSED" });
  });
});

describe("an actor that starts others", () => {
  test("hears once of each one's end, and not of those it stopped", async () => {
    await using system = await oneNode();
    const boss = await system.spawn("boss", keeperActor);
    const one = (await boss.ask({ type: "start", address: "boss.one" })) as Up;
    const two = (await boss.ask({ type: "start", address: "boss.two" })) as Up;
    expect(one).toMatchObject({ kind: "up", address: "boss.one", activation: expect.any(String) });
    expect(two.activation).not.toBe(one.activation);
    system.ref("boss.one", ward).tell({ type: "leave", reason: "home" });
    await expect.poll(() => boss.ask({ type: "downs" })).toHaveLength(1);
    expect(await boss.ask({ type: "stop", ...two, limit: 100 })).toEqual({
      kind: "stopped",
      reason: "no longer needed",
    });
    expect(await boss.ask({ type: "stop", ...one, limit: 100 })).toMatchObject({ kind: "lost" });
    expect(await boss.ask({ type: "downs" })).toMatchObject([
      { address: "boss.one", activation: one.activation, outcome: { kind: "stopped", reason: "home" } },
    ]);
    expect(system.counts.dead).toBe(0);
  });

  test("gets what a starting one announced, and `ignored` from one that was done before it was up", async () => {
    await using system = await oneNode();
    const boss = await system.spawn("boss", keeperActor);
    const settled: unknown[] = [];
    const startAndSay = async (address: string, word: "rise" | "decline"): Promise<unknown> => {
      const starting = boss.ask({ type: "start", address, input: { slow: true } });
      void starting.then((answer) => settled.push(answer));
      const before = settled.length;
      // Nobody lives there until it starts.
      await expect
        .poll(() => {
          if (settled.length === before) system.ref(address, ward).tell({ type: word });
          return settled.length;
        })
        .toBe(before + 1);
      return starting;
    };
    expect(await startAndSay("boss.one", "rise")).toMatchObject({ kind: "up", info: { port: 7 } });
    expect(await startAndSay("boss.two", "decline")).toEqual({ kind: "ignored" });
  });

  test("takes them with it, however it ends", async () => {
    await using system = await oneNode();
    for (const how of ["done", "failed", "kill"] as const) {
      const boss = await system.spawn("boss", keeperActor);
      await boss.ask({ type: "start", address: "boss.one", input: { tidy: true } });
      const { down } = system.ref("boss.one", ward).watch();
      if (how === "kill") await boss.kill();
      else boss.tell({ type: "end", how });
      expect(await down).toMatchObject({ kind: "stopped", reason: expect.stringContaining("boss") });
    }
  });

  test("on another node: by name, with its outcome, and its end when its starter's node is lost", async () => {
    await using nodes = await twoNodes({ actors: { ward: wardActor }, leaseMs: 300 });
    const { a, b } = nodes;
    const boss = await a.spawn("boss", keeperActor);
    const one = (await boss.ask({ type: "start", address: "far", node: "b" })) as Up;
    expect(one).toMatchObject({ kind: "up", address: "far" });
    expect(await b.ref("far", ward).ask({ type: "read" })).toEqual({ state: "risen" });
    a.ref("far", ward).tell({ type: "finish" });
    await expect.poll(() => boss.ask({ type: "downs" })).toMatchObject([{ outcome: { kind: "done" } }]);
    const again = (await boss.ask({
      type: "start",
      address: "far",
      node: "b",
      input: { tidy: true },
    })) as Up;
    expect(await boss.ask({ type: "stop", ...again, limit: 50 })).toMatchObject({ kind: "killed" });
    await boss.ask({ type: "start", address: "far", node: "b" });
    const { down } = b.ref("far", ward).watch();
    await boss.kill();
    expect(await down).toMatchObject({ kind: "stopped" });
    expect(await b.ref("boss", keeper).watch().down).toMatchObject({ kind: "lost" });
  });

  test("learns of a name that a node does not have, a node that is not there, and code that cannot travel", async () => {
    await using nodes = await twoNodes({ actors: { ward: wardActor } });
    const boss = await nodes.a.spawn("boss", keeperActor);
    const failing = (more: object) => boss.ask({ type: "start", address: "far", ...more });
    expect(await failing({ node: "b", actor: "stranger" })).toMatchObject({ code: "ACTOR_UNKNOWN" });
    expect(await failing({ node: "c" })).toMatchObject({ code: "UNREACHABLE" });
    expect(await failing({ node: "b", withinMs: 20, input: { slow: true } })).toMatchObject({
      code: "ACTOR_FAILED",
    });
    expect(await failing({ node: "b" })).toMatchObject({ kind: "up" });
    expect(await failing({ node: "b" })).toMatchObject({ code: "ADDRESS_TAKEN" });
  });
});

describe("linked actors", () => {
  test("end together, on two nodes as on one, unless the first is done", async () => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    const [one, two] = [await a.spawn("one", wardActor), await b.spawn("two", wardActor)];
    const three = await a.spawn("three", wardActor);
    one.link(two);
    one.link(three);
    expect(await two.ask({ type: "read" })).toEqual({ state: "risen" });
    const downs = Promise.all([two, three].map((ref) => ref.watch().down));
    one.tell({ type: "fail", text: "ouch" });
    expect(await downs).toMatchObject([
      { kind: "failed", error: { code: "LINK_BROKEN" } },
      { kind: "failed", error: { code: "LINK_BROKEN" } },
    ]);
  });

  test("one that is done leaves the other alive; one that is stopped stops it", async () => {
    await using system = await oneNode();
    const stays = await system.spawn("stays", counterActor);
    const first = await system.spawn("first", wardActor);
    const second = await system.spawn("second", wardActor);
    first.link(stays);
    second.link(stays);
    first.tell({ type: "finish" });
    await first.watch().down;
    expect(await stays.ask({ type: "read" })).toEqual({ count: 0 });
    const { down } = system.ref("stays", counter).watch();
    await second.stop("closing time");
    expect(await down).toEqual({ kind: "stopped", reason: "closing time" });
  });
});

test("the list of a node's actors can be read page by page", async () => {
  await using system = await oneNode();
  for (const address of ["c", "a", "d", "b"]) await system.spawn(address, counterActor);
  const node = system.ref("node-a", control);
  const first = await node.ask({ type: "list", limit: 2 });
  expect(first.actors.map(({ address }) => address)).toEqual(["a", "b"]);
  const rest = await node.ask({ type: "list", after: "b" });
  expect(rest.actors.map(({ address }) => address)).toEqual(["c", "d", "node-a"]);
  expect([first.total, rest.total]).toEqual([5, 5]);
});

test("what a failed turn set off has no turn of its own: the first failure is the one that is told", async () => {
  await using system = await oneNode();
  const seen: string[] = [];
  const machine = setup({
    types: { events: {} as MessageOf<typeof ward> },
    actors: { echo: fromCallback(({ sendBack, receive }) => receive(() => sendBack({ type: "rise" }))) },
  }).createMachine({
    invoke: { id: "echo", src: "echo" },
    on: {
      decline: {
        actions: [
          () => {
            throw new Error("first");
          },
          sendTo("echo", { type: "now" }),
        ],
      },
      rise: {
        actions: () => {
          seen.push("rise");
          throw new Error("second");
        },
      },
    },
  });
  const ref = await system.spawn("one", defineActor({ protocol: ward, machine }));
  const { down } = ref.watch();
  ref.tell({ type: "decline" });
  expect(await down).toMatchObject({ kind: "failed", error: { message: "Error: first" } });
  expect(seen).toEqual([]);
});
