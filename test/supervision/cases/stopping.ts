import { expect } from "vitest";
import type { ActorAddress } from "../../../protocols/index.ts";
import type { Rig } from "../rig.ts";

/** S35 to S37, S48 and S50: how children end with their supervisor. */

/** OTP's own figures with room for a slow machine: only the class of a time is compared. */
function classOf(
  tookMs: number,
  limitMs: number,
  beyondMs: number,
  words = ["the limit", "too long"],
): string {
  if (tookMs < limitMs) return "less than the limit";
  return (tookMs < beyondMs ? words[0] : words[1]) as string;
}

export async function s35(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [
    rig.probe("a", { trap: true }, { shutdownMs: "brutal_kill" }),
    rig.probe("b", { trap: true, cleanUpMs: 5_000 }, { shutdownMs: 200 }),
    rig.probe("c", { trap: true, cleanUpMs: 50 }, { shutdownMs: 1_000 }),
  ]);
  const watched = rig.watch(await rig.kids(sup));
  await rig.order();
  const { outcome, tookMs } = await rig.stop(sup);
  const took = classOf(tookMs, 250, 2_000);
  return { order: await rig.order(), outcome, outcomes: await watched.all(), took };
}

export async function s36(rig: Rig): Promise<unknown> {
  const children = ["a", "b", "c"].map((id) => rig.probe(id, { trap: true, cleanUpMs: 150 }));
  const sup = await rig.start({}, children);
  const { outcome, tookMs } = await rig.stop(sup);
  return { outcome, took: tookMs >= 450 ? "sequential" : "parallel" };
}

export async function s37(rig: Rig): Promise<unknown> {
  const sup = await rig.startSimple({}, { shutdownMs: 800 });
  const children: { id: string; address: ActorAddress }[] = [];
  for (const [id, cleanUpMs] of Object.entries({ a: 400, b: 400, c: 5_000 }))
    children.push({ id, address: await rig.add(sup, id, { trap: true, cleanUpMs }) });
  const watched = rig.watch(children);
  const { outcome, tookMs } = await rig.stop(sup);
  const took = classOf(tookMs, 800, 1_500, ["one limit", "more than one limit"]);
  return { outcome, outcomes: await watched.all(), took };
}

/** Our links cannot be broken from outside; a child that does not listen is the nearest there is. */
export async function s48(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("n", { deaf: true }, { shutdownMs: 300 })]);
  const watched = rig.watch([await rig.child(sup, "n")]);
  const { outcome, tookMs } = await rig.stop(sup);
  return { outcome, child: (await watched.all()).n, took: classOf(tookMs, 300, 3_000) };
}

/** Killed by its own supervisor, as nobody else can. */
export async function s50(rig: Rig): Promise<unknown> {
  const children = [rig.probe("plain"), rig.probe("trapping", { trap: true })];
  const { top, inner } = await rig.startTree(children, {}, { shutdownMs: "brutal_kill" });
  const { ended, all } = rig.watch(await rig.kids(inner));
  await rig.terminate(top, "inner");
  expect(await rig.ended(inner)).toBe("killed");
  await all();
  return Object.fromEntries(children.map(({ id }) => [id, ended.has(id) ? "ended" : "alive"]));
}
