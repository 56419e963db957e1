import * as administration from "./cases/administration.ts";
import * as checks from "./cases/checks.ts";
import * as dynamic from "./cases/dynamic.ts";
import * as failingRestarts from "./cases/failing-restarts.ts";
import * as intensity from "./cases/intensity.ts";
import * as restarting from "./cases/restarting.ts";
import * as significant from "./cases/significant.ts";
import * as starting from "./cases/starting.ts";
import * as stopping from "./cases/stopping.ts";
import * as trees from "./cases/trees.ts";
import type { CaseName } from "./cases.ts";
import type { Ground } from "./ground.ts";
import { recorder } from "./probe.ts";
import { Rig } from "./rig.ts";

const everyCase = {
  ...starting,
  ...administration,
  ...restarting,
  ...intensity,
  ...failingRestarts,
  ...stopping,
  ...dynamic,
  ...trees,
  ...significant,
  ...checks,
};

/** What a run needs that records under a name of its own. */
export async function rigOf(ground: Ground, run: string): Promise<Rig> {
  return new Rig(ground, run, await ground.run(ground.system.spawn(`${run}-recorder`, recorder)));
}

/** Brings a case about on our supervisor. @returns its result in the normal form */
export async function runCase(name: CaseName, ground: Ground): Promise<unknown> {
  const run = name.toLowerCase() as Lowercase<CaseName>;
  return everyCase[run](await rigOf(ground, run));
}
