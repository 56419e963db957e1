import type { RestartKind } from "../../../protocols/index.ts";
import { probe } from "../probe.ts";
import type { Rig, Tree } from "../rig.ts";

/** S40, S41 and S47: supervisors of supervisors, and what else may come. */

/** The inner supervisor gives up at the first failure of its only child, w. */
function startTree(rig: Rig, restart: RestartKind): Promise<Tree> {
  return rig.startTree([rig.probe("w")], { intensity: 0 }, { restart });
}

export async function s40(rig: Rig): Promise<unknown> {
  const { top, inner } = await startTree(rig, "permanent");
  const before = await rig.child(top, "inner");
  await rig.ground.run(inner.ref.ask({ type: "startChild", child: rig.probe("dynamic") }));
  await rig.die(inner, "w", "failed");
  await rig.ended(inner);
  await rig.until("the inner supervisor is restarted", async () => {
    const { state, activation } = await rig.child(top, "inner");
    return state === "running" && activation !== before.activation;
  });
  const after = await rig.child(top, "inner");
  return { same: after.activation === before.activation, children: await rig.children(inner) };
}

export async function s41(rig: Rig): Promise<unknown> {
  const { top, inner } = await startTree(rig, "transient");
  await rig.die(inner, "w", "failed");
  await rig.ended(inner);
  await rig.until("the inner supervisor's end is known", async () => {
    return (await rig.child(top, "inner")).state !== "running";
  });
  return { children: await rig.children(top), state: await rig.state(top) };
}

export async function s47(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("a")]);
  const { activation } = await rig.child(sup, "a");
  rig.ground.system.ref(sup.ref.address, probe).tell({ type: "die", how: "failed" });
  const state = await rig.state(sup);
  return { state, same: (await rig.child(sup, "a")).activation === activation };
}
