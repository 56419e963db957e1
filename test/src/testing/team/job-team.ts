import { assign, cancel, enqueueActions, setup } from "xstate";
import { z } from "zod";
import { fromCall, tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf } from "../../../../protocols/index.ts";
import type { TeamOptions } from "../../../../src/testing/team/index.ts";

/** The faults that can be planted. */
export type Bug = "no dedupe" | "ack before commit" | "lost revoke" | "double grant";

/** A job, and how often it has been given to somebody. */
const task = z.object({ job: z.number(), attempt: z.number() });
type Task = z.infer<typeof task>;
const desk = defineProtocol({
  name: "desk",
  accepts: { ready: z.object({}), accepted: task, finished: task, revoked: task },
});
const hand = defineProtocol({ name: "hand", accepts: { grant: task, revoke: task, thanks: task } });

interface Grant extends Task {
  readonly is: "granted" | "accepted" | "revoking";
}
interface DeskContext {
  readonly todo: readonly Task[];
  readonly grants: Readonly<Record<string, Grant>>;
  readonly counts: readonly number[];
}
type Late = { readonly type: "late"; readonly worker: ActorAddress };
type DeskEvent = MessageOf<typeof desk> | Late;

/** After so many a job is left with whoever has it. */
const attemptsMax = 2;

const workerOf = (event: DeskEvent): ActorAddress =>
  event.type === "late" ? event.worker : (event.sender as ActorAddress);
const grantOf = (context: DeskContext, event: DeskEvent): Grant | undefined =>
  context.grants[workerOf(event)];
const taskOf = ({ job, attempt }: Task): Task => ({ job, attempt });
const isSame = (a: Task | undefined, b: object): boolean =>
  a?.job === (b as Task).job && a.attempt === (b as Task).attempt;
const without = (grants: DeskContext["grants"], worker: string): DeskContext["grants"] => {
  const { [worker]: _gone, ...others } = grants;
  return others;
};

/** Gives jobs to workers, each to one at a time; takes a job back from a worker that has not accepted it in time. */
export const supervisorMachine = (jobs: number, bug?: Bug) =>
  setup({
    types: { context: {} as DeskContext, events: {} as DeskEvent },
    actions: {
      grant: tell(
        hand,
        ({ event }) => workerOf(event),
        ({ context, event }) => ({ type: "grant", ...taskOf(grantOf(context, event) as Grant) }),
      ),
      revoke: tell(
        hand,
        ({ event }) => workerOf(event),
        ({ context, event }) => ({ type: "revoke", ...taskOf(grantOf(context, event) as Grant) }),
      ),
      thank: tell(
        hand,
        ({ event }) => workerOf(event),
        ({ event }) => ({ type: "thanks", ...taskOf(event as unknown as Task) }),
      ),
      wait: enqueueActions(({ event, enqueue }) => {
        const worker = workerOf(event);
        enqueue.raise({ type: "late", worker }, { delay: 1_000, id: `late ${worker}` });
      }),
      waitNoLonger: cancel(({ event }) => `late ${workerOf(event)}`),
      noteGrant: assign(({ context, event }) => {
        const [next, ...others] = context.todo as [Task, ...Task[]];
        const grant: Grant = { job: next.job, attempt: next.attempt + 1, is: "granted" };
        return {
          grants: { ...context.grants, [workerOf(event)]: grant },
          todo: bug === "double grant" ? context.todo : others,
        };
      }),
      note: assign({
        grants: ({ context, event }, { is }: { is: Grant["is"] }) => ({
          ...context.grants,
          [workerOf(event)]: { ...(grantOf(context, event) as Grant), is },
        }),
      }),
      forget: assign({ grants: ({ context, event }) => without(context.grants, workerOf(event)) }),
      putBack: assign({
        todo: ({ context, event }) => [...context.todo, taskOf(grantOf(context, event) as Grant)],
      }),
      count: assign({
        counts: ({ context, event }) => {
          const { job } = event as unknown as Task;
          return context.counts.with(job, (context.counts[job] as number) + 1);
        },
      }),
    },
    guards: {
      isAwaited: ({ context, event }) => grantOf(context, event)?.is === "granted",
      isIdle: ({ context, event }) => grantOf(context, event) === undefined && context.todo.length > 0,
      isHeld: ({ context, event }) => isSame(grantOf(context, event), event),
      isAwaitedTask: ({ context, event }) =>
        grantOf(context, event)?.is === "granted" && isSame(grantOf(context, event), event),
      isRevokedTask: ({ context, event }) =>
        grantOf(context, event)?.is === "revoking" && isSame(grantOf(context, event), event),
      isLastAttempt: ({ context, event }) => (grantOf(context, event)?.attempt ?? 0) >= attemptsMax,
      always: () => true,
    },
  }).createMachine({
    id: "supervisor",
    context: {
      todo: Array.from({ length: jobs }, (_, job) => ({ job, attempt: 0 })),
      grants: {},
      counts: Array.from({ length: jobs }, () => 0),
    },
    on: {
      ready: [
        { guard: "isAwaited", actions: "grant" },
        { guard: "isIdle", actions: ["noteGrant", "grant", "wait"] },
        {},
      ],
      accepted: [
        {
          guard: "isAwaitedTask",
          actions: ["waitNoLonger", { type: "note", params: { is: "accepted" } }],
        },
        {},
      ],
      late: [
        { guard: "isLastAttempt", actions: ["grant", "wait"] },
        bug === "lost revoke"
          ? { actions: ["revoke", "putBack", "forget"] }
          : { actions: ["revoke", { type: "note", params: { is: "revoking" } }, "wait"] },
      ],
      revoked: [{ guard: "isRevokedTask", actions: ["waitNoLonger", "putBack", "forget"] }, {}],
      finished: [
        {
          guard: bug === "no dedupe" ? "always" : "isHeld",
          actions: ["waitNoLonger", "forget", "count", "thank"],
        },
        { actions: "thank" },
      ],
    },
  });

interface HandContext extends Task {
  readonly desk: ActorAddress;
}
const nothing: Task = { job: -1, attempt: 0 };

/** Takes a job, writes it down, says so, works on it, and says that it is done until it is thanked. */
export const workerMachine = (bug?: Bug) => {
  const early = bug === "ack before commit";
  return setup({
    types: {
      context: {} as HandContext,
      input: {} as { desk: ActorAddress },
      events: {} as MessageOf<typeof hand>,
    },
    actors: {
      store: fromCall(() => Promise.reject(new Error("no call is made in a check"))),
      work: fromCall(() => Promise.reject(new Error("no call is made in a check"))),
    },
    actions: {
      sayReady: tell(desk, ({ context }) => context.desk, { type: "ready" }),
      accept: tell(
        desk,
        ({ context }) => context.desk,
        ({ context }) => ({ type: "accepted", ...taskOf(context) }),
      ),
      report: tell(
        desk,
        ({ context }) => context.desk,
        ({ context }) => ({ type: "finished", ...taskOf(context) }),
      ),
      giveUp: tell(
        desk,
        ({ context }) => context.desk,
        ({ event }) => ({ type: "revoked", ...taskOf(event as unknown as Task) }),
      ),
      keep: assign(({ event }) => taskOf(event as unknown as Task)),
      drop: assign(nothing),
    },
    guards: { isMine: ({ context, event }) => isSame(context, event) },
  }).createMachine({
    id: "worker",
    context: ({ input }) => ({ desk: input.desk, ...nothing }),
    initial: "free",
    states: {
      free: {
        entry: ["drop", "sayReady"],
        after: { 500: { target: "free", reenter: true } },
        on: { grant: { target: "accepting", actions: "keep" }, revoke: { actions: "giveUp" }, thanks: {} },
      },
      accepting: {
        entry: early ? ["accept"] : [],
        invoke: { src: "store", onDone: { target: "working", actions: early ? [] : ["accept"] } },
        on: { revoke: { guard: "isMine", target: "free", actions: "giveUp" }, grant: {}, thanks: {} },
      },
      working: {
        invoke: { src: "work", onDone: "reporting" },
        on: { revoke: { guard: "isMine", target: "free", actions: "giveUp" }, grant: {}, thanks: {} },
      },
      reporting: {
        entry: "report",
        after: { 500: { target: "reporting", reenter: true } },
        on: { thanks: { guard: "isMine", target: "free" }, grant: {}, revoke: {} },
      },
    },
  });
};

export const jobTeam = ({
  bug,
  workers = 2,
  jobs = 1,
}: {
  readonly bug?: Bug | undefined;
  readonly workers?: number;
  readonly jobs?: number;
} = {}) => {
  const members = {
    supervisor: { machine: supervisorMachine(jobs, bug), protocol: desk, durable: "each-turn" },
    worker: {
      machine: workerMachine(bug),
      protocol: hand,
      count: workers,
      symmetric: true,
      input: { desk: "supervisor" as ActorAddress },
      calls: { store: { done: [null] }, work: { done: [null] } },
      durable: (worker: { matches(value: string): boolean }) => !worker.matches("accepting"),
    },
  } as const;
  return {
    members,
    channels: { lossesMax: 1, inFlightMax: 3 },
    faults: { worker: { crashesMax: 1 } },
    safe: {
      "each job counts once": ({ members }) => members.supervisor.context.counts.every((count) => count <= 1),
      "one holder per job": ({ members: { worker } }) => {
        const held = worker
          .filter((one) => one.phase === "up" && (one.matches("working") || one.matches("accepting")))
          .map(({ context }) => context.job);
        return new Set(held).size === held.length;
      },
    },
    reachable: {
      "all jobs counted": ({ members }) => members.supervisor.context.counts.every((count) => count > 0),
    },
  } satisfies TeamOptions<typeof members>;
};
