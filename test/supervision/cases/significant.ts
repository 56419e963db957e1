import type { RestartKind } from "../../../protocols/index.ts";
import type { Flags, Rig, Spec, Supervisor } from "../rig.ts";

/** S42 to S44: children whose end is their supervisor's. */

type Kid = readonly [id: string, restart: RestartKind, significant: boolean];

function probes(rig: Rig, kids: readonly Kid[]): Spec[] {
  return kids.map(([id, restart, significant]) => rig.probe(id, {}, { restart, significant }));
}

export async function s42(rig: Rig): Promise<unknown> {
  const start = (autoShutdown: Flags["autoShutdown"], kids: readonly Kid[]): Promise<Supervisor> =>
    rig.start({ autoShutdown, intensity: 5 }, probes(rig, kids));
  const both: readonly Kid[] = [
    ["a", "transient", true],
    ["b", "transient", true],
  ];
  const any = await start("any_significant", both);
  await rig.die(any, "a", "done");
  const all = await start("all_significant", both);
  await rig.die(all, "a", "done");
  const allFirstDone = await rig.state(all);
  await rig.die(all, "b", "done");
  const crash = await start("any_significant", [["a", "transient", true]]);
  await rig.die(crash, "a", "failed");
  const temporary = await start("any_significant", [
    ["a", "temporary", true],
    ["b", "permanent", false],
  ]);
  await rig.die(temporary, "a", "failed");
  const insignificant = await start("any_significant", [
    ["a", "transient", true],
    ["b", "transient", false],
  ]);
  await rig.die(insignificant, "b", "done");
  const operator = await start("any_significant", [
    ["a", "transient", true],
    ["b", "permanent", false],
  ]);
  await rig.terminate(operator, "a");
  return {
    insignificantDone: await rig.state(insignificant),
    anyDone: await rig.ended(any),
    allFirstDone,
    allLastDone: await rig.ended(all),
    transientFailed: { state: await rig.state(crash), children: await rig.children(crash) },
    temporaryFailed: await rig.ended(temporary),
    operatorStopped: await rig.state(operator),
  };
}

export async function s43(rig: Rig): Promise<unknown> {
  const autoShutdown = "any_significant";
  return {
    significantNever: await rig.faultOf({ autoShutdown: "never" }, probes(rig, [["a", "transient", true]])),
    significantPermanent: await rig.faultOf({ autoShutdown }, probes(rig, [["a", "permanent", true]])),
    simpleAutoShutdown: await rig.faultOf(
      { autoShutdown, strategy: "simple_one_for_one" },
      probes(rig, [["a", "temporary", false]]),
    ),
  };
}

export async function s44(rig: Rig): Promise<unknown> {
  const sup = await rig.start(
    { strategy: "one_for_all", autoShutdown: "any_significant", intensity: 5 },
    probes(rig, [
      ["a", "transient", true],
      ["b", "transient", false],
    ]),
  );
  await rig.die(sup, "b", "failed");
  return { state: await rig.state(sup), children: await rig.children(sup) };
}
