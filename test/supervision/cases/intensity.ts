import type { Rig } from "../rig.ts";

/** S20 to S27 and S51: how many restarts are borne. */

const hourMs = 3_600_000;

export async function s20(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 2, periodMs: hourMs }, [rig.probe("a"), rig.probe("b")]);
  const bystander = rig.watch([await rig.child(sup, "b")]);
  for (let n = 0; n < 2; n++) await rig.die(sup, "a", "failed");
  const aliveAfterTwo = (await rig.state(sup)) === "alive";
  await rig.die(sup, "a", "failed");
  const outcome = await rig.ended(sup);
  return { aliveAfterTwo, outcome, bystanderAlive: !bystander.ended.has("b") };
}

export async function s21(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 0, periodMs: 5_000 }, [rig.probe("a")]);
  await rig.die(sup, "a", "failed");
  return { outcome: await rig.ended(sup) };
}

export async function s22(rig: Rig): Promise<unknown> {
  const within = await rig.start({}, [rig.probe("a")]);
  const beyond = await rig.start({}, [rig.probe("a")]);
  await rig.die(within, "a", "failed");
  await rig.die(beyond, "a", "failed");
  const aliveAfterOne = (await rig.state(within)) === "alive";
  await rig.ground.pass(4_000);
  await rig.die(within, "a", "failed");
  const outcome = await rig.ended(within);
  await rig.ground.pass(2_000);
  await rig.die(beyond, "a", "failed");
  return { aliveAfterOne, within: outcome, beyond: await rig.state(beyond) };
}

export async function s23(rig: Rig): Promise<unknown> {
  const children = ["a", "b", "c"].map((id) => rig.probe(id));
  const sup = await rig.start({ strategy: "one_for_all", intensity: 1, periodMs: hourMs }, children);
  await rig.order();
  await rig.die(sup, "a", "failed");
  return { state: await rig.state(sup), order: await rig.order() };
}

export async function s24(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 1, periodMs: hourMs }, [rig.probe("a")]);
  await rig.die(sup, "a", "done");
  const aliveAfterOne = (await rig.state(sup)) === "alive";
  await rig.die(sup, "a", "done");
  return { aliveAfterOne, outcome: await rig.ended(sup) };
}

export async function s25(rig: Rig): Promise<unknown> {
  const children = ["a", "b"].map((id) => rig.probe(id, {}, { restart: "temporary" }));
  const sup = await rig.start({ intensity: 0 }, children);
  for (const id of ["a", "b"]) await rig.die(sup, id, "failed");
  return { state: await rig.state(sup), children: await rig.children(sup) };
}

export async function s26(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 0 }, [rig.probe("a")]);
  for (let n = 0; n < 3; n++) {
    await rig.terminate(sup, "a");
    await rig.restart(sup, "a");
  }
  return { state: await rig.state(sup), children: await rig.children(sup) };
}

export async function s27(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 1, periodMs: 1_000 }, [rig.probe("a")]);
  for (let n = 0; n < 3; n++) {
    await rig.die(sup, "a", "failed");
    await rig.ground.pass(2_100);
  }
  return { state: await rig.state(sup) };
}

/** Ten times as long as with OTP, so that a slow machine does not matter; our clock can be put forward. */
export async function s51(rig: Rig): Promise<unknown> {
  const results: Record<number, string> = {};
  for (const gap of [200, 900, 1_100, 1_900, 2_100]) {
    const sup = await rig.start({ intensity: 1, periodMs: 10_000 }, [rig.probe("a")]);
    const firstMs = rig.ground.nowMs();
    await rig.die(sup, "a", "failed");
    await rig.ground.pass(10 * gap - (rig.ground.nowMs() - firstMs));
    await rig.die(sup, "a", "failed");
    results[gap] = await rig.state(sup);
  }
  return results;
}
