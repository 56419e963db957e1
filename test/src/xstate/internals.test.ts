import { describe, expect, test, vi } from "vitest";
import {
  Actor,
  type AnyActorLogic,
  type AnyEventObject,
  type AnyMachineSnapshot,
  and,
  assign,
  cancel,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";

/**
 * The upgrade gate: what `src/xstate/internals.ts` and `cell-system.ts` rely on in XState beyond its
 * promises, each tried on XState itself. A new version that fails one of these needs a change there.
 */

interface Inspected {
  readonly type: string;
  readonly actorRef: Inside;
}
interface Action {
  readonly type: string;
  readonly exec?: (info: unknown, params: unknown) => void;
}
interface Inside {
  readonly id: string;
  readonly sessionId: string;
  readonly system: unknown;
  readonly logic: AnyActorLogic;
  readonly _processingStatus: number;
  readonly _deferred: unknown[];
  readonly _parent: unknown;
  _snapshot: AnyMachineSnapshot;
  _actorScope: Record<string, unknown> & { actionExecutor: (action: Action) => void };
  observers: unknown;
  eventListeners: unknown;
  options: unknown;
  start: () => unknown;
  getSnapshot(): AnyMachineSnapshot;
  _send(event: AnyEventObject): void;
  _stop(): void;
}

/** A system which notes what it is asked, under a parent that is no actor. */
function foreignSystem(onActor: (actor: Inside) => void = () => {}) {
  const relayed: [source: string | undefined, target: unknown, event: AnyEventObject][] = [];
  const scheduled: unknown[][] = [];
  let booked = 0;
  const system = {
    _bookId: () => `b${booked++}`,
    _register: (id: string) => id,
    _unregister: () => {},
    _set: () => {},
    get: () => undefined,
    getAll: () => ({}),
    _snapshot: { _scheduledEvents: {} },
    getSnapshot: () => ({ _scheduledEvents: {} }),
    start: () => {},
    _logger: () => {},
    _clock: undefined,
    _sendInspectionEvent: (event: Inspected) => {
      if (event.type === "@xstate.actor") onActor(event.actorRef);
    },
    _relay: (source: Inside | undefined, target: unknown, event: AnyEventObject) => {
      relayed.push([source?.id, target, event]);
      if (target instanceof Actor) (target as unknown as Inside)._send(event);
    },
    scheduler: {
      schedule: (...args: unknown[]) => void scheduled.push(["schedule", ...args]),
      cancel: (...args: unknown[]) => void scheduled.push(["cancel", ...args]),
      cancelAll: (...args: unknown[]) => void scheduled.push(["cancelAll", ...args]),
    },
  };
  const parent = { id: "host", sessionId: "host", system, _send: () => {} };
  const create = (logic: AnyActorLogic, options: object = {}): Inside =>
    createActor(logic, { parent, id: "root", ...options } as never) as unknown as Inside;
  return { system, parent, relayed, scheduled, create };
}

const outgoing = (actor: Inside): boolean =>
  typeof actor.logic.start === "function" && !("getStateNodeById" in actor.logic);

describe("an actor with a parent", () => {
  test("adopts the parent's system and takes its session id from it", () => {
    const { create, system } = foreignSystem();
    const actor = create(createMachine({}));
    expect(actor.system).toBe(system);
    expect(actor.sessionId).toBe("b0");
  });

  test("announces itself before its first snapshot is computed", () => {
    let contextMade = false;
    let announcedFirst = false;
    const { create } = foreignSystem(() => {
      announcedFirst = !contextMade;
    });
    create(
      createMachine({
        context: () => {
          contextMade = true;
          return {};
        },
      }),
    );
    expect(announcedFirst).toBe(true);
    expect(contextMade).toBe(true);
  });

  test("has a scope with actionExecutor, defer, emit, stopChild and logger", () => {
    const { _actorScope: scope } = foreignSystem().create(createMachine({}));
    for (const name of ["actionExecutor", "defer", "emit", "stopChild", "logger"]) {
      expect(typeof scope[name], name).toBe("function");
    }
  });

  test("counts not started, running and stopped as 0, 1 and 2", () => {
    const actor = foreignSystem().create(createMachine({}));
    expect(actor._processingStatus).toBe(0);
    actor.start();
    expect(actor._processingStatus).toBe(1);
    actor._stop();
    expect(actor._processingStatus).toBe(2);
  });

  test("relays the error of a root to the parent instead of throwing it", async () => {
    const escaped = vi.fn();
    process.on("uncaughtException", escaped);
    const { create, parent, relayed } = foreignSystem();
    const actor = create(
      createMachine({
        on: {
          x: {
            actions: assign(() => {
              throw new Error("leak");
            }),
          },
        },
      }),
    );
    actor.start();
    actor._send({ type: "x" });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve));
    process.off("uncaughtException", escaped);
    expect(escaped).not.toHaveBeenCalled();
    expect(relayed).toContainEqual([
      "root",
      parent,
      expect.objectContaining({ type: "xstate.error.actor.root" }),
    ]);
  });

  test("relays the output of a root and cancels its timers", () => {
    const { create, parent, relayed, scheduled } = foreignSystem();
    const actor = create(
      createMachine({ initial: "a", states: { a: { on: { x: "b" } }, b: { type: "final" } }, output: 7 }),
    );
    actor.start();
    actor._send({ type: "x" });
    const done = expect.objectContaining({ type: "xstate.done.actor.root", output: 7 });
    expect(relayed).toContainEqual(["root", parent, done]);
    expect(scheduled).toContainEqual(["cancelAll", actor]);
  });

  test("is marked stopped before it tells its parent how it ended", () => {
    const seen: number[] = [];
    const { create, system } = foreignSystem();
    const relay = system._relay;
    system._relay = (source, target, event) => {
      if (event.type.startsWith("xstate.done.") && source) seen.push(source._processingStatus);
      relay(source, target, event);
    };
    create(createMachine({ initial: "a", states: { a: { type: "final" } } })).start();
    expect(seen).toEqual([2]);
  });

  test("works with another prototype, scope, observers and listeners set while it announces itself", () => {
    const starts: string[] = [];
    const prototype = Object.create(Actor.prototype, {
      start: {
        value(this: Inside) {
          starts.push(this.id);
          return (Actor.prototype.start as () => unknown).call(this);
        },
      },
    });
    const observers = new Set();
    const { create } = foreignSystem((actor) => {
      Object.setPrototypeOf(actor, prototype);
      const { actionExecutor, defer, stopChild } = actor._actorScope;
      const { self, system, emit: emitted, logger } = actor._actorScope;
      actor._actorScope = { self, system, actionExecutor, defer, stopChild, emit: emitted, logger };
      actor.observers = observers;
      actor.eventListeners = new Map();
    });
    const kid = createMachine({ id: "kid" });
    const actor = create(createMachine({ entry: spawnChild(kid, { id: "kid" }), on: { x: {} } }));
    actor.start();
    actor.options = {};
    const next = vi.fn();
    (actor as unknown as Actor<AnyActorLogic>).subscribe(next);
    actor._send({ type: "x" });
    expect(new Set(starts)).toEqual(new Set(["root", "kid"]));
    expect(observers.size).toBe(1);
    expect(next).toHaveBeenCalledTimes(1);
  });
});

describe("what an actor wants done", () => {
  const kid = createMachine({ on: { p: { actions: sendParent({ type: "up" }) } } });
  const machine = setup({ actors: { kid }, actions: { named: () => {} } }).createMachine({
    entry: ["named", spawnChild("kid", { id: "k" })],
    on: {
      go: {
        actions: [
          "named",
          () => {},
          sendTo("k", { type: "p" }),
          sendTo({ $to: "x" } as never, { type: "r" } as never),
          raise({ type: "l" }, { delay: 5, id: "l" }),
          cancel("l"),
          emit({ type: "e" }),
          log("x"),
          enqueueActions(({ enqueue }) => enqueue("named")),
          stopChild("k"),
        ],
      },
    },
  });

  function run() {
    const seen: [type: string, bound: boolean | undefined][] = [];
    const foreign = foreignSystem(({ _actorScope: scope }) => {
      const original = scope.actionExecutor;
      scope.actionExecutor = (action) => {
        seen.push([action.type, action.exec?.name.startsWith("bound ")]);
        if (action.type.startsWith("xstate.")) original(action);
      };
    });
    const actor = foreign.create(machine);
    actor.start();
    actor._send({ type: "go" });
    return { ...foreign, actor, seen };
  }

  test("goes through the executor of its scope, from the first action on", () => {
    expect(run().seen.map(([type]) => type)).toEqual([
      "named",
      "xstate.spawnChild",
      "named",
      "(anonymous)",
      "xstate.sendTo",
      "xstate.sendTo",
      "xstate.raise",
      "xstate.cancel",
      "xstate.emit",
      "xstate.log",
      "named",
      "xstate.stopChild",
      "xstate.sendTo",
    ]);
  });

  test("is told from a custom action by its type and its bound function", () => {
    for (const [type, bound] of run().seen) expect(bound, type).toBe(type.startsWith("xstate."));
  });

  test("is relayed by the system if it is an event, to plain data too", () => {
    const { relayed, actor } = run();
    expect(relayed).toContainEqual(["root", { $to: "x" }, { type: "r" }]);
    expect(relayed).toContainEqual(["k", actor, { type: "up" }]);
  });

  test("is scheduled by the system if it is delayed", () => {
    const { scheduled, actor } = run();
    expect(scheduled).toContainEqual(["schedule", actor, actor, { type: "l" }, 5, "l"]);
    expect(scheduled).toContainEqual(["cancel", actor, "l"]);
  });

  test("is deferred while the actor was not started", () => {
    const { create } = foreignSystem();
    const actor = create(createMachine({ entry: () => {} }));
    expect(actor._deferred).toHaveLength(1);
    actor.start();
    expect(actor._deferred).toHaveLength(0);
  });
});

describe("a promise, callback or observable", () => {
  test("can be held back and started later", async () => {
    let ran = 0;
    let held: Inside | undefined;
    const { create, relayed } = foreignSystem((actor) => {
      if (outgoing(actor)) {
        actor.start = () => {
          held = actor;
        };
      }
    });
    const call = fromPromise(async () => ++ran);
    const actor = create(
      createMachine({
        initial: "w",
        states: { w: { invoke: { id: "p", src: call, onDone: "d" } }, d: {} },
      }),
    );
    actor.start();
    await Promise.resolve();
    expect(ran).toBe(0);
    (Actor.prototype.start as () => unknown).call(held);
    await vi.waitFor(() => expect(actor.getSnapshot().value).toBe("d"));
    expect(ran).toBe(1);
    expect(relayed).toContainEqual(["p", held, { type: "xstate.promise.resolve", data: 1 }]);
  });

  test("in the state of an error tells its parent when started, and never runs", () => {
    let ran = false;
    let held: Inside | undefined;
    const { create } = foreignSystem((actor) => {
      if (!outgoing(actor)) return;
      actor.start = () => {
        held = actor;
      };
    });
    const call = fromPromise(async () => {
      ran = true;
    });
    const actor = create(
      createMachine({ initial: "w", states: { w: { invoke: { src: call, onError: "late" } }, late: {} } }),
    );
    actor.start();
    if (held === undefined) throw new Error("nothing was started");
    held._snapshot = { ...held._snapshot, status: "error", error: "expired" } as never;
    (Actor.prototype.start as () => unknown).call(held);
    expect(actor.getSnapshot().value).toBe("late");
    expect(ran).toBe(false);
  });

  test("is told from a machine and a reducer by its start", () => {
    expect(fromPromise(async () => {}).start).toBeTypeOf("function");
    expect(fromCallback(() => {}).start).toBeTypeOf("function");
    expect(fromTransition((state) => state, {}).start).toBeUndefined();
  });

  test("is stopped through its own _stop", () => {
    const stops: string[] = [];
    const { create } = foreignSystem((actor) => {
      if (outgoing(actor)) Object.assign(actor, { _stop: () => void stops.push(actor.id) });
    });
    const actor = create(
      createMachine({
        initial: "a",
        states: { a: { invoke: { id: "cb", src: fromCallback(() => {}) }, on: { x: "b" } }, b: {} },
      }),
    );
    actor.start();
    actor._send({ type: "x" });
    expect(stops).toEqual(["cb"]);
  });
});

describe("a machine", () => {
  const machine = createMachine({
    initial: "a",
    context: { n: 0 },
    states: { a: { tags: "t", on: { x: "b" } }, b: {} },
  });

  test("has transition, getInitialSnapshot and getTransitionData that can be replaced", () => {
    const own = createMachine({ initial: "a", states: { a: { on: { x: "b" } }, b: { on: { y: "a" } } } });
    const { transition, getInitialSnapshot } = own;
    const calls: string[] = [];
    own.transition = (...args) => {
      calls.push("transition");
      return transition(...args);
    };
    own.getInitialSnapshot = (...args) => {
      calls.push("getInitialSnapshot");
      return getInitialSnapshot(...args);
    };
    own.getTransitionData = () => {
      calls.push("getTransitionData");
      return [];
    };
    const actor = createActor(own).start();
    actor.send({ type: "x" });
    expect(calls).toEqual(["getInitialSnapshot", "transition", "getTransitionData"]);
    expect(actor.getSnapshot().value).toBe("a");
  });

  test("makes snapshots of these fields, in this order", () => {
    expect(Object.keys(createActor(machine).getSnapshot())).toEqual([
      "status",
      "output",
      "error",
      "machine",
      "context",
      "_nodes",
      "value",
      "tags",
      "children",
      "historyValue",
      "matches",
      "hasTag",
      "can",
      "getMeta",
      "toJSON",
    ]);
  });

  test("persists these fields", () => {
    const persisted = JSON.parse(JSON.stringify(createActor(machine).getPersistedSnapshot()));
    expect(Object.keys(persisted)).toEqual(["status", "value", "historyValue", "context", "children"]);
  });

  test("reads maxIterations for every event, and names a loop in its error", () => {
    const loop = createMachine({
      initial: "a",
      states: { a: { on: { x: "b" } }, b: { always: "c" }, c: { always: "b" } },
    });
    expect(loop.options.maxIterations).toBe(Number.POSITIVE_INFINITY);
    const actor = createActor(loop);
    actor.subscribe({ error: () => {} });
    actor.start();
    loop.options = { ...loop.options, maxIterations: 10 };
    actor.send({ type: "x" });
    const { error } = actor.getSnapshot() as { error?: unknown };
    expect((error as Error).message).toMatch(/^Infinite loop detected/);
  });

  test("throws from an action's expression with the old value and context, and does not lose the rest", () => {
    const { create } = foreignSystem();
    const faulty = create(
      createMachine({
        initial: "a",
        context: { n: 0 },
        states: {
          a: {
            on: {
              x: {
                target: "b",
                actions: [
                  assign({ n: 5 }),
                  assign(() => {
                    throw new Error("bug");
                  }),
                ],
              },
            },
          },
          b: {},
        },
      }),
    );
    faulty.start();
    faulty._send({ type: "x" });
    expect(faulty.getSnapshot()).toMatchObject({ status: "error", value: "a", context: { n: 0 } });
  });
});

describe("actions and guards", () => {
  test("carry how they work: resolve, execute, assignment, event, delay, src, collect, check, guards", () => {
    const fields = (of: unknown): string[] => Object.keys(of as object);
    expect(fields(assign({}))).toEqual(expect.arrayContaining(["type", "assignment", "resolve"]));
    expect(fields(sendTo("a", { type: "x" }))).toEqual(
      expect.arrayContaining(["type", "to", "event", "delay", "resolve", "execute"]),
    );
    expect(fields(raise({ type: "x" }))).toEqual(
      expect.arrayContaining(["type", "event", "delay", "resolve"]),
    );
    expect(fields(emit({ type: "x" }))).toEqual(
      expect.arrayContaining(["type", "event", "resolve", "execute"]),
    );
    expect(fields(spawnChild("a"))).toEqual(expect.arrayContaining(["type", "src", "resolve", "execute"]));
    expect(fields(enqueueActions(() => {}))).toEqual(expect.arrayContaining(["type", "collect", "resolve"]));
    expect(fields(and(["a"]))).toEqual(expect.arrayContaining(["check", "guards"]));
  });

  test("of the built-in kinds are these", () => {
    const types = [
      assign({}),
      sendTo("a", { type: "x" }),
      sendParent({ type: "x" }),
      raise({ type: "x" }),
      emit({ type: "x" }),
      spawnChild("a"),
      stopChild("a"),
      cancel("a"),
      log(),
      enqueueActions(() => {}),
    ].map((action) => (action as unknown as { type: string }).type);
    expect(types.map((type) => type.replace("xstate.", ""))).toEqual([
      "assign",
      "sendTo",
      "sendTo",
      "raise",
      "emit",
      "spawnChild",
      "stopChild",
      "cancel",
      "log",
      "enqueueActions",
    ]);
  });

  test("resolve to the next snapshot, the parameters and further actions", () => {
    const snapshot = createActor(createMachine({ context: { n: 1 } })).getSnapshot();
    const action = assign({ n: 2 }) as unknown as { resolve: (...args: unknown[]) => unknown[] };
    const [next, params, more] = action.resolve(
      {},
      snapshot,
      { event: { type: "x" } },
      undefined,
      action,
      {},
    );
    expect(next).toMatchObject({ context: { n: 2 } });
    expect([params, more]).toEqual([undefined, undefined]);
  });

  test("give assign a spawn that works after the assignment too, and defers the start of the child", () => {
    const deferred: (() => void)[] = [];
    const { create } = foreignSystem();
    const parent = create(createMachine({ context: {} }));
    const scope = { ...parent._actorScope, defer: (run: () => void) => void deferred.push(run) };
    let spawn: ((logic: AnyActorLogic, options: object) => Inside) | undefined;
    const capture = assign((args) => {
      spawn = args.spawn as never;
      return {};
    }) as unknown as { resolve: (...args: unknown[]) => unknown };
    capture.resolve(scope, parent.getSnapshot(), { event: { type: "x" } }, undefined, capture, {});
    const child = spawn?.(createMachine({}), { id: "kid" });
    expect(child).toMatchObject({ id: "kid", _parent: parent, _processingStatus: 0 });
    expect(deferred).toHaveLength(1);
    deferred[0]?.();
    expect(child?._processingStatus).toBe(1);
  });
});

describe("a call that is not made", () => {
  test("starts by logic with another start, and fails by the event of its kind; a callback knows none", () => {
    const { create } = foreignSystem();
    let made = 0;
    const promise = create(
      fromPromise(async () => {
        made++;
      }),
    );
    const { logic } = promise as { logic: AnyActorLogic };
    (promise as { logic: AnyActorLogic }).logic = { ...logic, start: () => {} };
    promise.start();
    expect([promise._processingStatus, made]).toEqual([1, 0]);
    const failed = (of: Inside, type: string): unknown =>
      of.logic.transition(of._snapshot, { type, data: "no" }, of._actorScope as never).status;
    expect(failed(promise, "xstate.promise.reject")).toBe("error");
    expect(failed(promise, "xstate.observable.error")).toBe("active");
    const observable = create(
      fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) }) as never),
    );
    expect(failed(observable, "xstate.observable.error")).toBe("error");
    expect(() => failed(create(fromCallback(() => {})), "xstate.promise.reject")).toThrow();
    promise._send({ type: "xstate.promise.reject", data: "no" });
    expect(promise._snapshot).toMatchObject({ status: "error", error: "no" });
  });
});
