import { describe, expect, test } from "vitest";
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  enqueueActions,
  setup,
  spawnChild,
} from "xstate";
import { fromCall, tell } from "../../../../machines/index.ts";
import type { ActorAddress } from "../../../../protocols/index.ts";
import type { Turned } from "../../../../src/testing/team/cell.ts";
import { Member } from "../../../../src/testing/team/member.ts";
import { run } from "../../../support/recording-cell.ts";
import { seededRandom } from "../../../support/simulated-env.ts";
import { supervisorMachine, workerMachine } from "./job-team.ts";
import { cook, kitchen, names } from "./kitchen.ts";
import { letters } from "./ping.ts";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const address = "crew.bow" as ActorAddress;
type Resolve = (value: unknown) => void;

/** Spawns calls under names that come again, raises, sends to itself, and sends later. */
const busy = setup({
  types: { context: {} as { log: readonly string[]; next: number } },
  actors: { job: fromCall(() => Promise.resolve<unknown>(undefined)) },
  actions: {
    noteEnd: assign({
      log: ({ context, event }) => [...context.log, `${event.actorId as string} done`].slice(-4),
    }),
  },
}).createMachine({
  context: { log: [], next: 0 },
  initial: "on",
  on: {
    go: {
      actions: [
        assign({ next: ({ context }) => (context.next + 1) % 3 }),
        spawnChild("job", {
          id: (({ context }: { context: { next: number } }) => `j${context.next}`) as never,
        }),
      ],
    },
    "xstate.done.actor.j1": { actions: [spawnChild("job", { id: "j1" }), "noteEnd"] },
    "xstate.done.actor.*": {
      actions: "noteEnd",
    },
    chat: {
      actions: enqueueActions(({ enqueue }) => {
        enqueue.raise({ type: "inner" });
        enqueue.sendTo(({ self }) => self, { type: "later" });
        enqueue.emit({ type: "chatted" });
      }),
    },
    inner: { actions: assign({ log: ({ context }) => [...context.log, "inner"].slice(-4) }) },
    later: { actions: assign({ log: ({ context }) => [...context.log, "later"].slice(-4) }) },
  },
  states: {
    on: {
      on: { flip: "off" },
      exit: tell(letters, "reader" as ActorAddress, { type: "letter", n: 1 }),
      after: { 1000: { actions: tell(letters, "reader" as ActorAddress, { type: "letter", n: 2 }) } },
    },
    off: {
      on: { flip: "on" },
      invoke: [
        { src: "job", onDone: "on" },
        { src: "job", id: "kept", onDone: {} },
      ],
    },
  },
});

interface Case {
  readonly machine: AnyStateMachine;
  /** The machines it runs as its children, which make the calls too. */
  readonly children?: Readonly<Record<string, AnyStateMachine>>;
  readonly input?: unknown;
  readonly events: readonly AnyEventObject[];
  readonly calls: readonly string[];
}
const task = { job: 0, attempt: 1 };
const workers = ["worker.1", "worker.2"].map((sender) => ({ sender }));
const cases: readonly (readonly [string, Case])[] = [
  [
    "supervisor",
    {
      machine: supervisorMachine(2),
      events: workers.flatMap((from) => [
        { type: "ready", ...from },
        ...["accepted", "revoked", "finished"].flatMap((type) => [
          { type, ...task, ...from },
          { type, ...task, attempt: 2, ...from },
        ]),
      ]),
      calls: [],
    },
  ],
  [
    "worker",
    {
      machine: workerMachine(),
      input: { desk: "reader" },
      events: ["grant", "revoke", "thanks"].flatMap((type) => [
        { type, ...task, sender: "supervisor" },
        { type, ...task, attempt: 2, sender: "supervisor" },
      ]),
      calls: ["store", "work"],
    },
  ],
  [
    "busy",
    { machine: busy, events: ["go", "chat", "flip", "stray"].map((type) => ({ type })), calls: ["job"] },
  ],
  [
    "kitchen",
    {
      machine: kitchen,
      children: { cook },
      events: [
        ...["flip", "boil", "boil", "leave", "burn", "stray", "cooked", "dash"],
        ...names.flatMap((id) =>
          ["hire", "order", "order", "fire", "leave", "haste", "taste", "burn"].map(
            (type) => `${type}.${id}`,
          ),
        ),
      ].map((type) => ({ type })),
      calls: ["job"],
    },
  ],
];

/** What a state is, as far as both sides show it. */
function shown({ value, context, children }: AnyMachineSnapshot): unknown {
  const below = (children ?? {}) as Record<string, { getSnapshot(): AnyMachineSnapshot }>;
  return {
    // In which order its regions take an event.
    value: JSON.stringify(value),
    // An actor in it as its name.
    context: JSON.parse(JSON.stringify(context ?? null)) as unknown,
    children: Object.entries(below)
      .map(([id, child]) => [id, value === undefined ? undefined : shown(child.getSnapshot())])
      .sort(),
  };
}

/** The same machine in a cell as it runs, and as a member of a team: what each says and is, step by step. */
async function compare(
  { machine, children = {}, input, events, calls }: Case,
  random: () => number,
): Promise<number> {
  const started: { readonly child: string; readonly resolve: Resolve; readonly signal: AbortSignal }[] = [];
  const actors = calls.map((name) => {
    const call = fromCall(({ key, signal }) => {
      const child = key.slice(key.indexOf("/") + 1, key.lastIndexOf("#"));
      return new Promise((resolve) => void started.push({ child, resolve, signal }));
    });
    return [name, call] as const;
  });
  const playing = { actors: Object.fromEntries(actors) } as never;
  const below = Object.entries(children).map(([name, child]) => [name, child.provide(playing)]);
  const hosting = machine.provide({ actors: Object.fromEntries([...actors, ...below]) } as never);
  const { cell, hosted } = run(hosting, { input });
  const samples = Object.fromEntries(calls.map((name) => [name, { done: ["result"] }]));
  const options = { machine, calls: samples };
  const plan = { name: "bow", address, options, input, countsLives: false, isWritten: undefined };
  const member = new Member(plan, new Set(["reader", "worker.1", "worker.2"]), new Map());
  let turned: Turned = member.start(0, 0);
  const sends: Turned["sends"][number][] = [];
  const facts: Turned["facts"][number][] = [];
  const take = (next: Turned): void => {
    turned = next;
    sends.push(...next.sends);
    facts.push(...next.facts);
  };
  take(turned);
  /** Timers fire on both sides. */
  const elapse = (ms: number): number => {
    const turns = cell.turns.length;
    cell.env.advance(ms);
    const fired = cell.turns.length - turns;
    for (let i = 0; i < fired; i++)
      take(member.ring(turned.cell, member.dueTimers(turned.cell)[0] as number, 0));
    return fired;
  };
  const running = (): typeof started => started.filter(({ signal }) => !signal.aborted);
  let steps = 0;
  const both = (): void => {
    const said = cell.sent
      .splice(0)
      .map(({ target, event }) => ({ to: (target as { $to: string }).$to, event }));
    const sent = sends.splice(0).map(({ to, type, body }) => ({ to, event: { ...(body as object), type } }));
    const emitted = cell.emitted.splice(0).map(({ type }) => type);
    const chatted = facts.splice(0).flatMap((fact) => (fact.kind === "emitted" ? [fact.type] : []));
    expect({ sent, emitted: chatted, state: shown(turned.cell.snapshot) }).toEqual({
      sent: said,
      emitted,
      state: shown(hosted.snapshot as AnyMachineSnapshot),
    });
    expect(turned.cell.calls.map(({ child }) => child)).toEqual(running().map(({ child }) => child));
    steps++;
  };
  both();
  for (let i = 0; i < 30; i++) {
    elapse(1);
    const { cell: now } = turned;
    const choice = random();
    const due = member.dueTimers(now);
    if (choice < 0.2 && due.length > 0) {
      for (let ms = 0; elapse(1) === 0; ms++) expect(ms).toBeLessThan(2_000);
    } else if (choice < 0.5 && now.calls.length > 0) {
      const at = Math.floor(random() * now.calls.length);
      const call = running()[at] as (typeof started)[number];
      started.splice(started.indexOf(call), 1);
      call.resolve("result");
      for (let tick = 0; tick < 10; tick++) await Promise.resolve();
      take(member.comeTo(now, { call: at, kind: "done", value: "result", fair: true }, 0));
    } else {
      const event = events[Math.floor(random() * events.length)] as AnyEventObject;
      const { type, sender = "(outside)", ...body } = event as AnyEventObject & { sender?: string };
      const verdict = hosted.receive(event);
      take(
        member.deliver(
          now,
          { kind: "tell", from: sender, to: address, type, body, protocol: "", question: undefined },
          0,
        ),
      );
      expect(turned.facts.some(({ kind }) => kind === "unexpected")).toBe(verdict === "unexpected");
    }
    both();
  }
  return steps;
}

describe("a member does what its cell would do:", () => {
  test.each(cases)("the machine %s, on random events", async (_, machine) => {
    const random = seededRandom(seed);
    let steps = 0;
    for (let i = 0; i < 60; i++) steps += await compare(machine, random);
    expect(steps, `SEED=${seed}`).toBe(60 * 31);
  });
});
