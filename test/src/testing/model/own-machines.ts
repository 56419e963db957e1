import type { SnapshotFrom } from "xstate";
import type {
  CarriedOut,
  crewMachine,
  dispatcherMachine,
  fanOutMachine,
  SupervisorContext,
  SupervisorInput,
  supervisorMachine,
  workerMachine,
} from "../../../../machines/index.ts";
import { type Child, childAt, inOrder } from "../../../../machines/supervision/roster.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  dispatching,
  fanOut,
  supervision,
  work,
} from "../../../../protocols/index.ts";
import type { PathsOptions } from "../../../../src/testing/model/index.ts";
import { boom } from "../../../support/rehearsal.ts";
import { child, supervisorInputs } from "../../../support/supervisor-inputs.ts";

type Supervisor = typeof supervisorMachine;

/** What the small machines need: their protocol, and what a branch of the fan-out comes to. */
export const workerOptions: PathsOptions<typeof workerMachine> = { protocol: work };
export const crewOptions: PathsOptions<typeof crewMachine> = {
  protocol: work,
  input: { workers: ["crew.one", "crew.two"] as ActorAddress[] },
};
export const fanOutOptions: PathsOptions<typeof fanOutMachine> = {
  protocol: fanOut,
  outputs: { branch: [{ result: 1 }] },
};

/** One task, one worker, one attempt; how it ends, and what may come between. */
export const dispatcherOptions: PathsOptions<typeof dispatcherMachine> = {
  protocol: dispatching,
  input: { attemptsMax: 1, ladder: ["lead"] },
  payloads: {
    dispatch: [{ id: "a", taskType: "sort", task: 1, priority: 2 }],
    enrol: [{ worker: "hands.w", capacity: 1, skills: {} }],
    pull: [{ worker: "hands.w", credits: 1, skills: {} }],
    leave: [{ worker: "hands.w" }],
    used: [{ workers: ["hands.w"], cpu: 0.5, memory: 0.5 }],
    cancel: [{ id: "a", reason: "" }],
    decide: [{ id: "a", level: 1, decision: "resolve", reason: "" }],
  },
  outputs: {
    clock: [0],
    attempt: [
      { task: "a", attempt: 1, worker: "hands.w", outcome: "done", result: null, tookMs: 1, atMs: 0 },
      { task: "a", attempt: 1, worker: "hands.w", outcome: "unreachable", reason: "", atMs: 0 },
    ],
  },
  stateKey: ({ value, context: { book } }) => [
    value,
    book.table.tasks,
    Object.values(book.table.workers).map(({ capacity }) => Math.min(capacity, 1)),
    Object.keys(book.away),
  ],
};

const changes: Readonly<Record<string, readonly object[]>> = {
  startChild: [{ child: child("a") }, { child: child("c") }],
  terminateChild: [{ id: "a", address: "shop.1" }],
  restartChild: [{ id: "a" }],
  deleteChild: [{ id: "a" }],
  replaceChildren: [{ children: [child("a"), child("b")] }],
};

/** A supervisor's whole machine needs several of them: of each kind one. */
export const supervisorOptions: readonly (readonly [string, PathsOptions<Supervisor>])[] = [
  ...Object.entries(supervisorInputs).map(([name, input]): [string, PathsOptions<Supervisor>] => [
    name,
    {
      protocol: supervision,
      input,
      payloads: {
        getChild: [{ id: "a" }],
        ...mapped(changes, (payloads) => changing(payloads)),
        "coxswain.down": ({ context }) => (isWaiting(context) ? [] : downsOf(context)),
        carriedOut: ({ context: { work: at } }) => (at === undefined ? [] : resultsOf(at.plan)),
      },
      stateKey: keyOf,
    },
  ]),
  ["storm", stormOptions()],
];

/** A child fails again each time before its restart is told of, until the supervisor pauses; what may come then. */
function stormOptions(): PathsOptions<Supervisor> {
  const input: SupervisorInput = {
    ...(supervisorInputs.one_for_one as SupervisorInput),
    flags: { intensity: 20 },
  };
  const inPause = (payloads: readonly object[]) => (at: SnapshotFrom<Supervisor>) =>
    at.matches({ supervising: "pausing" }) ? payloads : [];
  const ofB = { terminateChild: [{ id: "b" }], restartChild: [{ id: "b" }] };
  return {
    protocol: supervision,
    input,
    payloads: {
      getChild: [{ id: "a" }],
      ...mapped(changes, (payloads, type) =>
        inPause([...payloads, ...(ofB[type as keyof typeof ofB] ?? [])]),
      ),
      retry: inPause([{ address: "shop.a", attempt: 0, reason: "", atMs: 0 }]),
      "coxswain.shutdown": inPause([{}]),
      "coxswain.down": (at) => {
        const { context } = at;
        const { roster, work: plan, restarts, inARow, pending } = context;
        if (pending.next - pending.first > 1) return [];
        if (at.matches({ supervising: "pausing" })) return downsOf(context);
        if (restarts.length > inARow) return [];
        if (childAt(roster, "shop.b" as ActorAddress)?.state === "running")
          return [downOf("shop.b" as ActorAddress, { kind: "done" })];
        const due = plan === undefined || (plan.for === "restart" && !isWaiting(context));
        return due ? [downOf("shop.a" as ActorAddress, boom)] : [];
      },
      carriedOut: ({ context: { work: at } }) => (at === undefined ? [] : resultsOf(at.plan).slice(0, 1)),
    },
    stateKey: keyOf,
  };
}

function mapped<T, U>(
  from: Readonly<Record<string, T>>,
  to: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value, key)]));
}

/** What a change comes to is the same for every strategy of static children. */
function changing(payloads: readonly object[]) {
  return ({ context: { flags, numbered } }: SnapshotFrom<Supervisor>): readonly object[] => {
    const same = flags.strategy.endsWith("one_for_one") && flags.autoShutdown === "never" && numbered === 0;
    return same ? payloads : [];
  };
}

const lifeOf = (address: string): string => `${address}!`;

const isWaiting = ({ pending }: SupervisorContext): boolean => pending.next > pending.first;

/** A child may end while it runs, and also as soon as it is up, before the hands tell so. */
function downsOf({ roster, work: at }: SupervisorContext): object[] {
  const running = [...inOrder(roster)].filter(({ activation }) => activation !== undefined);
  const ending = new Set([...running, ...(at?.plan.start.slice(0, 1) ?? [])].map(({ address }) => address));
  return [...ending].flatMap((address) =>
    [boom, { kind: "done" } as const].map((outcome) => downOf(address, outcome)),
  );
}

function downOf(address: ActorAddress, outcome: ActorOutcome): object {
  return { address, activation: lifeOf(address), outcome, atMs: 0, chance: 0 };
}

/** A plan may be carried out, fail at any start, be halted before it, and a start may be declined. */
function resultsOf(plan: NonNullable<SupervisorContext["work"]>["plan"]): Omit<CarriedOut, "type">[] {
  const stopped = plan.stop.map(({ address }) => ({ address, outcome: { kind: "stopped" } as const }));
  const started = plan.start.map(({ address }) => ({ address, activation: lifeOf(address) }));
  const whole = { stopped, started, ignored: [], halted: false, atMs: 0, chance: 0 };
  const error = { code: "ACTOR_FAILED", message: "no start" };
  return [
    whole,
    ...plan.start.flatMap(({ address }, n) => [
      { ...whole, started: started.slice(0, n), failed: { address, error } },
      { ...whole, started: started.toSpliced(n, 1), ignored: [address] },
      { ...whole, started: started.slice(0, n), halted: true },
    ]),
  ];
}

/** What makes two moments the same for what may follow. */
function keyOf({ value, context }: SnapshotFrom<Supervisor>): unknown {
  const { roster, work: at, ending, restarts, pending, numbered, retry } = context;
  const childKey = ({ address, state, awaits }: Child) => [address, state, awaits !== undefined];
  const due = retry !== undefined && childAt(roster, retry.address)?.awaits === retry.attempt;
  const waiting = pending.next - pending.first;
  const children = Array.from(inOrder(roster), childKey);
  return [value, children, at, ending?.kind, restarts.length, waiting, numbered, due, context.inARow];
}
