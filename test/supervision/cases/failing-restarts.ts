import type { Strategy } from "../../../protocols/index.ts";
import { type Rig, replyWord, type Supervisor } from "../rig.ts";

/** S28 to S34: a restart that fails, or is declined. */

const hourMs = 3_600_000;

export async function s28(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 4, periodMs: hourMs }, [rig.probe("q"), rig.probe("b")]);
  await rig.order();
  rig.always("q", { mode: "error" });
  await rig.die(sup, "q", "failed");
  const outcome = await rig.ended(sup);
  const tries = (await rig.order()).filter((what) => what === "starting q").length;
  return { outcome, tries };
}

/** A supervisor that tries to restart its child q again and again; each try takes its time, and fails. */
async function trying(rig: Rig, slowMs: number): Promise<Supervisor> {
  const sup = await rig.start({ intensity: 50, periodMs: hourMs }, [rig.probe("q")]);
  rig.always("q", { mode: "error", slowMs });
  await rig.kill(sup, "q", "failed");
  await rig.untilIs(sup, "q", "restarting");
  return sup;
}

export async function s29(rig: Rig): Promise<unknown> {
  const sup = await trying(rig, 100);
  const children = await rig.children(sup);
  const start = await rig.ground.run(sup.ref.ask({ type: "startChild", child: rig.probe("q") }));
  const restart = await rig.restart(sup, "q");
  const deleted = await rig.delete(sup, "q");
  const terminate = await rig.terminate(sup, "q");
  const childrenAfter = await rig.children(sup);
  rig.always("q", { mode: "ok" });
  return {
    children,
    start: replyWord(start),
    restart,
    delete: deleted,
    terminate,
    childrenAfter,
    restartAfter: await rig.restart(sup, "q"),
  };
}

/** A try that takes very long is cut short. */
export async function s30(rig: Rig): Promise<unknown> {
  const { outcome, tookMs } = await rig.stop(await trying(rig, 5_000));
  return { outcome, prompt: tookMs < 2_000 };
}

export const s31 = (rig: Rig): Promise<unknown> => afterFailedRestart(rig, "rest_for_one", "r1");
export const s32 = (rig: Rig): Promise<unknown> => afterFailedRestart(rig, "one_for_all", "r3");

async function afterFailedRestart(rig: Rig, strategy: Strategy, failing: string): Promise<unknown> {
  const children = ["r1", "r2", "r3"].map((id) => rig.probe(id));
  const sup = await rig.start({ strategy, intensity: 5, periodMs: hourMs }, children);
  await rig.order();
  rig.next("r2", [{ mode: "error" }, { mode: "error", slowMs: 500 }]);
  await rig.kill(sup, failing, "failed");
  await rig.untilIs(sup, "r2", "restarting");
  const meanwhile = await rig.children(sup);
  await rig.untilIs(sup, "r3", "running");
  return { meanwhile, order: await rig.order(), children: await rig.children(sup) };
}

export async function s33(rig: Rig): Promise<unknown> {
  const sup = await rig.start({ intensity: 5 }, [rig.probe("q")]);
  rig.always("q", { mode: "ignore" });
  await rig.die(sup, "q", "failed");
  return { children: await rig.children(sup), state: await rig.state(sup) };
}

export async function s34(rig: Rig): Promise<unknown> {
  const sup = await rig.startSimple({ intensity: 5 });
  const address = await rig.add(sup, "q");
  rig.always("q", { mode: "ignore" });
  await rig.die(sup, address, "failed");
  return { children: await rig.children(sup), state: await rig.state(sup) };
}
