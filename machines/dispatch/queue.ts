import {
  balancers,
  expectedMs,
  loadScore,
  predicted,
  type QueuedTask,
  type Rebalanced,
  rebalanced,
  type ServedBy,
  successOf,
  type WorkerQueue,
  type WorkerView,
} from "../balancing/index.ts";
import { assigned } from "../delegation/assign.ts";
import { type DelegationOrder, taskOf, workerOf } from "../delegation/task-table.ts";
import {
  type DispatchBook,
  type Dispatching,
  type DispatchOrder,
  type Ticket,
  ticketOf,
  withTickets,
} from "./book.ts";

type Grant = Extract<DelegationOrder, { readonly do: "grant" }>;

/** What every step ends with: what waits is placed, and what there is room for is begun. */
export function goneOn(book: DispatchBook, orders: readonly DispatchOrder[]): Dispatching {
  const next = granted(placed(book));
  return { book: next.book, orders: [...orders, ...next.orders] };
}

/** The tasks that wait, most urgent first, then as they came. */
export function waitingIn({
  table,
  tickets,
}: DispatchBook): readonly (readonly [task: string, ticket: Ticket])[] {
  return Object.entries(tickets)
    .filter(([task]) => taskOf(table, task)?.state === "queued")
    .toSorted(([, a], [, b]) => b.priority - a.priority || a.number - b.number);
}

/** Gives each task without a place the one that the balancer chooses. Pulled work has none. */
function placed(book: DispatchBook): DispatchBook {
  const { by } = book.settings;
  if (by === "pull") return book;
  const homeless = waitingIn(book).filter(([, ticket]) => ticket.placed === undefined);
  if (homeless.length === 0 || Object.keys(book.table.workers).length === 0) return book;
  const standings = standingsOf(book);
  const changed: Record<string, Partial<Ticket>> = {};
  let { turn, chance } = book;
  for (const [task, ticket] of homeless) {
    const views = standings.map((standing) => viewOf(book, standing, ticket.taskType));
    const worker = balancers[by](views, { chance, turn });
    if (worker === undefined) break;
    turn++;
    chance = drawnAfter(chance);
    changed[task] = { placed: worker };
    const standing = standings.find((one) => one.worker === worker) as Standing;
    standing.queued++;
    standing.workMs += serviceMs(book, worker, ticket.taskType);
  }
  return { ...withTickets(book, changed), turn, chance };
}

/**
 * Begins what there is room for, most urgent first: what stands in a worker's own queue, and where that is empty what stands
 * in another's that would begin it later. Pulled work stands in none.
 */
function granted(book: DispatchBook): Dispatching {
  const room = new Map<string, number>();
  for (const [worker, { capacity, holds }] of Object.entries(book.table.workers))
    if (capacity > holds.length) room.set(worker, capacity - holds.length);
  const orders: DispatchOrder[] = [];
  if (room.size === 0) return { book, orders };
  const waiting = waitingIn(book);
  const chooses = choosing(book, waiting);
  const changed: Record<string, Partial<Ticket>> = {};
  let { table } = book;
  for (const [task, ticket] of waiting) {
    const worker = chooses(room, ticket);
    if (worker === undefined) continue;
    const step = assigned(table, task, worker);
    table = step.table;
    for (const order of step.orders as readonly Grant[])
      orders.push({ ...order, payload: ticket.task, predictedMs: serviceMs(book, worker, ticket.taskType) });
    changed[task] = { placed: undefined, beganAtMs: undefined };
    const left = (room.get(worker) ?? 0) - 1;
    if (left > 0) room.set(worker, left);
    else room.delete(worker);
    if (room.size === 0) break;
  }
  return { book: { ...withTickets(book, changed), table }, orders };
}

/**
 * Who begins a task now, of those with room; undefined where it had better wait. A worker that is far slower than another
 * begins only what it will very probably end before all is done: the last tasks of a run would else wait for it alone.
 */
function choosing(book: DispatchBook, waiting: ReturnType<typeof waitingIn>) {
  const standings = standingsOf(book);
  const waits = new Set(waiting.map(([, { placed }]) => placed));
  const places = standings.reduce((sum, { capacity }) => sum + capacity, 0);
  const pulledMs = waiting
    .filter(([, { placed }]) => placed === undefined)
    .reduce((sum, [, { taskType }]) => sum + least(taskType), 0);
  const allDoneMs = (standings.reduce((sum, { workMs }) => sum + workMs, 0) + pulledMs) / Math.max(1, places);
  const isIdle = standings.every(({ running }) => running === 0);
  const leastOf = new Map<string, number>();

  function least(taskType: string): number {
    return Math.min(...Object.keys(book.table.workers).map((worker) => serviceMs(book, worker, taskType)));
  }
  function isWorthIt(worker: string, taskType: string): boolean {
    const best = leastOf.get(taskType) ?? least(taskType);
    leastOf.set(taskType, best);
    const ms = serviceMs(book, worker, taskType);
    if (isIdle || ms <= best * farSlower) return true;
    const { meanMs, highMs } = predicted(
      book.history,
      servedBy(book, worker, taskType),
      book.settings.prediction,
    );
    return (ms * highMs) / meanMs <= allDoneMs;
  }
  return (room: ReadonlyMap<string, number>, { placed: own, taskType }: Ticket): string | undefined => {
    if (own !== undefined && room.has(own) && isWorthIt(own, taskType)) return own;
    const home = standings.find(({ worker }) => worker === own);
    // Whose place it is, and has room, has found it not worth its while.
    const untilMs =
      home === undefined || room.has(home.worker)
        ? Number.POSITIVE_INFINITY
        : home.workMs / Math.max(1, home.capacity);
    let found: string | undefined;
    let leastMs = untilMs;
    for (const worker of room.keys()) {
      if (waits.has(worker) && own !== undefined) continue;
      const ms = serviceMs(book, worker, taskType);
      if (ms >= leastMs || !isWorthIt(worker, taskType)) continue;
      leastMs = ms;
      found = worker;
    }
    return found;
  };
}

const farSlower = 2;

/** Tasks that stand in a worker's queue stand in none any more. */
export function unplaced(book: DispatchBook, worker: string): DispatchBook {
  const changed: Record<string, Partial<Ticket>> = {};
  for (const [task, ticket] of Object.entries(book.tickets))
    if (ticket.placed === worker) changed[task] = { placed: undefined };
  return withTickets(book, changed);
}

/** Moves queued tasks to where they will be done earlier, if that is worth it. */
export function looked(book: DispatchBook): { readonly book: DispatchBook; readonly found: Rebalanced } {
  const { nowMs = 0, settings } = book;
  const everywhere = new Map<string, Record<string, number>>();
  const queues: Record<string, WorkerQueue & { readonly queued: QueuedTask[] }> = {};
  for (const { worker, capacity, runningMs } of standingsOf(book))
    queues[worker] = { capacity, runningMs, queued: [] };
  for (const [task, { placed: worker, taskType, movedAtMs }] of waitingIn(book)) {
    const serviceMs = everywhere.get(taskType) ?? serviceAt(book, taskType);
    everywhere.set(taskType, serviceMs);
    if (worker !== undefined) queues[worker]?.queued.push({ task, movedAtMs, serviceMs });
  }
  const found = rebalanced(queues, nowMs, settings.rebalance);
  const changed: Record<string, Partial<Ticket>> = {};
  for (const { task, to } of found.moves) changed[task] = { placed: to, movedAtMs: nowMs };
  return { book: { ...withTickets(book, changed), rebalancing: found }, found };
}

function serviceAt(book: DispatchBook, taskType: string): Record<string, number> {
  const workers = Object.keys(book.table.workers);
  return Object.fromEntries(workers.map((worker) => [worker, serviceMs(book, worker, taskType)]));
}

interface Standing {
  readonly worker: string;
  readonly capacity: number;
  readonly running: number;
  readonly runningMs: number;
  queued: number;
  /** All it has, running and queued, as predicted. */
  workMs: number;
}

/** How each worker stands: what it has to do, and how long that will take. */
export function standingsOf(book: DispatchBook): Standing[] {
  const standings = Object.entries(book.table.workers).map(([worker, { capacity, holds }]): Standing => {
    const runningMs = holds.reduce((sum, task) => sum + leftMs(book, worker, task), 0);
    return { worker, capacity, running: holds.length, runningMs, queued: 0, workMs: runningMs };
  });
  const by = new Map(standings.map((one) => [one.worker, one]));
  for (const { placed: worker, taskType } of Object.values(book.tickets)) {
    const standing = worker === undefined ? undefined : by.get(worker);
    if (standing === undefined) continue;
    standing.queued++;
    standing.workMs += serviceMs(book, standing.worker, taskType);
  }
  return standings;
}

function viewOf(book: DispatchBook, standing: Standing, taskType: string): WorkerView {
  const { worker, capacity, running, queued, workMs } = standing;
  const freeInMs = running + queued < capacity ? 0 : workMs / Math.max(1, capacity);
  return { worker, capacity, running, queued, freeInMs, serviceMs: serviceMs(book, worker, taskType) };
}

/**
 * How long a task of that type would take at the worker. What it is working on, and has not ended though it should have, is
 * known of too: a worker that stands still is seen before it has ended anything.
 */
function serviceMs(book: DispatchBook, worker: string, taskType: string): number {
  const known = servicesOf(book);
  const key = `${worker} ${taskType}`;
  const ms = known.get(key) ?? computedServiceMs(book, worker, taskType);
  known.set(key, ms);
  return ms;
}

/** A book never changes, so what was computed of it holds as long as it does. */
const services = new WeakMap<DispatchBook, Map<string, number>>();

function servicesOf(book: DispatchBook): Map<string, number> {
  const known = services.get(book) ?? new Map<string, number>();
  services.set(book, known);
  return known;
}

function computedServiceMs(book: DispatchBook, worker: string, taskType: string): number {
  const meanMs = expectedMs(book.history, servedBy(book, worker, taskType), book.settings.prediction);
  let sumMs = meanMs * evidence;
  let weight = evidence;
  for (const task of workerOf(book.table, worker)?.holds ?? []) {
    const ticket = ticketOf(book, task);
    if (ticket?.taskType !== taskType) continue;
    const elapsedMs = elapsedOf(book, ticket);
    if (elapsedMs <= meanMs) continue;
    sumMs += elapsedMs;
    weight++;
  }
  return sumMs / weight;
}

/** As many ended tasks the mean is worth beside one that has taken longer already. */
const evidence = 3;

/** What is left of a task that runs: what was expected, less what has passed; once that is over, half as long again. */
function leftMs(book: DispatchBook, worker: string, task: string): number {
  const ticket = ticketOf(book, task);
  if (ticket === undefined) return 0;
  const elapsedMs = elapsedOf(book, ticket);
  const meanMs = expectedMs(book.history, servedBy(book, worker, ticket.taskType), book.settings.prediction);
  return Math.max(meanMs - elapsedMs, elapsedMs / 2);
}

function elapsedOf({ nowMs }: DispatchBook, { beganAtMs }: Ticket): number {
  return nowMs === undefined || beganAtMs === undefined ? 0 : Math.max(0, nowMs - beganAtMs);
}

function servedBy({ skills }: DispatchBook, worker: string, taskType: string): ServedBy {
  return { worker, taskType, skill: Object.hasOwn(skills, worker) ? skills[worker]?.[taskType] : undefined };
}

/** For whoever looks: what waits, what runs, how each worker stands. */
export function figuresOf(book: DispatchBook) {
  const states = Object.values(book.table.tasks).map(({ state }) => state);
  const count = (wanted: string): number => states.filter((state) => state === wanted).length;
  const workers = standingsOf(book).map(({ worker, capacity, running, queued, workMs }) => ({
    worker,
    capacity,
    running,
    queued,
    doneInMs: workMs / Math.max(1, capacity),
    score: loadScore({
      capacity,
      tasks: running + queued,
      slowness: slownessOf(book, worker),
      success: successOf(book.history, worker),
      ...(Object.hasOwn(book.usage, worker) ? book.usage[worker] : {}),
    }).score,
  }));
  const { rebalancing } = book;
  return {
    queued: count("queued"),
    running: count("assigned"),
    escalated: count("escalated"),
    workers,
    ...(rebalancing === undefined
      ? {}
      : { rebalancing: { ...rebalancing, moves: rebalancing.moves.map((move) => ({ ...move })) } }),
  };
}

/** Its service time over that of all workers, on average over the types it has served; 1 before any. */
function slownessOf(book: DispatchBook, worker: string): number {
  const ratios = Object.entries(book.history).flatMap(([taskType, workers]) => {
    if (!Object.hasOwn(workers, worker)) return [];
    const all = Object.keys(workers).map((one) => serviceMs(book, one, taskType));
    const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
    return [serviceMs(book, worker, taskType) / mean];
  });
  return ratios.length === 0 ? 1 : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

/** The next of a series of chances (mulberry32): a book that is read again draws the same. */
function drawnAfter(chance: number): number {
  const state = (Math.floor(chance * 4_294_967_296) + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}
