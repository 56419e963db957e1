import { type RestartKind, restartKinds, type Strategy } from "../../../protocols/index.ts";
import { type End, ends } from "../probe.ts";
import type { Rig } from "../rig.ts";

/** S11 to S19: who is restarted, and who with it. */

export async function s11(rig: Rig): Promise<unknown> {
  const results: Record<string, Record<string, string>> = {};
  for (const restart of restartKinds) {
    const row: Record<string, string> = {};
    for (const how of ends) row[how] = await afterEnd(rig, restart, how);
    results[restart] = row;
  }
  return results;
}

async function afterEnd(rig: Rig, restart: RestartKind, how: End): Promise<string> {
  const sup = await rig.start({ intensity: 5 }, [rig.probe("a", {}, { restart })]);
  const { activation } = await rig.child(sup, "a");
  await rig.die(sup, "a", how);
  const [now] = await rig.kids(sup);
  await rig.stop(sup);
  if (now === undefined) return "gone";
  if (now.state === "stopped") return "kept";
  return now.activation === activation ? "untouched" : "restarted";
}

export async function s12(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [
    rig.probe("a", {}, { restart: "transient" }),
    rig.probe("b", {}, { restart: "temporary" }),
  ]);
  for (const id of ["a", "b"]) await rig.die(sup, id, "done");
  return { children: await rig.children(sup) };
}

export const s13 = (rig: Rig): Promise<unknown> => afterFailure(rig, "one_for_one", ["a", "b", "c"]);
export const s14 = (rig: Rig): Promise<unknown> => afterFailure(rig, "one_for_all", ["a", "b", "c"]);
export const s15 = (rig: Rig): Promise<unknown> => afterFailure(rig, "rest_for_one", ["a", "b", "c", "d"]);

async function afterFailure(rig: Rig, strategy: Strategy, ids: readonly string[]): Promise<unknown> {
  const children = ids.map((id) => rig.probe(id, { trap: true }));
  const sup = await rig.start({ strategy, intensity: 3 }, children);
  const before = await rig.activations(sup, ids);
  await rig.order();
  await rig.die(sup, "b", "failed");
  const after = await rig.activations(sup, ids);
  const same = Object.fromEntries(ids.map((id) => [id, before[id] === after[id]]));
  return { same, order: await rig.order() };
}

export async function s16(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ strategy: "one_for_all", intensity: 3 }, [
    rig.probe("a", { trap: true }),
    rig.probe("t", { trap: true }, { restart: "temporary" }),
    rig.probe("c", { trap: true }),
  ]);
  await rig.order();
  await rig.die(sup, "a", "failed");
  return { children: await rig.children(sup), order: await rig.order() };
}

export async function s17(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ strategy: "one_for_all", intensity: 3 }, [
    rig.probe("a"),
    rig.probe("t", {}, { restart: "transient" }),
  ]);
  const { activation } = await rig.child(sup, "t");
  await rig.die(sup, "a", "failed");
  const now = await rig.child(sup, "t");
  return { children: await rig.children(sup), same: now.activation === activation };
}

export async function s18(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ strategy: "one_for_all", intensity: 3 }, [
    rig.probe("a"),
    rig.probe("t", {}, { restart: "transient" }),
  ]);
  await rig.die(sup, "t", "done");
  const before = await rig.children(sup);
  await rig.die(sup, "a", "failed");
  return { before, after: await rig.children(sup) };
}

export async function s19(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ strategy: "one_for_all", intensity: 3 }, [rig.probe("a"), rig.probe("b")]);
  await rig.terminate(sup, "b");
  const before = await rig.children(sup);
  await rig.die(sup, "a", "failed");
  return { before, after: await rig.children(sup) };
}
