import { assign, type DoneActorEvent, type ErrorActorEvent, emit, enqueueActions, setup } from "xstate";
import {
  type ActorAddress,
  type Branch,
  type BranchResult,
  type EmittedOf,
  type fanOut,
  isCoxswainError,
  type MessageOf,
  type ReplyTo,
  work,
} from "../protocols/index.ts";
import { asking } from "./calls.ts";
import { reply } from "./verbs.ts";

interface FanOutContext {
  readonly branches: readonly Branch[];
  /** How many of them have been asked. */
  readonly asked: number;
  readonly results: Readonly<Record<string, BranchResult>>;
  readonly mode: "parallel" | "sequence";
  readonly atMost: number;
  readonly withinMs: number;
  readonly asker: ReplyTo<{ results: BranchResult[] }> | undefined;
}

type Reported = DoneActorEvent<{ result: unknown }> | ErrorActorEvent;

const none: FanOutContext = {
  branches: [],
  asked: 0,
  results: {},
  mode: "parallel",
  atMost: 1,
  withinMs: 60_000,
  asker: undefined,
};

/** Whether a sequence has met its first failure, after which nobody else is asked. */
function broken({ mode, results }: FanOutContext): boolean {
  return mode === "sequence" && Object.values(results).some((result) => !result.ok);
}

/** The branches that may be asked now. */
function due(context: FanOutContext): readonly Branch[] {
  if (broken(context)) return [];
  const running = context.asked - Object.keys(context.results).length;
  const places = (context.mode === "sequence" ? 1 : context.atMost) - running;
  return context.branches.slice(context.asked, context.asked + Math.max(0, places));
}

function resultOf(event: Reported): BranchResult {
  const name = event.actorId.slice("branch:".length);
  if ("output" in event) return { name, ok: true, result: event.output.result ?? null };
  const { error } = event;
  const reason = error instanceof Error ? error.message : String(error);
  return { name, ok: false, code: isCoxswainError(error) ? error.code : "ACTOR_FAILED", reason };
}

/**
 * Decides whom to ask next when work is for several: in parallel, at most `atMost` at a time, or
 * in sequence until the first failure.
 *
 * - `idle`: nothing runs.
 * - `running`: branches are out; a further run is postponed.
 *
 * A branch that fails is one result among the others; the asker gets them all, in the order given.
 */
export const fanOutMachine = setup({
  types: {
    context: {} as FanOutContext,
    events: {} as MessageOf<typeof fanOut> | Reported,
    emitted: {} as EmittedOf<typeof fanOut>,
  },
  actors: { branch: asking(work, "work") },
  actions: {
    begin: assign(({ event }) => {
      const { branches, mode, atMost, withinMs, replyTo } = event as MessageOf<typeof fanOut>;
      return { branches, mode, atMost, withinMs, asker: replyTo, asked: 0, results: {} };
    }),
    askDue: enqueueActions(({ enqueue, context }) => {
      const branches = due(context);
      for (const { name, to, task } of branches) {
        enqueue.spawnChild("branch", {
          id: `branch:${name}`,
          input: { to: to as ActorAddress, with: { task }, withinMs: context.withinMs },
        });
        enqueue.emit({ type: "branchStarted", name });
      }
      enqueue.assign({ asked: context.asked + branches.length });
    }),
    note: assign(({ context, event }) => {
      const result = resultOf(event as Reported);
      return { results: { ...context.results, [result.name]: result } };
    }),
    say: emit(({ event }): EmittedOf<typeof fanOut> => {
      const result = resultOf(event as Reported);
      if (result.ok) return { type: "branchDone", name: result.name };
      return { type: "branchFailed", name: result.name, code: result.code, reason: result.reason };
    }),
    report: reply(
      ({ context }) => ({
        results: context.branches.flatMap(({ name }) => context.results[name] ?? []),
      }),
      { to: ({ context }) => context.asker },
    ),
  },
  guards: {
    allBack: ({ context }) => {
      const running = context.asked - Object.keys(context.results).length;
      return running === 0 && due(context).length === 0;
    },
  },
}).createMachine({
  id: "fanOut",
  context: none,
  initial: "idle",
  states: {
    idle: { on: { run: { target: "running", actions: ["begin", "askDue"] } } },
    running: {
      meta: { postpone: ["run"] },
      on: {
        "xstate.done.actor.*": { actions: ["note", "say", "askDue"] },
        "xstate.error.actor.*": { actions: ["note", "say", "askDue"] },
      },
      always: { guard: "allBack", target: "idle", actions: "report" },
    },
  },
});
