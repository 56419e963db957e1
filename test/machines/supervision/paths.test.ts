import { getShortestPaths } from "@xstate/graph";
import { describe, expect, test } from "vitest";
import { createActor, type EventFromLogic, type SnapshotFrom } from "xstate";
import {
  type CarriedOut,
  type SupervisorContext,
  type SupervisorInput,
  supervisorMachine,
} from "../../../machines/index.ts";
import { type Child, childAt, inOrder } from "../../../machines/supervision/roster.ts";
import type { ActorAddress, ActorOutcome } from "../../../protocols/index.ts";
import { Coverage } from "../../support/coverage.ts";
import { boom } from "../../support/rehearsal.ts";
import { child, supervisorInputs as inputs, self } from "../../support/supervisor-inputs.ts";

// What is said and thrown is left out: only where the machine goes is looked at here.
const silent = supervisorMachine.provide({
  actions: { answer: () => {}, answerAsker: () => {}, stopSelf: () => {}, throwFault: () => {} },
});
type SupervisorSnapshot = SnapshotFrom<typeof silent>;
type SupervisorEvent = EventFromLogic<typeof silent>;

const lists: readonly SupervisorEvent[] = [
  { type: "whichChildren" },
  { type: "countChildren" },
  { type: "getChild", id: "a" },
];
const changes: readonly SupervisorEvent[] = [
  { type: "startChild", child: child("a") },
  { type: "startChild", child: child("c") },
  { type: "terminateChild", id: "a", address: "shop.1" },
  { type: "restartChild", id: "a" },
  { type: "deleteChild", id: "a" },
  { type: "replaceChildren", children: [child("a"), child("b")] },
];

/** All that may come next, of what can be told apart. */
function eventsAt({ context, status }: SupervisorSnapshot): SupervisorEvent[] {
  if (status !== "active") return [];
  const { roster, work, retry, pending, flags, numbered } = context;
  const waiting = pending.next > pending.first;
  const due = retry !== undefined && !waiting && childAt(roster, retry.address)?.awaits === retry.attempt;
  // What a change comes to is the same for every strategy of static children.
  const changing = flags.strategy.endsWith("one_for_one") && flags.autoShutdown === "never" && numbered === 0;
  return [
    ...lists,
    ...(changing ? changes : []),
    ...(waiting ? [] : downsOf(context)),
    ...(due ? [retry] : []),
    ...(work === undefined ? [] : resultsOf(work.plan)),
    { type: "coxswain.shutdown" },
  ];
}

/** A child may end while it runs, and also as soon as it is up, before the hands tell so. */
function downsOf({ roster, work }: SupervisorContext): SupervisorEvent[] {
  const running = [...inOrder(roster)].filter(({ activation }) => activation !== undefined);
  const ending = new Set([...running, ...(work?.plan.start.slice(0, 1) ?? [])].map(({ address }) => address));
  return [...ending].flatMap((address) =>
    [boom, { kind: "done" } as const].map((outcome) => downOf(address, outcome)),
  );
}

function downOf(address: ActorAddress, outcome: ActorOutcome) {
  const type = "coxswain.down";
  return { type, address, activation: lifeOf(address), outcome, atMs: 0, chance: 0 } as const;
}

/** A child fails again each time before its restart is told of, until the supervisor pauses; what may come then. */
function eventsInStorm(at: SupervisorSnapshot): SupervisorEvent[] {
  const { roster, work, restarts, inARow, pending } = at.context;
  if (pending.next - pending.first > 1) return [];
  if (at.matches({ supervising: "pausing" })) {
    const stale = { type: "retry", address: addressOf("a"), attempt: 0, reason: "", atMs: 0 } as const;
    const ofB = [{ type: "terminateChild", id: "b" } as const, { type: "restartChild", id: "b" } as const];
    return [...eventsAt(at), ...downsOf(at.context), ...changes, ...ofB, stale, pauseOver];
  }
  if (restarts.length > inARow || at.status !== "active") return [];
  const ended = (id: string, outcome = boom): SupervisorEvent =>
    downOf(addressOf(id), outcome) as SupervisorEvent;
  if (childAt(roster, addressOf("b"))?.state === "running") return [ended("b", { kind: "done" })];
  if (work === undefined || (work.for === "restart" && pending.next === pending.first)) return [ended("a")];
  return resultsOf(work.plan).slice(0, 1);
}

const addressOf = (id: string): ActorAddress => `${self}.${id}` as ActorAddress;
const pauseOver = { type: "xstate.after.0.supervisor.supervising.pausing" } as unknown as SupervisorEvent;

const lifeOf = (address: string): string => `${address}!`;

/** A plan may be carried out, fail at any start, be halted before it, and a start may be declined. */
function resultsOf(plan: NonNullable<SupervisorSnapshot["context"]["work"]>["plan"]): CarriedOut[] {
  const stopped = plan.stop.map(({ address }) => ({ address, outcome: { kind: "stopped" } as const }));
  const started = plan.start.map(({ address }) => ({ address, activation: lifeOf(address) }));
  const whole: CarriedOut = {
    type: "carriedOut",
    stopped,
    started,
    ignored: [],
    halted: false,
    atMs: 0,
    chance: 0,
  };
  const error = { code: "ACTOR_FAILED", message: "no start" };
  return [
    whole,
    ...plan.start.flatMap(({ address }, n): CarriedOut[] => [
      { ...whole, started: started.slice(0, n), failed: { address, error } },
      { ...whole, started: started.toSpliced(n, 1), ignored: [address] },
      { ...whole, started: started.slice(0, n), halted: true },
    ]),
  ];
}

/** What makes two moments the same for what may follow. */
function keyOf(snapshot: SupervisorSnapshot): string {
  const { roster, work, ending, restarts, pending, numbered } = snapshot.context;
  const childKey = ({ address, state, awaits }: Child) => [address, state, awaits !== undefined];
  const children = Array.from(inOrder(roster), childKey);
  const waiting = pending.next - pending.first;
  const at = { value: snapshot.value, children, work, ending: ending?.kind };
  return JSON.stringify({ ...at, restarts: restarts.length, waiting, numbered });
}

/**
 * Walks to each state that can be reached on a shortest path, on a live machine; and on from there along each
 * event that takes a transition which none took before.
 */
function walk(coverage: Coverage, input: SupervisorInput, events = eventsAt): void {
  const paths = getShortestPaths(silent, {
    input,
    events: events as never,
    serializeState: keyOf as never,
    limit: 20_000,
  });
  const chosen = new Set<unknown>();
  for (const { steps, state } of paths) {
    const way = steps.map(({ event }) => event).filter((event) => !isInit(event));
    go(coverage, input, way);
    for (const next of events(state)) {
      const choice = silent.getTransitionData(state, next);
      if (choice.every((transition) => chosen.has(transition))) continue;
      for (const transition of choice) chosen.add(transition);
      go(coverage, input, [...way, next]);
    }
  }
}

function go(coverage: Coverage, input: SupervisorInput, way: readonly SupervisorEvent[]): void {
  const actor = createActor(silent, { input, inspect: coverage.watch });
  actor.start();
  for (const event of way) actor.send(event);
  actor.stop();
}

function isInit({ type }: { readonly type: string }): boolean {
  return type === "xstate.init";
}

describe("the paths through the supervisor's machine", () => {
  test("reach each of its states and take each of its transitions", () => {
    const coverage = new Coverage(silent);
    for (const input of Object.values(inputs)) walk(coverage, input);
    walk(coverage, { ...inputs.one_for_one, flags: { intensity: 20 } } as SupervisorInput, eventsInStorm);
    expect(coverage.missing()).toEqual([]);
  });

  test("would miss what they do not take: without a failure nothing is restarted, and that is seen", () => {
    const coverage = new Coverage(silent);
    const calm = (at: SupervisorSnapshot) => eventsAt(at).filter(({ type }) => type !== "coxswain.down");
    for (const input of Object.values(inputs)) walk(coverage, input, calm);
    expect(coverage.missing()).toEqual(
      expect.arrayContaining([
        "supervisor.supervising.idle: coxswain.down (0)",
        "supervisor.supervising.idle: always (0)",
      ]),
    );
    expect(coverage.missing()).not.toContain("state supervisor.closing");
  });
});
