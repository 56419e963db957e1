import { type Standing, standing } from "./high-water.ts";
import type { Order } from "./orders.ts";
import type { DurableRecord, RecordLimits } from "./record.ts";
import { type Arrival, type Move, newest, type Session } from "./session.ts";
import { firing } from "./timers.ts";
import { applied, type Cause, type Excess, type Step } from "./turn.ts";

/** What the machine makes of a cause in this state. Called at most once, and only where it is to be applied. */
export type Decide<State, Message> = (record: DurableRecord<State, Message>) => Step<State, Message>;

/**
 * What became of what came in.
 *
 * - `applied`: part of the draft; commit it.
 * - `dropped`: it had been applied, or its time or call is past; the orders clean up.
 * - `waits`: one before it is missing (R5), or the outbox is full: leave it unacknowledged, it comes again.
 * - `refused`: the orders make it a dead letter.
 * - `faulty`: the step exceeds a limit. Nothing has changed.
 */
export interface Received<State = unknown, Message = unknown> extends Move<State, Message> {
  readonly session: Session<State, Message>;
  readonly verdict: "applied" | "dropped" | "waits" | "refused" | "faulty";
  readonly exceeds?: Excess;
}

/** R5: a message of the inbox. To be asked only while `mayDispatch` (R7). */
export function receive<State, Message>(
  session: Session<State, Message>,
  arrival: Arrival,
  decide: Decide<State, Message>,
  limits: RecordLimits,
): Received<State, Message> {
  const { entry, stamp } = arrival;
  const committed = standingIn(session.held.record, arrival);
  if (committed === "seen") return cleared(session, "dropped", { do: "acknowledge", entry });
  if (committed === "closed" || committed === "stale")
    return cleared(session, "refused", { do: "deadLetter", entry, reason: committed });
  const now = standingIn(newest(session), arrival);
  if (now === "seen") return { session: joined(session, arrival), orders: [], verdict: "dropped" };
  if (now !== "next" || newest(session).outbox.entries.length >= limits.outboxMax)
    return { session, orders: [], verdict: "waits" };
  return drafted(session, { kind: "message", stamp }, decide, limits, [entry]);
}

function standingIn({ closed, received }: DurableRecord, { stamp }: Arrival): Standing | "closed" {
  const found = standing(received, stamp);
  return closed && found !== "seen" ? "closed" : found;
}

/** D6: a timer's time has come. A firing that finds no timer of its generation does nothing. */
export function receiveTimer<State, Message>(
  session: Session<State, Message>,
  timer: { readonly id: string; readonly generation: number; readonly nowMs: number },
  decide: Decide<State, Message>,
  limits: RecordLimits,
): Received<State, Message> {
  const { outbox, timers } = newest(session);
  if (firing(timers, timer, timer.nowMs) === undefined) return cleared(session, "dropped");
  if (outbox.entries.length >= limits.outboxMax) return cleared(session, "waits");
  const { id, generation } = timer;
  return drafted(session, { kind: "timer", id, generation }, decide, limits, []);
}

/** R12, D5: what came of a call. Without its intent it was applied before, or the call was given up. */
export function receiveResult<State, Message>(
  session: Session<State, Message>,
  key: string,
  decide: Decide<State, Message>,
  limits: RecordLimits,
): Received<State, Message> {
  const { outbox, intents } = newest(session);
  if (!intents.some((intent) => intent.key === key)) return cleared(session, "dropped");
  if (outbox.entries.length >= limits.outboxMax) return cleared(session, "waits");
  return drafted(session, { kind: "result", key }, decide, limits, []);
}

/** A turn of the actor's own. What it uses up, if anything, is in its state. */
export function receiveLocal<State, Message>(
  session: Session<State, Message>,
  decide: Decide<State, Message>,
  limits: RecordLimits,
): Received<State, Message> {
  const { closed, outbox } = newest(session);
  if (closed) return cleared(session, "dropped");
  if (outbox.entries.length >= limits.outboxMax) return cleared(session, "waits");
  return drafted(session, { kind: "local" }, decide, limits, []);
}

function drafted<State, Message>(
  session: Session<State, Message>,
  cause: Cause,
  decide: Decide<State, Message>,
  limits: RecordLimits,
  entries: readonly number[],
): Received<State, Message> {
  const record = newest(session);
  const outcome = applied(record, cause, decide(record), limits);
  if ("exceeds" in outcome) return { session, orders: [], verdict: "faulty", exceeds: outcome.exceeds };
  const draft = { record: outcome.record, entries: [...(session.draft?.entries ?? []), ...entries] };
  return { session: { ...session, draft }, orders: [], verdict: "applied" };
}

/** R4: seen, but not committed yet: acknowledged with the commit that applies its double, not before. */
function joined<State, Message>(
  session: Session<State, Message>,
  { entry, stamp }: Arrival,
): Session<State, Message> {
  const { writing, draft } = session;
  const join = <T extends { readonly entries: readonly number[] }>(to: T): T =>
    to.entries.includes(entry) ? to : { ...to, entries: [...to.entries, entry] };
  if (writing !== undefined && standing(writing.write.record.received, stamp) === "seen")
    return { ...session, writing: join(writing) };
  return draft === undefined ? session : { ...session, draft: join(draft) };
}

function cleared<State, Message>(
  session: Session<State, Message>,
  verdict: "dropped" | "refused" | "waits",
  ...orders: readonly Order<State, Message>[]
): Received<State, Message> {
  return { session, orders, verdict };
}
