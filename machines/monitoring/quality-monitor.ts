import {
  assign,
  type DoneActorEvent,
  type ErrorActorEvent,
  emit,
  enqueueActions,
  setup,
  stateIn,
} from "xstate";
import {
  type ActorAddress,
  type Alert,
  alerts,
  type EmittedOf,
  type MessageOf,
  type monitor,
} from "../../protocols/index.ts";
import { fromCall } from "../calls.ts";
import { reply, tell } from "../verbs.ts";

export interface MonitorInput {
  /** What is checked. */
  readonly pipeline: string;
  /** Who is told what is wrong, and what is so no more: an actor that speaks `alerts`. */
  readonly alerts: ActorAddress;
  /** From the start of one check to that of the next, in milliseconds; a check that takes longer has failed. Default 300,000. */
  readonly everyMs?: number;
  /** From a check that failed to the next one, in milliseconds; default 60,000. */
  readonly retryMs?: number;
}

interface MonitorContext extends Required<MonitorInput> {
  readonly state: "resting" | "watching" | "retrying";
  readonly checks: number;
  readonly failures: number;
  readonly error: string;
  /** The keys of what is wrong. */
  readonly findings: readonly string[];
}

type Checked = DoneActorEvent<Alert[]>;

/**
 * Decides when data is checked: at once, then every five minutes; a minute after a check that failed.
 *
 * - `resting`: nobody wants to know.
 * - `watching`: the time between two checks runs. `checking`: one is under way; `idle`: it is over, for this time.
 * - `retrying`: a check has failed, or was not over when the next was due.
 *
 * What a check finds is told as alerts; what the one before found and this one does not, as cleared. The call `check` must be provided.
 */
export const qualityMonitorMachine = setup({
  types: {
    context: {} as MonitorContext,
    events: {} as MessageOf<typeof monitor> | Checked | ErrorActorEvent,
    emitted: {} as EmittedOf<typeof monitor>,
    input: {} as MonitorInput,
  },
  actors: {
    check: fromCall<Alert[], { readonly pipeline: string }>(() => {
      throw new Error("Expected the call check to be provided");
    }),
  },
  delays: { every: ({ context }) => context.everyMs, retry: ({ context }) => context.retryMs },
  actions: {
    begin: assign(({ context }) => ({ state: "watching" as const, checks: context.checks + 1 })),
    rest: assign({ state: "resting" as const }),
    tellAlerts: enqueueActions(({ enqueue, context, event }) => {
      const found = (event as Checked).output;
      const keys = [...new Set(found.map(({ key }) => key))];
      for (const each of found) enqueue(tell(alerts, context.alerts, { type: "alert", ...each }));
      for (const key of context.findings)
        if (!keys.includes(key)) enqueue(tell(alerts, context.alerts, { type: "clear", key }));
      enqueue.assign({ findings: keys });
      enqueue.emit({ type: "checked", findings: keys });
    }),
    noteFailure: assign(({ context, event }) => {
      const { error } = event as Partial<ErrorActorEvent>;
      const overran = `the check was not over after ${context.everyMs} ms`;
      const reason = error instanceof Error ? error.message : error === undefined ? overran : String(error);
      return { state: "retrying" as const, failures: context.failures + 1, error: reason.slice(0, 1_000) };
    }),
    sayFailed: emit(({ context }) => ({ type: "checkFailed" as const, reason: context.error })),
    show: reply(({ context: { state, checks, failures, error, findings } }) => ({
      ...{ state, checks, failures, error },
      findings: [...findings],
    })),
  },
  guards: { stillChecking: stateIn({ watching: "checking" }) },
}).createMachine({
  id: "monitor",
  context: ({ input }) => ({
    ...{ everyMs: 300_000, retryMs: 60_000, ...input },
    ...{ state: "resting", checks: 0, failures: 0, error: "", findings: [] },
  }),
  initial: "resting",
  on: { status: { actions: "show" }, rest: { target: ".resting", actions: "rest" } },
  states: {
    resting: { on: { watch: "watching" } },
    watching: {
      entry: "begin",
      on: { watch: {} },
      after: {
        every: [
          { guard: "stillChecking", target: "retrying", actions: "noteFailure" },
          { target: "watching", reenter: true },
        ],
      },
      initial: "checking",
      states: {
        checking: {
          invoke: {
            src: "check",
            input: ({ context }) => ({ pipeline: context.pipeline }),
            onDone: { target: "idle", actions: "tellAlerts" },
            onError: { target: "#monitor.retrying", actions: "noteFailure" },
          },
        },
        idle: {},
      },
    },
    retrying: {
      entry: "sayFailed",
      on: { watch: {} },
      after: { retry: "watching" },
    },
  },
});
