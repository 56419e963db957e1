import type { Rig } from "../rig.ts";

/** S38 and S39: children of one template. */

export async function s38(rig: Rig): Promise<unknown> {
  const sup = await rig.startSimple();
  const child = await rig.add(sup, "a");
  const terminate = (which: { id: string } | { address: string }): Promise<string> =>
    rig.word(sup.ref.ask({ type: "terminateChild", ...which }));
  const strategy = "simple_one_for_one";
  return {
    terminateById: await terminate({ id: "probe" }),
    restartById: await rig.restart(sup, "probe"),
    deleteById: await rig.delete(sup, "probe"),
    terminateStranger: await terminate({ address: sup.ref.address }),
    terminate: await terminate({ address: child }),
    terminateDead: await terminate({ address: child }),
    noSpec: await rig.faultOf({ strategy }, []),
    twoSpecs: await rig.faultOf({ strategy }, [rig.probe("a"), rig.probe("b")]),
  };
}

export async function s39(rig: Rig): Promise<unknown> {
  const sup = await rig.startSimple({ intensity: 3 });
  const address = await rig.add(sup, "zed");
  await rig.order();
  await rig.die(sup, address, "failed");
  return { order: await rig.order() };
}
