import { afterEach, describe, expect, test } from "vitest";
import type { Backoff, supervision } from "../../protocols/index.ts";
import { type ActorRef, type ActorSystem, createSystem } from "../../src/index.ts";
import { localGround } from "./local-ground.ts";
import { deaths, mayfly, sky, stormOf } from "./mayfly.ts";

/** So many restarts are borne that nothing but a request from outside ends the storm. */
const endless = { intensity: 1_000_000, periodMs: 3_600_000 };
/** Lives that may begin between a request and its answer. */
const livesMax = 9;

afterEach(() => {
  sky.calm = true;
  sky.onBirth = () => {};
});

function systemOfOne(): Promise<ActorSystem> {
  return createSystem({ name: "t", transport: "memory", onReport: () => {} });
}

async function breakLoose(system: ActorSystem, at: string): Promise<void> {
  const from = sky.lives;
  sky.calm = false;
  await system.ref(at, mayfly).kill();
  await expect.poll(() => sky.lives - from, { interval: 1, timeout: 10_000 }).toBeGreaterThan(20);
}

/** Something asked in the midst of a storm. Fails if the storm goes on for long before the answer. */
async function promptly<T>(work: Promise<T>): Promise<T> {
  const before = sky.lives;
  const value = await work;
  expect(sky.lives - before).toBeLessThanOrEqual(livesMax);
  return value;
}

async function expectCalm(): Promise<void> {
  const before = sky.lives;
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(sky.lives).toBe(before);
}

describe.each(deaths)("while a child dies at each start (%s)", (death) => {
  const at = death === "within" ? "sup.fly.fly" : "sup.fly";
  const start = async (system: ActorSystem): Promise<ActorRef<typeof supervision>> => {
    const ref = await system.spawn("sup", stormOf(death, endless));
    await breakLoose(system, at);
    return ref;
  };

  test("its supervisor is asked and changed within a few of its lives", async () => {
    await using system = await systemOfOne();
    const ref = await start(system);
    const { children } = await promptly(ref.ask({ type: "whichChildren" }));
    expect(children.at(-1)).toMatchObject({ id: "fly" });
    expect(await promptly(ref.ask({ type: "countChildren" }))).toMatchObject({ specs: children.length });
    const another = { id: "another", actor: "slow" };
    expect(await promptly(ref.ask({ type: "startChild", child: another }))).toMatchObject({ ok: true });
    expect(await promptly(ref.ask({ type: "terminateChild", id: "fly" }))).toEqual({ ok: true });
    await expectCalm();

    sky.calm = true;
    expect(await ref.ask({ type: "restartChild", id: "fly" })).toMatchObject({ ok: true });
    await breakLoose(system, at);
    expect(await promptly(ref.ask({ type: "terminateChild", id: "fly" }))).toEqual({ ok: true });
    expect(await ref.ask({ type: "deleteChild", id: "fly" })).toEqual({ ok: true });
    await expectCalm();
  });

  test("its supervisor is stopped within a few of its lives", async () => {
    await using system = await systemOfOne();
    const ref = await start(system);
    expect(await promptly(ref.stop("enough"))).toEqual({ kind: "stopped", reason: "enough" });
    await expectCalm();
  });

  test("the system is closed, and nothing has to be killed", async () => {
    const system = await systemOfOne();
    await start(system);
    expect(await promptly(system.drain())).toMatchObject({ killed: [], unfinished: [] });
    await expectCalm();
  });

  test("there are as many lives as the intensity bears, and then none", async () => {
    await using system = await systemOfOne();
    const ref = await system.spawn("sup", stormOf(death, { intensity: 40, periodMs: endless.periodMs }));
    const { down } = ref.watch();
    using gaveUp = ref.on("gaveUp");
    const before = sky.lives;
    sky.calm = false;
    await system.ref(at, mayfly).kill();
    expect((await down).kind).toBe("stopped");
    expect(sky.lives - before).toBe(40);
    for await (const fact of gaveUp) {
      expect(fact).toMatchObject({ child: "fly", count: 41 });
      break;
    }
    await expectCalm();
  });
});

describe("with a back-off", () => {
  /** A supervisor whose child's starts fail from now on, and when they are tried, on a clock of the test's own. */
  async function failing(backoff: Partial<Backoff> & Pick<Backoff, "initialMs" | "maxMs">) {
    const ground = await localGround();
    const { system } = ground;
    const ref = await ground.run(system.spawn("sup", stormOf("onEntry", { ...endless, backoff })));
    const triedAtMs: number[] = [];
    sky.onBirth = () => triedAtMs.push(Math.round(ground.nowMs()));
    sky.calm = false;
    await ground.run(system.ref("sup.fly", mayfly).kill());
    const waits = (): number[] => triedAtMs.slice(1).map((ms, n) => ms - (triedAtMs[n] as number));
    return { ...ground, ref, triedAtMs, waits };
  }

  test("the tries are as far apart as it says, up to its limit, and begin anew once the child was up", async () => {
    await using ground = await failing({ initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 });
    await ground.pass(5_000);
    expect(ground.waits()).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    sky.calm = true;
    await ground.pass(1_000);
    ground.triedAtMs.length = 0;
    sky.calm = false;
    await ground.run(ground.system.ref("sup.fly", mayfly).kill());
    await ground.pass(1_000);
    expect(ground.waits()).toEqual([100, 200, 400]);
  });

  test("chance takes off no more of a wait than it may", async () => {
    await using ground = await failing({ initialMs: 1_000, maxMs: 1_000, jitter: 0.5 });
    await ground.pass(60_000);
    const waits = ground.waits();
    expect(waits.length).toBeGreaterThan(60);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
    expect(Math.min(...waits)).toBeLessThan(600);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
    expect(Math.max(...waits)).toBeGreaterThan(900);
  });

  test("whoever asks gets in while a try is waited for, and no time has to pass", async () => {
    await using ground = await failing({ initialMs: 60_000, maxMs: 60_000, jitter: 0 });
    const { ref, run, nowMs, triedAtMs } = ground;
    const fromMs = nowMs();
    expect(await run(ref.ask({ type: "whichChildren" }))).toMatchObject({
      children: [{ state: "restarting" }],
    });
    expect(await run(ref.ask({ type: "restartChild", id: "fly" }))).toMatchObject({ error: "restarting" });
    expect(await run(ref.ask({ type: "terminateChild", id: "fly" }))).toEqual({ ok: true });
    sky.calm = true;
    expect(await run(ref.ask({ type: "restartChild", id: "fly" }))).toMatchObject({ ok: true });
    expect((await run(ref.stop())).kind).toBe("stopped");
    expect(nowMs() - fromMs).toBeLessThan(10);
    const tries = triedAtMs.length;
    await ground.pass(120_000);
    expect(triedAtMs).toHaveLength(tries);
  });
});
