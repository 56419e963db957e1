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
  const { awaits: _awaits, node: _before, ownInput, ...rest } = child;
  const running = {
    ...rest,
    ...(node === undefined ? {} : { node }),
    state: "running" as const,
    activation,
    failedTries: 0,
  };
  const temporary = child.spec.restart === "temporary";
  if (!temporary) return (ownInput === undefined ? running : { ...running, ownInput }) as unknown as C;
  // A dynamic child's spec is the template, which the others need whole.
  if (child.dynamic || child.spec.input === undefined) return running as unknown as C;
  const { input: _input, ...spec } = child.spec;
  return { ...running, spec } as unknown as C;
}

function atRest({ activation: _activation, node: _node, awaits: _awaits, ...child }: Child): Child {
  return child;
}
