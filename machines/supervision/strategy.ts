import type { Strategy } from "../../protocols/index.ts";
import type { Plan, StartStep, StopStep } from "./plan.ts";
import { type Child, inOrder, newestFirst, type Roster } from "./roster.ts";

/**
 * Which children a strategy stops and starts, and in what order: stops against the order of starting, starts in
 * it. Temporary ones are stopped like the others but not started again; those that had ended are started too.
 *
 * Source: OTP supervisor, `restart/2` and `restart_multiple_children/3`.
 */

/**
 * What a failure asks for. A try again after a failed start is planned the same way from the child that did not
 * start: so rest_for_one goes on from there, and one_for_all stops those already up.
 */
export function restartPlan(strategy: Strategy, roster: Roster, failed: Child): Plan {
  if (strategy === "one_for_one" || strategy === "simple_one_for_one")
    return { stop: [], start: [startStep(failed)] };
  const stop: StopStep[] = [];
  const start: StartStep[] = [];
  for (const child of newestFirst(roster)) {
    if (strategy === "rest_for_one" && child.place < failed.place) break;
    if (child !== failed) stop.push(...stopSteps(child));
    if (child.spec.restart !== "temporary") start.push(startStep(child));
  }
  return { stop, start: start.reverse() };
}

export function startAll(roster: Roster): Plan {
  return { stop: [], start: Array.from(inOrder(roster), startStep) };
}

/** Everything that runs, newest first; under simple_one_for_one all at once, with the template's limit for all. */
export function stopAll(strategy: Strategy, roster: Roster): Plan {
  const stop: StopStep[] = [];
  for (const child of newestFirst(roster)) stop.push(...stopSteps(child));
  const limit = stop[0]?.limit;
  const parallel = strategy === "simple_one_for_one" && limit !== undefined;
  return { stop, ...(parallel ? { parallelMs: limit } : {}), start: [] };
}

/** The one step, or none if the child does not run. */
export function stopSteps({ address, activation, spec }: Child): StopStep[] {
  return activation === undefined ? [] : [{ address, activation, limit: spec.shutdownMs }];
}

export function startStep({ address, spec, ownInput }: Omit<Child, "place">): StartStep {
  const { id, actor, node, startWithinMs } = spec;
  const input = ownInput === undefined ? spec.input : ownInput.input;
  return {
    address,
    id,
    actor,
    ...(input === undefined ? {} : { input }),
    ...(node === undefined ? {} : { nodes: typeof node === "string" ? [node] : node }),
    startWithinMs,
  };
}
