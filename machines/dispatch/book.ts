import type { ReplyTo } from "../../protocols/index.ts";
import type {
  BalancerName,
  PredictionOptions,
  Rebalanced,
  RebalanceOptions,
  ServiceHistory,
} from "../balancing/index.ts";
import type { DelegationOrder, DelegationPolicy, TaskTable } from "../delegation/task-table.ts";

export type Dispatched = { readonly result: unknown; readonly worker: string; readonly attempt: number };
type Asker = ReplyTo<Dispatched> | undefined;

export interface DispatchSettings extends DelegationPolicy {
  /** Who gets a task: a balancer chooses when it comes, or a worker with credits takes the next one (`pull`). */
  readonly by: BalancerName | "pull";
  /** How long a worker may take for one attempt, in milliseconds. */
  readonly withinMs: number;
  /** How often queued work is looked at for something to move, in milliseconds. */
  readonly lookEveryMs: number;
  /** How long a worker that could not be reached is given nothing, in milliseconds. */
  readonly awayMs: number;
  readonly rebalance: RebalanceOptions;
  readonly prediction: PredictionOptions;
}

/** What the dispatcher knows of a task besides its row in the table. */
export interface Ticket {
  readonly taskType: string;
  readonly task: unknown;
  readonly priority: number;
  /** Tasks that came before it. */
  readonly number: number;
  readonly askers: readonly Asker[];
  /** Whose queue it stands in; undefined where none takes any, and where work is pulled. */
  readonly placed: string | undefined;
  readonly movedAtMs: number | undefined;
  /** When the attempt of now began; undefined until the time is known. */
  readonly beganAtMs: number | undefined;
}

/** A dispatcher's whole memory. Plain data, bounded by `tasksMax`, never changed in place. */
export interface DispatchBook {
  readonly settings: DispatchSettings;
  readonly table: TaskTable;
  readonly tickets: Readonly<Record<string, Ticket>>;
  readonly skills: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What the process of each uses of its processor and its memory, where it says so; 0 to 1. */
  readonly usage: Readonly<Record<string, { readonly cpu: number; readonly memory: number }>>;
  readonly history: ServiceHistory;
  /** Those that could not be reached: what they had room for, and until when they rest. */
  readonly away: Readonly<Record<string, { readonly capacity: number; readonly untilMs: number }>>;
  /** Epoch milliseconds, as of the last event that said so. */
  readonly nowMs: number | undefined;
  /** 0 ≤ x < 1; what is drawn next comes of it. */
  readonly chance: number;
  /** Tasks that ever came. */
  readonly count: number;
  /** Tasks that were ever placed. */
  readonly turn: number;
  readonly rebalancing: Rebalanced | undefined;
}

/** What follows from a step; the machine says it when the turn is over. */
export type DispatchOrder =
  | Extract<DelegationOrder, { do: "escalate" }>
  | (Extract<DelegationOrder, { do: "grant" }> & { readonly payload: unknown; readonly predictedMs: number })
  | Extract<DelegationOrder, { do: "revoke" }>
  | {
      readonly do: "report";
      readonly task: string;
      readonly state: "done" | "failed" | "cancelled";
      readonly reason: string;
      readonly dispatched: Dispatched;
      readonly askers: readonly Asker[];
    }
  | { readonly do: "refuse"; readonly asker: Asker; readonly reason: string }
  | { readonly do: "tellMoves"; readonly rebalanced: Rebalanced };

export interface Dispatching {
  readonly book: DispatchBook;
  readonly orders: readonly DispatchOrder[];
}

export function emptyBook(settings: DispatchSettings): DispatchBook {
  return {
    settings,
    table: { tasks: {}, workers: {} },
    tickets: {},
    skills: {},
    usage: {},
    history: {},
    away: {},
    nowMs: undefined,
    chance: 0.5,
    count: 0,
    turn: 0,
    rebalancing: undefined,
  };
}

export function ticketOf({ tickets }: DispatchBook, task: string): Ticket | undefined {
  return Object.hasOwn(tickets, task) ? tickets[task] : undefined;
}

export function withTicket(book: DispatchBook, task: string, ticket: Ticket): DispatchBook {
  return { ...book, tickets: { ...book.tickets, [task]: ticket } };
}

export function withTickets(
  book: DispatchBook,
  changed: Readonly<Record<string, Partial<Ticket>>>,
): DispatchBook {
  const entries = Object.entries(changed);
  if (entries.length === 0) return book;
  const tickets = { ...book.tickets };
  for (const [task, about] of entries) tickets[task] = { ...(tickets[task] as Ticket), ...about };
  return { ...book, tickets };
}
