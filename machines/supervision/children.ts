import type { Up } from "./plan.ts";
import { type Child, type Roster, withChange, withoutChild } from "./roster.ts";

/** What may become of one child. */

/** It no longer runs. A temporary or dynamic one is forgotten, of the others the spec stays. */
export function ended(roster: Roster, child: Child): Roster {
  if (child.dynamic || child.spec.restart === "temporary") return withoutChild(roster, child);
  return withChange(roster, { ...atRest(child), state: "stopped" });
}

/** It is being restarted; `awaits` the try of this number, if one failed. */
export function restarting(roster: Roster, child: Child, awaits?: number): Roster {
  const failedTries = awaits === undefined ? child.failedTries : child.failedTries + 1;
  const waits = awaits === undefined ? {} : { awaits };
  return withChange(roster, { ...atRest(child), state: "restarting", ...waits, failedTries });
}

/** The same child, up. The input of a temporary one is not kept: it is never started again. */
export function up<C extends Omit<Child, "place">>(child: C, { activation, node }: Up): C {
  const running = {
    ...without(child, ["awaits", "node"]),
    ...(node === undefined ? {} : { node }),
    state: "running" as const,
    activation,
    failedTries: 0,
  };
  if (child.spec.restart !== "temporary") return running as C;
  // A dynamic child's spec is the template, which the others need whole.
  const spec = child.dynamic ? child.spec : without(child.spec, ["input"]);
  return { ...without(running, ["ownInput"]), spec } as C;
}

function atRest(child: Child): Child {
  return without(child, ["activation", "node", "awaits"]);
}

/** A copy without these keys, which may be left out. */
function without<T extends object>(of: T, keys: readonly (keyof T & string)[]): T {
  return Object.fromEntries(Object.entries(of).filter(([key]) => !keys.includes(key as never))) as T;
}
