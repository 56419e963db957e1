import { describe, expect, test, vi } from "vitest";
import { defineSupervisor } from "../../../actors/index.ts";
import { supervision } from "../../../protocols/index.ts";
import {
  type ActorDefinition,
  type ActorSystem,
  createMemoryHub,
  createSystem,
  hostedActor,
} from "../../../src/index.ts";
import { counterActor } from "../../support/counter.ts";
import { rejection } from "../../support/systems.ts";
import { keeper, keeperActor, ward, wardActor } from "../../support/ward.ts";
import { clerk } from "./clerk.ts";
import { clerkIn, type Place, places, walls } from "./definitions.ts";

vi.setConfig({ testTimeout: 60_000 });

const module = new URL("../../support/ward.ts", import.meta.url);

function wardIn(place: Place): ActorDefinition<typeof ward, { slow?: boolean; tidy?: boolean } | undefined> {
  return place === "plain"
    ? wardActor
    : hostedActor({ protocol: ward, in: place, module, name: "wardActor" });
}

function keeperIn(place: Place): ActorDefinition<typeof keeper> {
  return place === "plain"
    ? (keeperActor as ActorDefinition<typeof keeper>)
    : hostedActor({ protocol: keeper, in: place, module, name: "keeperActor" });
}

function oneNode(): Promise<ActorSystem> {
  const transport = createMemoryHub().connect();
  const actors = { ward: wardActor, counter: counterActor };
  return createSystem({ name: "life", node: "a", transport, actors, onReport: () => {} });
}

describe.each(places)("an actor hosted in: %s", (place) => {
  test("comes up when its machine says so", async () => {
    await using system = await oneNode();
    let up = false;
    const spawning = system.spawn("one", wardIn(place), { input: { slow: true } }).finally(() => {
      up = true;
    });
    const ref = system.ref("one", ward);
    const state = async (): Promise<string> => (await rejection(ref.ask({ type: "read" }))).code;
    await expect.poll(state, { timeout: 10_000 }).toBe("MESSAGE_UNEXPECTED");
    expect(up).toBe(false);
    ref.tell({ type: "rise" });
    await spawning;
    expect(await ref.ask({ type: "read" })).toEqual({ state: "risen" });
  });

  test("rejects its spawn where it fails while it starts", async () => {
    await using system = await oneNode();
    const ref = system.ref("one", ward);
    let error: { readonly message: string } | undefined;
    void rejection(system.spawn("one", wardIn(place), { input: { slow: true } })).then((rejected) => {
      error = rejected;
    });
    await expect
      .poll(
        () => {
          if (error === undefined) ref.tell({ type: "fail", text: "no socket" });
          return error?.message;
        },
        { timeout: 10_000 },
      )
      .toContain("one could not start: Error: no socket");
  });

  test("cleans up when it is asked to end, or ends by itself with its reason", async () => {
    await using system = await oneNode();
    const ref = await system.spawn("one", wardIn(place), { input: { tidy: true } });
    const stopping = ref.stop("the shop closes");
    await expect.poll(() => ref.ask({ type: "read" })).toEqual({ state: "cleaning" });
    ref.tell({ type: "cleaned" });
    expect(await stopping).toEqual({ kind: "stopped", reason: "the shop closes" });
    const other = await system.spawn("two", wardIn(place));
    const { down } = other.watch();
    other.tell({ type: "leave", reason: "tired" });
    expect(await down).toEqual({ kind: "stopped", reason: "tired" });
  });

  test("starts others by name, hears of their end, stops them, and takes them with it", async () => {
    await using system = await oneNode();
    const ref = await system.spawn("keeper", keeperIn(place));
    const started = await ref.ask({ type: "start", address: "kept.one", actor: "ward" });
    expect(started).toMatchObject({ kind: "up", address: "kept.one" });
    expect(await ref.ask({ type: "start", address: "kept.two", actor: "nobody" })).toEqual({
      kind: "failed",
      code: "ACTOR_UNKNOWN",
    });
    system.ref("kept.one", ward).tell({ type: "leave", reason: "tired" });
    await expect
      .poll(() => ref.ask({ type: "downs" }))
      .toMatchObject([
        { type: "coxswain.down", address: "kept.one", outcome: { kind: "stopped", reason: "tired" } },
      ]);
    const { activation } = (await ref.ask({ type: "start", address: "kept.one", actor: "ward" })) as {
      activation: string;
    };
    expect(await ref.ask({ type: "stop", address: "kept.one", activation, limit: 1_000 })).toEqual({
      kind: "stopped",
      reason: "no longer needed",
    });
    await ref.ask({ type: "start", address: "kept.three", actor: "ward" });
    const { down } = system.ref("kept.three", ward).watch();
    ref.tell({ type: "end", how: "failed" });
    expect(await down).toMatchObject({ kind: "stopped" });
  });
});

test.each(walls)("a supervisor starts an actor in a %s again that was killed at its limit", async (wall) => {
  await using system = await oneNode();
  const shop = defineSupervisor({
    children: [
      { id: "clerk", actor: clerkIn(wall, { turnMaxMs: 500 }) },
      { id: "near", actor: counterActor },
    ],
  });
  const supervisor = await system.spawn("shop", shop);
  const restarts: string[] = [];
  supervisor.on("restarted", ({ child, reason }) => void restarts.push(`${child}: ${reason}`));
  const ref = system.ref("shop.clerk", clerk);
  expect(await ref.ask({ type: "echo", text: "before" })).toEqual({ text: "before" });
  ref.tell({ type: "misbehave", how: "loop" });
  await expect.poll(() => restarts, { timeout: 10_000 }).toHaveLength(1);
  expect(restarts[0]).toMatch(/^clerk: .*a turn took longer than 500 ms/);
  expect(await ref.ask({ type: "echo", text: "after" })).toEqual({ text: "after" });
  const { children } = await system.ref("shop", supervision).ask({ type: "whichChildren" });
  expect(children.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(["clerk running", "near running"]);
});
