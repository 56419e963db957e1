import { probeActor } from "./probe.ts";

/** What both nodes may start by name. */
export const catalogue = { probe: probeActor };
