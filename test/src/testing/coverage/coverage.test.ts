import { describe, expect, test, vi } from "vitest";
import { type AnyStateMachine, type AnyTransitionDefinition, and, createActor, createMachine } from "xstate";
import { worker } from "../../../../actors/index.ts";
import { crewMachine, workerMachine } from "../../../../machines/index.ts";
import { work } from "../../../../protocols/index.ts";
import { createSystem, defineActor } from "../../../../src/index.ts";
import { coverageOf, coverageText } from "../../../../src/testing/coverage/index.ts";
import { guardId, partsOf } from "../../../../src/testing/model/catalogue.ts";
import { pathsOf } from "../../../../src/testing/model/index.ts";
import { randomEvents, randomMachine } from "../../../support/random-machine.ts";
import { seededRandom } from "../../../support/simulated-env.ts";

const door = createMachine({
  id: "door",
  initial: "shut",
  context: { locked: false },
  states: {
    shut: {
      on: {
        open: [
          { guard: ({ event }) => event.locked, actions: () => {} },
          { guard: ({ event }) => event.push, target: "open" },
        ],
        knock: {},
      },
    },
    open: {
      on: { shut: "shut", knock: undefined },
      always: { guard: ({ event }) => event.gone, target: "gone" },
    },
    gone: { type: "final" },
  },
});

describe("the coverage of a machine", () => {
  test("has its states, its transitions and its guards both ways, and not what is forbidden", () => {
    expect(coverageOf(door).all.map(({ id }) => id)).toEqual([
      "state door.shut",
      "door.shut: open (1)",
      "door.shut: open (1) guard true",
      "door.shut: open (1) guard false",
      "door.shut: open (2)",
      "door.shut: open (2) guard true",
      "door.shut: open (2) guard false",
      "door.shut: knock",
      "state door.open",
      "door.open: shut",
      "door.open: always",
      "door.open: always guard true",
      "door.open: always guard false",
      "state door.gone",
    ]);
  });

  test("comes from a plain XState actor that is inspected", () => {
    const coverage = coverageOf(door);
    const actor = createActor(door, { inspect: coverage.watch }).start();
    expect(coverage.figures).toMatchObject({ states: { seen: 1, all: 3 }, transitions: { seen: 0, all: 5 } });
    actor.send({ type: "open" });
    expect([...coverage.parts]).toEqual([
      "state door.shut",
      "door.shut: open (1) guard false",
      "door.shut: open (2) guard false",
    ]);
    actor.send({ type: "open", push: true });
    expect(coverage.parts).toContain("door.shut: open (2) guard true");
    expect(coverage.parts).toContain("door.open: always guard false");
    actor.send({ type: "knock" });
    actor.send({ type: "shut" });
    actor.send({ type: "open", locked: true });
    actor.send({ type: "knock" });
    actor.send({ type: "open", push: true, gone: true });
    expect(coverage.missing).toEqual([]);
    expect(coverage.figures.guards).toEqual({ seen: 6, all: 6, share: 1 });
  });

  test("does not mix up two machines, or two actors of one", () => {
    const coverage = coverageOf(door);
    const other = createMachine({
      id: "door",
      initial: "shut",
      states: { shut: { on: { open: "open" } }, open: {} },
    });
    const [a, b, c] = [door, door, other].map((machine) =>
      createActor(machine as AnyStateMachine, { inspect: coverage.watch }).start(),
    );
    c?.send({ type: "open" });
    expect([...coverage.parts]).toEqual(["state door.shut"]);
    a?.send({ type: "open", push: true });
    b?.send({ type: "knock" });
    expect(coverage.parts).toContain("door.shut: knock");
    expect(coverage.parts).not.toContain("door.open: shut");
  });

  test("comes from all actors of a machine in a running system, however it was provided for", async () => {
    const coverage = coverageOf(workerMachine);
    const { behaviour } = worker(({ task }) => {
      if (task === "bad") throw new Error("bad");
      return task;
    });
    const { logic: machine } = behaviour as unknown as { logic: typeof workerMachine };
    await using system = await createSystem({ name: "covered", transport: "memory", onReport: () => {} });
    const definition = defineActor({ protocol: work, machine: coverage.follow(machine) });
    const one = await system.spawn("one", definition);
    const two = await system.spawn("two", definition);
    await one.ask({ type: "work", task: "good" });
    expect(coverage.missing.map(({ id }) => id)).toEqual([
      "worker.working: xstate.error.actor.0.worker.working",
    ]);
    await two.ask({ type: "work", task: "bad" }).catch(() => {});
    expect(coverage.missing).toEqual([]);
  });

  test("comes from paths, alone and together", () => {
    const input = { workers: ["crew.one", "crew.two"] } as never;
    const paths = pathsOf(crewMachine, { protocol: work, input, stepsMax: 2 });
    expect(paths.length).toBeGreaterThan(1);
    const first = coverageOf(crewMachine).add(...paths.slice(0, 1));
    expect(first.missing.length).toBeGreaterThan(0);
    expect(coverageOf(crewMachine).add(first, ...paths.slice(1)).missing).toEqual([]);
  });

  test("leaves out what is excused, and says what is excused wrongly", () => {
    const coverage = coverageOf(door).excuse({
      "state door.gone": "nobody comes back",
      "state door.shut": "it is where it begins",
      "state door.ajar": "there is no such state",
    });
    createActor(door, { inspect: coverage.watch }).start();
    expect(coverage.figures.states).toEqual({ seen: 0, all: 1, share: 0 });
    expect(coverage.wronglyExcused).toEqual(["state door.shut", "state door.ajar"]);
  });
});

describe("what is inferred of guards", () => {
  /** Guards that write down how they were answered. */
  function recorded(machine: AnyStateMachine): Set<string> {
    const answers = new Set<string>();
    for (const { kind, transition } of partsOf(machine)) {
      if (kind !== "transition" || transition?.guard === undefined) continue;
      const inner = and([transition.guard as never]) as unknown as { check: (...args: unknown[]) => boolean };
      const own = transition as {
        -readonly [K in keyof AnyTransitionDefinition]: AnyTransitionDefinition[K];
      };
      own.guard = Object.assign(() => {}, {
        check: (snapshot: unknown, args: unknown) => {
          const holds = inner.check(snapshot, args, inner);
          answers.add(guardId(transition, Boolean(holds)));
          return holds;
        },
      }) as never;
    }
    return answers;
  }

  test("is what they answered, on random machines", () => {
    // XState says so of each event to a child that has ended.
    using _quiet = vi.spyOn(console, "warn").mockImplementation(() => {});
    const random = seededRandom(7);
    let [machines, missed, told] = [0, 0, 0];
    while (machines < 200) {
      const machine = randomMachine(random, () => {});
      if (machine === undefined) continue;
      machines++;
      const answers = recorded(machine);
      const coverage = coverageOf(machine);
      const clock = { setTimeout: () => 0, clearTimeout: () => {} };
      const actor = createActor(machine, { inspect: coverage.watch, clock });
      actor.subscribe({ error: () => {} });
      actor.start();
      for (let n = 0; n < 25; n++) {
        actor.send({ type: randomEvents[Math.floor(random() * randomEvents.length)] as string });
        if (actor.getSnapshot().status !== "active") break;
      }
      const inferred = [...coverage.parts].filter((part) => part.includes(" guard "));
      expect(inferred.filter((part) => !answers.has(part))).toEqual([]);
      missed += [...answers].filter((part) => !coverage.parts.has(part)).length;
      told += inferred.length;
    }
    // What is lost in a turn that threw, and where regions were in conflict, is not told.
    expect(told).toBeGreaterThan(500);
    expect(missed / (missed + told)).toBeLessThan(0.1);
  });

  test("is nothing where nobody asked: behind a state within that goes first", () => {
    const machine = createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          initial: "a",
          always: { guard: ({ event }) => event.type === "never", target: "q" },
          states: { a: { always: { guard: ({ event }) => event.type === "go", target: "#m.q" } } },
        },
        q: {},
      },
    });
    const coverage = coverageOf(machine);
    const actor = createActor(machine, { inspect: coverage.watch }).start();
    const asked = "m.p: always guard false";
    expect(coverage.parts).toContain(asked);
    const other = coverageOf(machine);
    actor.system.inspect(other.watch);
    actor.send({ type: "go" });
    expect(other.parts).toContain("m.p.a: always guard true");
    expect(other.parts).not.toContain(asked);
  });

  test("is nothing of a region whose answer lost against another's", () => {
    const machine = createMachine({
      id: "m",
      initial: "p",
      states: {
        p: {
          type: "parallel",
          states: {
            one: {
              initial: "i",
              states: { i: { always: { guard: ({ event }) => event.type === "go", target: "#m.q" } } },
            },
            two: {
              initial: "i",
              states: { i: { always: { guard: ({ event }) => event.type === "go", target: "#m.r" } } },
            },
          },
        },
        q: {},
        r: {},
      },
    });
    const coverage = coverageOf(machine);
    const actor = createActor(machine).start();
    actor.system.inspect(coverage.watch);
    actor.send({ type: "go" });
    expect(actor.getSnapshot().value).toBe("q");
    expect([...coverage.parts]).not.toContain("m.p.two.i: always guard false");
  });
});

test("the report for a terminal has a line for each machine, and names what is missing", () => {
  const coverage = coverageOf(door).excuse({ "state door.shut": "wrong" });
  createActor(door, { inspect: coverage.watch }).start();
  const covered = coverageOf(createMachine({ id: "stone" })).add({ parts: ["state stone"] });
  const lines = coverageText([covered, coverage]).split("\n");
  expect(lines.slice(0, 6)).toEqual([
    "machine  states     transitions  guards both ways",
    "stone    1/1 100 %  0/0 100 %    0/0 100 %",
    "door     0/2 0 %    0/5 0 %      0/6 0 %",
    "",
    "never seen in door:",
    "  door.shut: open (1)",
  ]);
  expect(lines.slice(-2)).toEqual(["excused in door, but seen or not there:", "  state door.shut"]);
});
