import { learned } from "../balancing/index.ts";
import { accepted, archived } from "../delegation/assign.ts";
import { cancelled } from "../delegation/cancel.ts";
import { decided, type LevelDecision } from "../delegation/escalate.ts";
import { finished } from "../delegation/result.ts";
import { type Delegated, hasEnded, taskOf, workerOf } from "../delegation/task-table.ts";
import { departed, enrolled, timedOut } from "../delegation/timeout.ts";
import {
  type DispatchBook,
  type Dispatched,
  type Dispatching,
  type DispatchOrder,
  type Ticket,
  ticketOf,
  withTicket,
  withTickets,
} from "./book.ts";
import { goneOn, looked, unplaced } from "./queue.ts";

const askersMax = 16;

export interface NewTask {
  readonly id: string;
  readonly taskType: string;
  readonly task: unknown;
  readonly priority: number;
  readonly replyTo?: Ticket["askers"][number];
}

/** A task comes: it is queued, and begun if there is room. Told twice, it is one task, and both who asked hear of its end. */
export function taken(book: DispatchBook, { id, replyTo, ...about }: NewTask): Dispatching {
  const known = ticketOf(book, id);
  if (known !== undefined) {
    if (known.askers.length >= askersMax) return refused(book, replyTo, `${id} is asked for by too many`);
    return { book: withTicket(book, id, { ...known, askers: [...known.askers, replyTo] }), orders: [] };
  }
  const step = accepted(book.table, id, book.settings);
  if (step.dropped !== undefined) return refused(book, replyTo, `the queue is ${step.dropped}`);
  const ticket: Ticket = {
    ...about,
    number: book.count,
    askers: [replyTo],
    placed: undefined,
    movedAtMs: undefined,
    beganAtMs: undefined,
  };
  const after = withTicket({ ...book, table: step.table, count: book.count + 1 }, id, ticket);
  return goneOn(after, []);
}

/** A worker offers so many places. */
export function offered(
  book: DispatchBook,
  worker: string,
  capacity: number,
  skills: Readonly<Record<string, number>>,
): Dispatching {
  const { [worker]: _, ...away } = book.away;
  const { table } = enrolled(book.table, worker, capacity);
  const after = { ...book, table, away, skills: { ...book.skills, [worker]: skills } };
  return goneOn(capacity === 0 ? unplaced(after, worker) : after, []);
}

/** A worker takes so many tasks more. */
export function pulled(
  book: DispatchBook,
  worker: string,
  credits: number,
  skills: Readonly<Record<string, number>>,
): Dispatching {
  return offered(book, worker, (workerOf(book.table, worker)?.capacity ?? 0) + credits, skills);
}

/** A worker leaves for good. */
export function left(book: DispatchBook, worker: string): Dispatching {
  const { [worker]: _, ...away } = book.away;
  const { [worker]: __, ...skills } = book.skills;
  const { [worker]: ___, ...usage } = book.usage;
  const step = departed(book.table, worker, book.settings);
  return carriedOn({ ...unplaced(book, worker), away, skills, usage }, step);
}

/** What the process of some workers uses was measured. Of those that are not enrolled nothing is kept. */
export function usageSaid(
  book: DispatchBook,
  {
    workers,
    cpu,
    memory,
  }: { readonly workers: readonly string[]; readonly cpu: number; readonly memory: number },
): Dispatching {
  const known = workers.filter((worker) => workerOf(book.table, worker) !== undefined);
  const usage = Object.fromEntries(known.map((worker) => [worker, { cpu, memory }]));
  return { book: { ...book, usage: { ...book.usage, ...usage } }, orders: [] };
}

/** How an attempt ended, and when. */
export type AttemptEnd = {
  readonly task: string;
  readonly attempt: number;
  readonly worker: string;
  readonly atMs: number;
} & (
  | { readonly outcome: "done"; readonly result: unknown; readonly tookMs: number }
  | { readonly outcome: "failed" | "late" | "unreachable"; readonly reason: string }
);

/** An attempt is over. One that is not the present one changes nothing. */
export function attemptEnded(book: DispatchBook, end: AttemptEnd): Dispatching {
  return timed(concluded(book, end), end.atMs);
}

/** The call of a task's present attempt could not be made. */
export function attemptBroken(book: DispatchBook, task: string, reason: string): Dispatching {
  const row = taskOf(book.table, task);
  if (row?.state !== "assigned") return goneOn(book, []);
  const { attempt, worker } = row;
  return concluded(book, { task, attempt, worker, outcome: "failed", reason, atMs: book.nowMs ?? 0 });
}

/** What a step has begun began just now. */
function timed({ book, orders }: Dispatching, atMs: number): Dispatching {
  return { book: at(book, atMs), orders };
}

function concluded(given: DispatchBook, end: AttemptEnd): Dispatching {
  const book = at(given, end.atMs);
  const { task, attempt, worker } = end;
  const ticket = ticketOf(book, task);
  const row = taskOf(book.table, task);
  const isPresent = row?.state === "assigned" && row.attempt === attempt && row.worker === worker;
  if (!isPresent || ticket === undefined) return goneOn(book, []);
  const of = { worker, taskType: ticket.taskType, skill: book.skills[worker]?.[ticket.taskType] };
  const { prediction, by } = book.settings;
  const isPulled = by === "pull";
  switch (end.outcome) {
    case "done": {
      const history = learned(book.history, { ...of, tookMs: Math.max(0, end.tookMs) }, prediction);
      const known = spent({ ...book, history }, worker);
      const step = finished(known.table, { task, attempt, worker, outcome: "done" }, book.settings);
      return carriedOn(known, step, end.result, worker);
    }
    case "failed": {
      const history = learned(book.history, { ...of, failed: true }, prediction);
      const known = spent({ ...book, history }, worker);
      const { reason } = end;
      return carriedOn(
        known,
        finished(known.table, { task, attempt, worker, outcome: "failed", reason }, book.settings),
      );
    }
    case "late": {
      const known = spent(book, worker);
      return carriedOn(known, timedOut(known.table, end, book.settings));
    }
    case "unreachable": {
      const capacity = workerOf(book.table, worker)?.capacity ?? 0;
      const untilMs = end.atMs + book.settings.awayMs;
      // Credits are gone with whoever gave them.
      const away = isPulled ? book.away : { ...book.away, [worker]: { capacity, untilMs } };
      return carriedOn({ ...unplaced(book, worker), away }, departed(book.table, worker, book.settings));
    }
  }
}

/** Time has passed: those who rested are given work again, and queued work may be moved. */
export function ticked(book: DispatchBook, atMs: number): Dispatching {
  return timed(lookedAt(book, atMs), atMs);
}

function lookedAt(given: DispatchBook, atMs: number): Dispatching {
  let book = at(given, atMs);
  for (const [worker, { capacity, untilMs }] of Object.entries(book.away)) {
    if (untilMs > atMs) continue;
    const { [worker]: _, ...away } = book.away;
    book = { ...book, away, table: enrolled(book.table, worker, capacity).table };
  }
  const next = goneOn(book, []);
  if (book.settings.by === "pull") return next;
  const { book: moved, found } = looked(next.book);
  if (found.verdict === "no opportunities") return { book: moved, orders: next.orders };
  return goneOn(moved, [...next.orders, { do: "tellMoves", rebalanced: found }]);
}

/** A task is not wanted any more. One that has ended has ended. */
export function withdrawn(book: DispatchBook, task: string, reason: string): Dispatching {
  const row = taskOf(book.table, task);
  const known = row?.state === "assigned" ? spent(book, row.worker) : book;
  return carriedOn(known, cancelled(known.table, task, reason));
}

/** A level of the ladder has decided. */
export function settledBy(
  book: DispatchBook,
  by: { readonly id: string; readonly level: number; readonly reason: string } & {
    readonly decision: "resolve" | "passOn" | "fail";
  },
): Dispatching {
  const { id: task, level, decision, reason } = by;
  const said: LevelDecision = decision === "resolve" ? { decision: "done" } : { decision, reason };
  return carriedOn(book, decided(book.table, { task, level, ...said }, book.settings));
}

/** Whether the clock is needed: something waits, runs or rests. */
export function isBusy({ table, away }: DispatchBook): boolean {
  return (
    Object.keys(away).length > 0 ||
    Object.values(table.tasks).some(({ state }) => state === "queued" || state === "assigned")
  );
}

/** The time is known now: what was begun since the last time began now, as near as one can tell. */
function at(book: DispatchBook, nowMs: number): DispatchBook {
  const changed: Record<string, Partial<Ticket>> = {};
  for (const { holds } of Object.values(book.table.workers))
    for (const task of holds)
      if (ticketOf(book, task)?.beganAtMs === undefined) changed[task] = { beganAtMs: nowMs };
  return { ...withTickets(book, changed), nowMs };
}

/** Where work is pulled, each attempt that is over has used up a credit. */
function spent(book: DispatchBook, worker: string): DispatchBook {
  const { settings, table } = book;
  const capacity = workerOf(table, worker)?.capacity ?? 0;
  if (settings.by !== "pull" || capacity === 0) return book;
  return { ...book, table: enrolled(table, worker, capacity - 1).table };
}

function refused(book: DispatchBook, asker: Ticket["askers"][number], reason: string): Dispatching {
  return { book, orders: [{ do: "refuse", asker, reason }] };
}

/** Takes over what a step of the table came to: what has ended is told to whoever asked, and forgotten. */
function carriedOn(book: DispatchBook, step: Delegated, result: unknown = null, worker = ""): Dispatching {
  const orders: DispatchOrder[] = [];
  let { table } = step;
  const tickets = { ...book.tickets };
  for (const order of step.orders) {
    if (order.do === "revoke" || order.do === "escalate") orders.push(order);
    if (order.do !== "report") continue;
    const { task, state } = order;
    const row = taskOf(table, task);
    const ticket = tickets[task];
    if (row === undefined || !hasEnded(row)) continue;
    const reason = "reason" in row ? row.reason : "";
    const dispatched: Dispatched = { result, worker, attempt: row.attempt };
    orders.push({ do: "report", task, state, reason, dispatched, askers: ticket?.askers ?? [] });
    table = archived(table, task).table;
    delete tickets[task];
  }
  return goneOn({ ...book, table, tickets }, orders);
}
