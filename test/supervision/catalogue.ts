import { type ChildLiteral, defineSupervisor } from "../../actors/index.ts";
import type { SupervisorFlagsInput } from "../../protocols/index.ts";
import { probeActor } from "./probe.ts";

export interface Tree {
  readonly flags: SupervisorFlagsInput;
  readonly children: readonly ChildLiteral[];
}

/** What every node may start by name. */
export const catalogue = {
  probe: probeActor,
  supervisor: defineSupervisor(({ flags, children }: Tree) => ({ ...flags, children })),
};
