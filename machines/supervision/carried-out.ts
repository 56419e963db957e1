import type { ActorAddress, EmittedOf, ReplyOf, supervision } from "../../protocols/index.ts";
import { backoffDelay } from "./backoff-delay.ts";
import { ended, restarting, up } from "./children.ts";
import { nameOf } from "./decide.ts";
import type { CarriedOut } from "./plan.ts";
import { type Child, childAt, type Roster, withChange, withChild } from "./roster.ts";
import type { SupervisorContext, Work } from "./supervisor-context.ts";

/** What is known after a plan was carried out, and what follows from it. */
export function settled(given: SupervisorContext, result: CarriedOut): SupervisorContext {
  const { work, ...rest } = given;
  if (work === undefined) return given;
  const roster = rollCall(given.roster, work, result);
  const seenMs = Math.max(given.seenMs, result.atMs);
  const context = { ...rest, roster, seenMs, work: undefined };
  if (result.failed === undefined) return context;
  const { address, error } = result.failed;
  if (work.for === "startAll") {
    const reason = `failed_to_start_child ${nameAt(given, address)}: ${error.message}`;
    return { ...context, ending: context.ending ?? { kind: "startFailed", reason } };
  }
  return work.for === "restart" ? tryAgain(context, address, error.message, result.chance) : context;
}

function rollCall(given: Roster, work: Work, result: CarriedOut): Roster {
  let roster = given;
  const change = (address: ActorAddress, to: (roster: Roster, child: Child) => Roster): void => {
    const child = childAt(roster, address);
    if (child !== undefined) roster = to(roster, child);
  };
  const again = work.for === "restart" ? 1 : 0;
  // Of those that were stopped and are up again the end is not noted: in a restart of all, that is each of them.
  const upAgain = new Set(result.started.map(({ address }) => address));
  for (const { address } of result.stopped) if (!upAgain.has(address)) change(address, ended);
  for (const one of result.started)
    change(one.address, (all, child) =>
      withChange(all, { ...up(child, one), restarts: child.restarts + again }),
    );
  for (const address of result.ignored) change(address, ended);
  if (work.for === "asker" && work.newcomer !== undefined) roster = joined(roster, work.newcomer, result);
  // Those that were not tried: whatever they waited for before is over.
  if (result.failed !== undefined || result.halted)
    for (const { address } of work.plan.start)
      if (address !== result.failed?.address)
        change(address, (all, child) => (child.state === "restarting" ? ended(all, child) : all));
  return roster;
}

/** A newcomer that did not start is not kept; one that declined to is, as a spec, unless it is temporary. */
function joined(roster: Roster, newcomer: Omit<Child, "place">, result: CarriedOut): Roster {
  const [started] = result.started;
  if (started !== undefined) return withChild(roster, up(newcomer, started));
  const kept = result.ignored.length > 0 && !newcomer.dynamic && newcomer.spec.restart !== "temporary";
  return kept ? withChild(roster, newcomer) : roster;
}

function tryAgain(
  context: SupervisorContext,
  address: ActorAddress,
  reason: string,
  chance: number,
): SupervisorContext {
  const child = childAt(context.roster, address);
  if (child === undefined) return context;
  const attempt = context.attempts + 1;
  const inMs = backoffDelay(context.flags.backoff, child.failedTries + 1, chance);
  const retry = { type: "retry", address, attempt, reason, atMs: context.seenMs + inMs } as const;
  const roster = restarting(context.roster, child, attempt);
  return { ...context, attempts: attempt, retry, retryInMs: inMs, roster };
}

/** What the asker is told whose question the hands were at. */
export function answerOf(
  work: Work | undefined,
  result: CarriedOut,
): ReplyOf<typeof supervision, "startChild"> | { readonly ok: true } {
  const [started] = result.started;
  if (started !== undefined) {
    const { address, activation, info } = started;
    return { ok: true, address, activation, ...(info === undefined ? {} : { info }) };
  }
  if (result.failed !== undefined) {
    const { message, code } = result.failed.error;
    return { ok: false, error: "start_failed", reason: message, code };
  }
  if (result.ignored.length > 0) return { ok: true, ignored: true };
  const stopped = work?.for === "asker" && work.asked === "terminateChild" && result.stopped.length > 0;
  return stopped ? { ok: true } : { ok: false, error: "stopping" };
}

type Fact = EmittedOf<typeof supervision>;

/** The fact of a restart, whose last try this was. */
export function restartedFact(context: SupervisorContext): Extract<Fact, { type: "restarted" }> {
  const { child: address, reason } = context.work as Extract<Work, { for: "restart" }>;
  const child = nameAt(context, address);
  return { type: "restarted", child, address, reason, ...countOf(context) };
}

export function restartFailedFact(
  context: SupervisorContext,
  { failed }: CarriedOut,
): Extract<Fact, { type: "restartFailed" }> {
  const { address, error } = failed as NonNullable<CarriedOut["failed"]>;
  const child = nameAt(context, address);
  return { type: "restartFailed", child, reason: error.message, ...countOf(context) };
}

function nameAt({ roster }: SupervisorContext, address: ActorAddress): string {
  const child = childAt(roster, address);
  return child === undefined ? address : nameOf(child);
}

function countOf({ restarts, flags }: SupervisorContext): { count: number; windowMs: number } {
  return { count: restarts.length, windowMs: flags.periodMs };
}
