import {
  assign,
  type DoneActorEvent,
  type ErrorActorEvent,
  emit,
  enqueueActions,
  fromPromise,
  setup,
  spawnChild,
  stopChild,
} from "xstate";
import {
  type ActorAddress,
  type dispatching,
  type EmittedOf,
  isCoxswainError,
  type MessageOf,
  work,
} from "../protocols/index.ts";
import { predictionDefaults, rebalanceDefaults } from "./balancing/index.ts";
import { contextOf, envOf } from "./call-context.ts";
import {
  type DispatchBook,
  type Dispatching,
  type DispatchOrder,
  type DispatchSettings,
  emptyBook,
} from "./dispatch/book.ts";
import { figuresOf } from "./dispatch/queue.ts";
import {
  type AttemptEnd,
  attemptBroken,
  attemptEnded,
  isBusy,
  left,
  offered,
  pulled,
  settledBy,
  taken,
  ticked,
  usageSaid,
  withdrawn,
} from "./dispatch/steps.ts";
import { refuse, reply } from "./verbs.ts";

interface DispatcherContext {
  readonly book: DispatchBook;
  /** What the step of this turn came to; nothing is left of it once it is said. */
  readonly orders: readonly DispatchOrder[];
  /** Attempts ever begun: they name their calls. */
  readonly begun: number;
  /** The call of each task's present attempt. */
  readonly calls: Readonly<Record<string, string>>;
  /** The clock has just been started: what has begun is to be given its time at once. */
  readonly isFresh: boolean;
}

export type DispatcherInput = Partial<DispatchSettings>;

export const dispatchDefaults: DispatchSettings = {
  by: "skillAndHistory",
  withinMs: 60_000,
  lookEveryMs: 1_000,
  awayMs: 5_000,
  attemptsMax: 3,
  tasksMax: 10_000,
  ladder: [],
  rebalance: rebalanceDefaults,
  prediction: predictionDefaults,
};

interface AttemptInput {
  readonly task: string;
  readonly attempt: number;
  readonly worker: string;
  readonly payload: unknown;
  readonly withinMs: number;
}

/** Asks a worker for one piece of work, and says how that went and how long it took: a failure is an answer too. */
const attempting = fromPromise<AttemptEnd, AttemptInput>(async ({ input, signal, self, system }) => {
  const { payload, withinMs, ...which } = input;
  const env = envOf(self, system);
  const context = contextOf(self, system);
  if (context === undefined)
    throw new Error("a dispatcher needs a running system; provide `attempt` in tests");
  const beganMs = env.monotonicMs();
  try {
    const both = AbortSignal.any([signal, context.signal]);
    const message = { type: "work", task: payload };
    const limits = { withinMs, signal: both, callKey: context.key };
    const to = which.worker as ActorAddress;
    const { result } = (await context.cell.ask(context.cause, work, to, message, limits)) as {
      result: unknown;
    };
    const tookMs = env.monotonicMs() - beganMs;
    return { ...which, outcome: "done", result, tookMs, atMs: env.nowMs() };
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ...which, outcome: outcomeOf(error), reason, atMs: env.nowMs() };
  }
});

/** What says nothing of the task, but of the worker: that it is not there, or has no room. */
const notThere = new Set(["UNREACHABLE", "ADDRESS_UNKNOWN", "NODE_LOST", "ACTOR_STOPPED", "MAILBOX_FULL"]);

function outcomeOf(error: unknown): "late" | "unreachable" | "failed" {
  if (!isCoxswainError(error)) return "failed";
  if (error.code === "ASK_TIMEOUT") return "late";
  return notThere.has(error.code) ? "unreachable" : "failed";
}

/** Waits, and says what time it is. */
const clock = fromPromise<number, { readonly waitMs: number }>(({ input, signal, self, system }) => {
  const env = envOf(self, system);
  return new Promise((resolve, reject) => {
    const timer = env.setTimer(input.waitMs, () => resolve(env.nowMs()));
    signal.addEventListener("abort", () => {
      timer.cancel();
      reject(signal.reason);
    });
  });
});

type Ended = DoneActorEvent<AttemptEnd> | DoneActorEvent<number>;
type Failed = ErrorActorEvent;
type Asked = MessageOf<typeof dispatching>;

/**
 * Decides which worker gets which task, and when: what comes is placed by a balancer or waits to be pulled; what a worker
 * has room for is begun; what failed, came late or was lost is begun anew, and after enough attempts goes up the ladder.
 * What waits is moved when another worker will be done much earlier; what runs is not.
 *
 * - `idle`: nothing waits, runs or rests.
 * - `busy`: something does; the clock tells the time every `lookEveryMs`.
 *
 * Which task has which state is kept in the table of delegation, whose steps are model-checked; this machine is their shell.
 */
export const dispatcherMachine = setup({
  types: {
    context: {} as DispatcherContext,
    events: {} as Asked | Ended | Failed,
    input: {} as DispatcherInput,
    emitted: {} as EmittedOf<typeof dispatching>,
  },
  actors: { attempt: attempting, clock },
  guards: { isBusy: ({ context }) => isBusy(context.book) },
  actions: {
    step: assign(({ context, event }) => stepped(context, event)),
    answerFigures: reply(({ context }) => figuresOf(context.book)),
    say: enqueueActions(({ context, enqueue }) => {
      const calls: Record<string, string> = { ...context.calls };
      let { begun } = context;
      for (const order of context.orders) {
        switch (order.do) {
          case "grant": {
            const { task, attempt, worker, payload, predictedMs } = order;
            const { withinMs } = context.book.settings;
            const id = `attempt${begun++}`;
            calls[task] = id;
            enqueue(spawnChild("attempt", { id, input: { task, attempt, worker, payload, withinMs } }));
            enqueue(emit({ type: "taskAssigned", id: task, worker, attempt, predictedMs }));
            break;
          }
          case "revoke":
            enqueue(stopChild(calls[order.task] ?? ""));
            break;
          case "escalate": {
            const { task: id, level, to, reason } = order;
            enqueue(emit({ type: "taskEscalated", id, level, to, reason }));
            break;
          }
          case "report": {
            const { task: id, state, reason, dispatched, askers } = order;
            delete calls[id];
            for (const to of askers)
              enqueue(
                state === "done"
                  ? reply(dispatched, { to: () => to })
                  : refuse(`${state}: ${reason}`, { to: () => to }),
              );
            enqueue(emit({ type: "taskEnded", id, state, reason }));
            break;
          }
          case "refuse":
            enqueue(refuse(order.reason, { to: () => order.asker }));
            break;
          case "tellMoves":
            enqueue(emit({ type: "rebalanced", ...order.rebalanced, moves: [...order.rebalanced.moves] }));
        }
      }
      enqueue.assign({ orders: [], calls, begun });
    }),
    freshen: assign({ isFresh: true }),
  },
}).createMachine({
  id: "dispatcher",
  context: ({ input }) => ({
    book: emptyBook({ ...dispatchDefaults, ...input }),
    orders: [],
    begun: 0,
    calls: {},
    isFresh: true,
  }),
  initial: "idle",
  on: {
    dispatch: { actions: ["step", "say"] },
    enrol: { actions: ["step", "say"] },
    pull: { actions: ["step", "say"] },
    leave: { actions: ["step", "say"] },
    used: { actions: "step" },
    cancel: { actions: ["step", "say"] },
    decide: { actions: ["step", "say"] },
    figures: { actions: "answerFigures" },
    "xstate.done.actor.*": { actions: ["step", "say"] },
    "xstate.error.actor.*": { actions: ["step", "say"] },
  },
  states: {
    idle: { entry: "freshen", always: { guard: "isBusy", target: "busy" } },
    busy: {
      invoke: {
        id: "clock",
        src: "clock",
        input: ({ context }) => ({ waitMs: context.isFresh ? 0 : context.book.settings.lookEveryMs }),
        onDone: [
          { guard: "isBusy", target: "busy", reenter: true, actions: ["step", "say"] },
          { target: "idle", actions: ["step", "say"] },
        ],
        onError: { target: "busy", reenter: true },
      },
    },
  },
});

function stepped(context: DispatcherContext, event: Asked | Ended | Failed): Partial<DispatcherContext> {
  const { book, orders } = stepOf(context, event);
  const isFresh = context.isFresh && !isTime(event);
  return { book, orders: [...context.orders, ...orders], isFresh };
}

function stepOf({ book, calls }: DispatcherContext, event: Asked | Ended | Failed): Dispatching {
  switch (event.type) {
    case "dispatch":
      return taken(book, event);
    case "enrol":
      return offered(book, event.worker, event.capacity, event.skills);
    case "pull":
      return pulled(book, event.worker, event.credits, event.skills);
    case "leave":
      return left(book, event.worker);
    case "used":
      return usageSaid(book, event);
    case "cancel":
      return withdrawn(book, event.id, event.reason);
    case "decide":
      return settledBy(book, event);
    case "figures":
      return { book, orders: [] };
  }
  if (isTime(event)) return ticked(book, event.output);
  if ("output" in event) return attemptEnded(book, event.output as AttemptEnd);
  // A call that was not made, or broke: whose it was is known by its name.
  const task = Object.keys(calls).find((one) => calls[one] === event.actorId) ?? "";
  const reason = event.error instanceof Error ? event.error.message : String(event.error);
  return attemptBroken(book, task, reason);
}

function isTime(event: Asked | Ended | Failed): event is DoneActorEvent<number> {
  return "output" in event && typeof event.output === "number";
}
