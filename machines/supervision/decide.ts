import type { EmittedOf, supervision } from "../../protocols/index.ts";
import type { DownEvent } from "../others.ts";
import { shutsDown } from "./auto-shutdown.ts";
import { ended, restarting } from "./children.ts";
import { exceeds, noteRestart } from "./intensity.ts";
import { dequeued, enqueue, headOf } from "./queue.ts";
import { reasonOf, restartDecision } from "./restart-decision.ts";
import { type Child, childAt } from "./roster.ts";
import { restartPlan, stopAll } from "./strategy.ts";
import type { Ending, RetryEvent, SupervisorContext } from "./supervisor-context.ts";

/** Keeps a failure or the time of a try until it can be decided. */
export function noted(context: SupervisorContext, event: DownEvent | RetryEvent): SupervisorContext {
  return { ...context, pending: enqueue(context.pending, event) };
}

/** Plans in a row, each begun as soon as the one before was carried out; then those who ask have their turn. */
export const inARowMax = 8;

/**
 * Decides what waits, in order, until one of them gives the hands work or ends the supervisor. Each is decided
 * once and none makes another, so this ends with the queue.
 */
export function decided(given: SupervisorContext): SupervisorContext {
  let context = given;
  while (context.work === undefined && context.ending === undefined) {
    const event = headOf(context.pending);
    if (event === undefined) return { ...context, inARow: 0 };
    if (context.inARow >= inARowMax) break;
    context = { ...context, pending: dequeued(context.pending) };
    context = event.type === "retry" ? decideRetry(context, event) : decideDown(context, event);
  }
  return context.work === undefined ? context : { ...context, inARow: context.inARow + 1 };
}

/** Whether something waits that would be decided now, but that others were kept waiting for long enough. */
export function owesTurn({ work, ending, pending }: SupervisorContext): boolean {
  return work === undefined && ending === undefined && headOf(pending) !== undefined;
}

function decideDown(
  given: SupervisorContext,
  { address, activation, outcome, atMs }: DownEvent,
): SupervisorContext {
  const child = childAt(given.roster, address);
  // Of an earlier life, or of a child no longer ours: that is over.
  if (child === undefined || child.activation !== activation) return given;
  const context = { ...given, seenMs: Math.max(given.seenMs, atMs) };
  if (restartDecision(child.spec.restart, outcome.kind) === "restart")
    return restarted(context, child, reasonOf(outcome));
  const roster = ended(context.roster, child);
  const over = shutsDown(context.flags.autoShutdown, child.spec.significant, roster.counts.significant);
  return over ? { ...context, roster, ending: { kind: "autoShutdown" } } : { ...context, roster };
}

function decideRetry(
  given: SupervisorContext,
  { address, attempt, reason, atMs }: RetryEvent,
): SupervisorContext {
  const child = childAt(given.roster, address);
  // Somebody cancelled it, or the child came up otherwise.
  if (child?.awaits !== attempt) return given;
  return restarted({ ...given, seenMs: Math.max(given.seenMs, atMs) }, child, reason);
}

/** Restarts, or gives up. Each try counts, and a restart of all counts once. */
function restarted(context: SupervisorContext, child: Child, reason: string): SupervisorContext {
  const { flags, seenMs } = context;
  const restarts = noteRestart(context.restarts, seenMs, flags);
  if (exceeds(restarts, flags)) {
    const roster = ended(context.roster, child);
    const ending = { kind: "gaveUp", child: nameOf(child), reason, count: restarts.length } as const;
    return { ...context, restarts, roster, ending };
  }
  const plan = restartPlan(flags.strategy, context.roster, child);
  const work = { for: "restart", plan, child: child.address, reason } as const;
  return { ...context, restarts, work, roster: restarting(context.roster, child) };
}

/** What a child is called in facts: its id, or, as one of many, its address. */
export function nameOf({ dynamic, address, spec }: Omit<Child, "place">): string {
  return dynamic ? address : spec.id;
}

/** The supervisor ends: nothing is decided any more, and all that runs is to be stopped. */
export function closingWith(context: SupervisorContext): SupervisorContext {
  const plan = stopAll(context.flags.strategy, context.roster);
  return { ...context, work: { for: "stopAll", plan } };
}

export function gaveUpFact({
  ending,
  flags,
}: SupervisorContext): Extract<EmittedOf<typeof supervision>, { type: "gaveUp" }> {
  const { child, reason, count } = ending as Extract<Ending, { kind: "gaveUp" }>;
  return { type: "gaveUp", child, reason, count, windowMs: flags.periodMs };
}
