import { describe, expect, test } from "vitest";
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  emit,
  fromTransition,
  type InspectionEvent,
  SimulatedClock,
  sendTo,
  setup,
} from "xstate";
import { accelerate } from "../../../src/xstate/accelerate.ts";
import { randomEvents, randomMachine } from "../../support/random-machine.ts";
import { seededRandom } from "../../support/simulated-env.ts";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const machinesMin = 7_000;
const eventsEach = 20;

/** All that can be seen of a snapshot. */
function visible(snapshot: AnyMachineSnapshot, persisted: unknown): string {
  const { status, output, error, value, context, tags, historyValue, children, _nodes } = snapshot;
  return JSON.stringify({
    status,
    output,
    error: error instanceof Error ? error.message : error,
    value,
    context,
    tags: [...tags],
    history: Object.entries(historyValue).map(([id, nodes]) => [id, nodes?.map((node) => node.id)]),
    children: Object.keys(children),
    nodes: _nodes.map(({ id }) => id),
    meta: snapshot.getMeta(),
    persisted,
  });
}

function runOf(machine: AnyStateMachine, told: string[], input: number) {
  const clock = new SimulatedClock();
  const actor = createActor(machine, { clock, input });
  actor.subscribe({ error: (error) => void told.push(`error ${(error as Error).message}`) });
  actor.on("*", (event) => void told.push(JSON.stringify(event)));
  actor.start();
  return {
    get active() {
      return actor.getSnapshot().status === "active";
    },
    /** What was done since, and what is to be seen now. */
    seen: () => `${told.splice(0).join("\n")}\n${visible(actor.getSnapshot(), actor.getPersistedSnapshot())}`,
    step(type: string) {
      actor.send({ type });
      clock.increment(300);
    },
  };
}

/** What one random machine did. Undefined if XState refused its definition. */
function compare(seed: number, n: number): { events: number; slowSteps: number } | undefined {
  const told: [string[], string[]] = [[], []];
  const make = (side: 0 | 1): AnyStateMachine | undefined =>
    randomMachine(seededRandom(seed * 100_003 + n), (text) => void told[side].push(text), {
      invoking: n % 4 === 1,
    });
  const plain = make(0);
  const fast = make(1);
  if (plain === undefined || fast === undefined) return undefined;
  let events = 0;
  let slowSteps = 0;
  const { transition } = fast;
  fast.transition = (...args) => {
    slowSteps++;
    return transition(...args);
  };
  // The second actor of a machine begins with what the first left in the cache.
  for (const input of [1, 2]) {
    const expected = runOf(plain, told[0], input);
    const actual = runOf(accelerate(fast), told[1], input);
    const random = seededRandom(n);
    for (let i = 0; i < eventsEach / 2 && expected.active; i++) {
      const type = randomEvents[Math.floor(random() * randomEvents.length)] ?? "A";
      expected.step(type);
      actual.step(type);
      events++;
      const [wanted, got] = [expected.seen(), actual.seen()];
      if (got !== wanted) expect(got, `machine ${n}, SEED=${seed}, event ${i} (${type})`).toBe(wanted);
    }
  }
  return { events, slowSteps };
}

describe("accelerate", () => {
  test(`changes nothing that can be seen of ${machinesMin} random machines (SEED=${seed})`, {
    timeout: 60_000,
  }, () => {
    let machines = 0;
    let events = 0;
    let slowSteps = 0;
    for (let n = 0; machines < machinesMin; n++) {
      const done = compare(seed, n);
      if (done === undefined) continue;
      machines++;
      events += done.events;
      slowSteps += done.slowSteps;
    }
    expect(events).toBeGreaterThan((machinesMin * eventsEach) / 2);
    // Were it all XState's own way, nothing would have been tried.
    expect(slowSteps).toBeLessThan(events * 0.8);
  });

  test.each([
    [2, 6_522, "a conflict with a transition to a history"],
    [3, 1_759, "an always of a root that XState forgot to be in"],
  ])("changes nothing of the machine of seed %i and number %i: %s", (knownSeed, n) => {
    expect(compare(knownSeed, n)?.events).toBeGreaterThan(0);
  });

  const toggle = () =>
    createMachine({
      initial: "off",
      context: { n: 0 },
      states: {
        off: { on: { toggle: { target: "on", actions: assign({ n: ({ context }) => context.n + 1 }) } } },
        on: { on: { toggle: "off" } },
      },
    });

  test("leaves an invoking state that sends to its own call to XState, and takes the rest itself", () => {
    const steps = (sends: boolean): number => {
      const call = fromTransition((state: number) => state + 1, 0);
      const entry = sends ? sendTo("call", { type: "ping" }) : emit({ type: "called" });
      const machine = setup({ actors: { call } }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { go: "calling" } },
          calling: { entry, invoke: { id: "call", src: "call" }, on: { go: "idle" } },
        },
      });
      let slow = 0;
      const { transition } = machine;
      machine.transition = (...args) => {
        slow++;
        return transition.apply(machine, args);
      };
      const actor = createActor(accelerate(machine)).start();
      const contexts: unknown[] = [];
      for (let i = 0; i < 4; i++) {
        actor.send({ type: "go" });
        contexts.push(actor.getSnapshot().children.call?.getSnapshot().context);
      }
      expect(contexts).toEqual(sends ? [1, undefined, 1, undefined] : [0, undefined, 0, undefined]);
      return slow;
    };
    expect(steps(false)).toBe(0);
    expect(steps(true)).toBe(2);
  });

  test("returns the same machine, and a second time does nothing", () => {
    const machine = toggle();
    expect(accelerate(machine)).toBe(machine);
    const { transition } = machine;
    accelerate(machine);
    expect(machine.transition).toBe(transition);
  });

  test("tells inspectors the same", () => {
    const inspected = (machine: AnyStateMachine): unknown[] => {
      const seen: unknown[] = [];
      const inspect = (event: InspectionEvent): void => {
        const { type, ...rest } = event;
        const steps = "_transitions" in rest ? rest._transitions.map(({ eventType }) => eventType) : [];
        const { value } = ("snapshot" in rest ? rest.snapshot : {}) as { value?: unknown };
        seen.push([type, value, steps]);
      };
      const actor = createActor(machine, { inspect }).start();
      for (const type of ["toggle", "unknown", "toggle"]) actor.send({ type });
      return seen;
    };
    const fast = accelerate(toggle());
    createActor(fast).start();
    expect(inspected(fast)).toEqual(inspected(toggle()));
  });

  test("shares no context between actors of a machine that has none", () => {
    const machine = accelerate(
      setup({ types: { context: {} as { seen?: boolean } } }).createMachine({
        context: undefined as never,
        on: {
          mark: {
            actions: ({ context }) => {
              context.seen = true;
            },
          },
        },
      }),
    );
    createActor(machine).start();
    const [first, second] = [createActor(machine).start(), createActor(machine).start()];
    first.send({ type: "mark" });
    expect(first.getSnapshot().context).toEqual({ seen: true });
    expect(second.getSnapshot().context).toEqual({});
  });

  test("leaves an endless machine to its user outside of a hosted tree", () => {
    const machine = accelerate(createMachine({ initial: "a", states: { a: { always: "b" }, b: {} } }));
    createActor(machine).start();
    expect(machine.options.maxIterations).toBe(Number.POSITIVE_INFINITY);
  });

  test("fails as XState does when the first actions throw, from the second actor on too", () => {
    const make = () =>
      createMachine({
        initial: "a",
        context: ({ input }: { input: { fails: boolean } }) => ({ ...input, n: 1 }),
        states: {
          a: {
            tags: "t",
            entry: assign(({ context }) => {
              if (context.fails) throw new Error("first");
              return {};
            }),
          },
        },
      });
    const failed = (machine: ReturnType<typeof make>): unknown => {
      createActor(machine, { input: { fails: false } });
      const { status, error, context, value, tags, _nodes } = createActor(machine, {
        input: { fails: true },
      }).getSnapshot();
      return { status, error, context, value, tags: [...tags], nodes: _nodes.map(({ id }) => id) };
    };
    expect(failed(accelerate(make()))).toEqual(failed(make()));
  });
});
