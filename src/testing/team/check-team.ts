import { CoxswainError } from "../../../protocols/index.ts";
import { check } from "./check.ts";
import type { CheckOptions, Eventually } from "./check-options.ts";
import type { Row } from "./rows.ts";
import { foldedKey } from "./symmetry.ts";
import { TeamModel } from "./team-model.ts";
import type { Members, TeamOptions, TeamView } from "./team-options.ts";
import { planOf, type TeamPlan } from "./team-plan.ts";
import { type TeamResult, teamResult } from "./team-result.ts";
import type { TeamStep } from "./team-step.ts";
import { TeamViews } from "./team-view.ts";

/** Properties are tried on swapped members too in this many states. */
const swappedStatesMax = 500;
/** What nobody can rely on: it may happen or not. */
const unfair = new Set(["lose", "double", "overtake", "crash", "late", "maybe", "outside"]);
/** The name of the property that no machine throws. */
const noFailure = "no member fails";
/** The name of the property that answers to messages do not make ever more messages. */
const noFlood = "messages do not multiply";

/**
 * Looks at every state a team of machines can come to: in whatever order messages arrive, timers are due and calls
 * end, with the losses, duplicates, reordering and crashes that are allowed. What is checked are the machines
 * themselves, by XState's own pure transitions; what they send by `tell`, `reply`, `refuse` and `asking` becomes a
 * message under way. Their custom actions are not run.
 *
 * Time has no length: a timer may go off at any moment, only not before a shorter one of the same member. Machines
 * must be pure: the same event in the same state does the same.
 *
 * @example
 * const result = checkTeam({
 *   members: { bar: { machine: bar }, guest: { machine: guest, count: 2, symmetric: true } },
 *   channels: { lossesMax: 1 },
 *   safe: { "one coffee each": ({ members }) => members.guest.every(({ context }) => context.coffees <= 1) },
 * });
 * expect(result.verdict, result.story).toBe("holds");
 *
 * @throws OPTION_INVALID for options that contradict themselves; MACHINE_INVALID for what cannot be
 * stepped: a promise or callback as a member, children without a name in `setup`.
 */
export function checkTeam<const M extends Members, H = undefined>(options: TeamOptions<M, H>): TeamResult {
  const { eventually } = options;
  // Fairness tells members apart.
  const given =
    eventually !== undefined && Object.keys(eventually).length > 0 ? { ...options, fold: false } : options;
  const plan = planOf(given);
  const model = new TeamModel(plan, given.history);
  const { row, outcomes } = model.start();
  checkAlike(plan, model, row);
  const result = check(searchOf(given, model, row));
  return teamResult(result, {
    model,
    outcomes,
    isFolded: plan.swaps.length > 1,
    isBounded: given.channels?.inFlightMax !== undefined,
  });
}

/** The team as a model for `check`. */
export function searchOf<M extends Members, H>(
  options: TeamOptions<M, H>,
  model: TeamModel,
  row: Row,
): CheckOptions<Row, TeamStep> {
  const { safe = {}, reachable = {}, eventually = {}, mayRest, statesMax, depthMax, memoryMaxMb } = options;
  const { plan } = model;
  const isFolded = plan.swaps.length > 1;
  const key = isFolded ? foldedKey(model) : (state: Row) => state;
  const views = new TeamViews<M, H>(model);
  const seen = (holds: (team: TeamView<M, H>) => boolean, name: string): ((state: Row) => boolean) => {
    const plainly = (state: Row): boolean => holds(views.of(state));
    return isFolded ? tellingNobodyApart(plainly, key, name) : plainly;
  };
  const places = plan.members.flatMap(({ options: { mayFail } }, place) => (mayFail === true ? [] : [place]));
  const each = <V, W>(
    record: Readonly<Record<string, V>>,
    make: (value: V, name: string) => W,
  ): Record<string, W> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value, name)]));
  return {
    init: [row],
    next: (state) => model.next(state),
    key,
    safe: {
      [noFailure]: (state) => !places.some((place) => views.hasFailed(state, place)),
      [noFlood]: (state) => !model.rows.isFlooded(state),
      ...each(safe, seen),
    },
    reachable: each(reachable, seen),
    eventually: each(eventually, (given, name): Eventually<Row> => {
      if (typeof given === "function") return { goal: seen(given, name) };
      const { goal, after } = given;
      if (after === undefined) return { goal: seen(goal, name) };
      return { goal: seen(goal, name), after: after === "start" ? after : seen(after, name) };
    }),
    mayEnd: mayRest === undefined ? (state) => views.isSettled(state) : seen(mayRest, "mayRest"),
    fair: isFair,
    ...(statesMax === undefined ? {} : { statesMax }),
    ...(depthMax === undefined ? {} : { depthMax }),
    ...(memoryMaxMb === undefined ? {} : { memoryMaxMb }),
  };
}

export function isFair(action: string): boolean {
  return !unfair.has(action.split(" ", 1)[0] as string);
}

/** Symmetric members have to begin alike. @throws OPTION_INVALID */
function checkAlike({ swaps, addresses, folded }: TeamPlan, model: TeamModel, row: Row): void {
  for (let swap = 1; swap < swaps.length; swap++) {
    for (const address of folded) {
      const place = addresses.indexOf(address);
      const other = addresses.indexOf(swaps[swap]?.get(address) as string);
      if (model.parts.renamed(row[place] as number, swap) === row[other]) continue;
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected symmetric members to begin alike but for their names; ${address} and ${addresses[other]} do not`,
      );
    }
  }
}

/** A property that tells symmetric members apart would be judged by chance: by the one of them that was found first. */
function tellingNobodyApart(
  holds: (state: Row) => boolean,
  key: (state: Row) => Row,
  name: string,
): (state: Row) => boolean {
  let states = 0;
  return (state) => {
    const answer = holds(state);
    if (states++ < swappedStatesMax && answer !== holds(key(state))) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected "${name}" not to tell symmetric members apart; leave out \`symmetric\`, or ask for any of them`,
      );
    }
    return answer;
  };
}
