/**
 * Every touch of what XState does not promise: fields with an underscore, private fields, the
 * shape of a snapshot. (`cell-system.ts` is the other side: what XState calls of ours.) Written
 * against 5.33.3; `internals.test.ts` is the gate an upgrade must pass.
 */
import {
  Actor,
  type AnyActorLogic,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  type Observer,
  StateMachine,
  type StateValue,
  type Subscription,
} from "xstate";
import type { CellSystem } from "./cell-system.ts";
import { type Listener, Listeners, Observers, walledObserver } from "./listeners.ts";
import type { ActionCall, ActorScope, AnySnapshot, LocalActor, TreeHost } from "./tree-host.ts";

/** The private side of an XState actor. */
interface Inside {
  _parent: unknown;
  _snapshot: AnySnapshot;
  /** 0 not started, 1 running, 2 stopped. */
  readonly _processingStatus: 0 | 1 | 2;
  readonly _deferred: (() => void)[];
  _actorScope: unknown;
  readonly system: unknown;
  options: unknown;
  observers: unknown;
  eventListeners: unknown;
  _send(event: AnyEventObject): void;
  _stop(): void;
}

const inside = (actor: LocalActor): Inside => actor as unknown as Inside;
const actorPrototype = Actor.prototype as unknown as Inside & {
  start(): unknown;
  subscribe(observer: Observer<AnySnapshot>): Subscription;
};

export function isMachine(logic: unknown): logic is AnyStateMachine {
  return logic instanceof StateMachine;
}

/** Promise, callback and observable logic runs user code when it starts, stops, or gets an event. */
export function isOutgoing(logic: AnyActorLogic): boolean {
  return typeof logic.start === "function" && !isMachine(logic);
}

/** Makes an actor ours while its constructor runs: its effects come to the host, its listeners are walled in. */
export function adopt(actor: LocalActor, system: CellSystem): void {
  Object.setPrototypeOf(actor, hostedPrototype);
  const own = inside(actor);
  own._actorScope = new HostedScope(actor, system);
  own.observers = new Observers();
  own.eventListeners = new Listeners();
  system.host.adopted(actor);
}

/** XState's own is four closures for each actor. */
class HostedScope implements ActorScope {
  readonly self: LocalActor;
  readonly system: CellSystem;
  actionExecutor: (action: ActionCall) => void;

  constructor(self: LocalActor, system: CellSystem) {
    this.self = self;
    this.system = system;
    this.actionExecutor = (action) => execute(this, action);
  }
  get id(): string {
    return this.self.id;
  }
  get sessionId(): string {
    return this.self.sessionId;
  }
  get logger(): (...args: unknown[]) => void {
    return this.system._logger;
  }
  /** A function of its own: logic takes it out of the scope and calls it alone. */
  get emit(): (event: AnyEventObject) => void {
    return (event) => this.system.host.emitted(this.self, event);
  }
  defer(run: () => void): void {
    inside(this.self)._deferred.push(run);
  }
  stopChild(child: LocalActor): void {
    if (inside(child)._parent !== this.self) {
      throw new Error(`Cannot stop child actor ${child.id} of ${this.self.id} because it is not a child`);
    }
    inside(child)._stop();
  }
}

function execute(scope: ActorScope, action: ActionCall): void {
  const run = (): void => {
    if (scope.system.inspected) {
      const { type, params } = action;
      const acted = { type: "@xstate.action", actorRef: scope.self, action: { type, params } };
      scope.system._sendInspectionEvent(acted as never);
    }
    if (isBuiltin(action)) action.exec?.(action.info, action.params);
    else scope.system.host.act(action);
  };
  // What an actor does before it was started, it does when it is.
  if (inside(scope.self)._processingStatus === 1) run();
  else inside(scope.self)._deferred.push(run);
}

const builtinActions = new Set(
  ["spawnChild", "stopChild", "sendTo", "raise", "cancel", "emit", "log"].map((name) => `xstate.${name}`),
);

/** XState binds the execution of its own actions; an action of the user's own is the function as given. */
function isBuiltin(action: ActionCall): boolean {
  return builtinActions.has(action.type) && action.exec?.name.startsWith("bound ") === true;
}

/** What an actor of ours does otherwise: its calls start and stop when the host says, its observers are walled in. */
const hostedPrototype: object = Object.create(Actor.prototype, {
  start: {
    value: function start(this: LocalActor) {
      if (isOutgoing(this.logic)) hostOf(this).starting(this);
      else startNow(this);
      return this;
    },
  },
  _stop: {
    value: function stop(this: LocalActor) {
      const outgoing = isOutgoing(this.logic);
      if (outgoing && isRunning(this)) hostOf(this).stopping(this);
      else {
        const forgone = outgoing && !isStopped(this);
        stopNow(this);
        if (forgone) hostOf(this).forgone(this);
      }
      return this;
    },
  },
  subscribe: {
    value: function subscribe(
      this: LocalActor,
      next: Observer<AnySnapshot> | ((snapshot: AnySnapshot) => void) | undefined,
      error?: (error: unknown) => void,
      complete?: () => void,
    ) {
      const observer =
        typeof next === "object"
          ? next
          : { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) };
      const onThrow = (thrown: unknown): void =>
        hostOf(this).listenerFailed(thrown, `observer of ${this.id}`);
      return actorPrototype.subscribe.call(this, walledObserver(observer, onThrow));
    },
  },
});

export interface RootOptions {
  readonly id: string;
  readonly input: unknown;
  /** What `persist` gave; undefined for a fresh start. */
  readonly snapshot: unknown;
}

/** Computes the first snapshot; starts nothing. What throws meanwhile is in the snapshot. */
export function createRoot(logic: AnyActorLogic, system: CellSystem, options: RootOptions): LocalActor {
  const { id, input, snapshot } = options;
  return createActor(logic, {
    parent: system,
    id,
    ...(input === undefined ? {} : { input }),
    ...(snapshot === undefined ? {} : { snapshot }),
  } as never) as LocalActor;
}

export function hostOf(actor: LocalActor): TreeHost {
  return (inside(actor).system as CellSystem).host;
}

export function isActor(target: unknown): target is LocalActor {
  return target instanceof Actor;
}

export function isIn(actor: LocalActor, system: CellSystem): boolean {
  return inside(actor).system === system;
}

/** The actor's parent, or undefined for the root of a tree. */
export function parentOf(actor: LocalActor): LocalActor | undefined {
  const parent = inside(actor)._parent;
  return isActor(parent) ? parent : undefined;
}

/** Puts an event into the actor's own queue, which runs at once if it is idle. Throws nothing. */
export function deliver(actor: LocalActor, event: AnyEventObject): void {
  inside(actor)._send(event);
}

export function startNow(actor: LocalActor): void {
  actorPrototype.start.call(actor);
  // Read by the start only; kept, they would be a fifth of an idle actor.
  inside(actor).options = started;
}

const started = Object.freeze({});

/** Starts a promise, callback or observable in the state of having failed: its parent is told, its code never runs. */
export function failInsteadOfStart(actor: LocalActor, error: unknown): void {
  const own = inside(actor);
  own._snapshot = { ...own._snapshot, status: "error", output: undefined, error };
  startNow(actor);
}

/** Starts a promise, callback or observable whose code never runs: what comes of it is told to it. */
export function feignStart(actor: LocalActor): void {
  const { logic } = actor;
  const transition: AnyActorLogic["transition"] = (snapshot, event, scope) => {
    // A callback would dispose of what it never made.
    if (event.type !== "xstate.stop") return logic.transition(snapshot, event, scope);
    return snapshot.status === "active" ? { ...snapshot, status: "stopped" } : snapshot;
  };
  (actor as { logic: AnyActorLogic }).logic = { ...logic, start: () => {}, transition };
  startNow(actor);
}

/** The event by which a promise or an observable fails; undefined for a callback, which has none. */
export function failureOf(actor: LocalActor, error: unknown): AnyEventObject | undefined {
  const { logic } = actor;
  return ["xstate.promise.reject", "xstate.observable.error"]
    .map((type) => ({ type, data: error }))
    .find((event) => {
      try {
        return logic.transition(inside(actor)._snapshot, event, scopeOf(actor) as never).status === "error";
      } catch {
        return false;
      }
    });
}

/** Ends one of these as if it had failed; nobody is told. */
export function feignFailure(actor: LocalActor, error: unknown): void {
  const own = inside(actor);
  own._snapshot = { ...own._snapshot, status: "error", output: undefined, error };
  stopNow(actor);
}

export function stopNow(actor: LocalActor): void {
  actorPrototype._stop.call(actor);
}

/** Stops an actor the way its parent does; a running call is stopped by its host. */
export function requestStop(actor: LocalActor): void {
  inside(actor)._stop();
}

export function isRunning(actor: LocalActor): boolean {
  return inside(actor)._processingStatus === 1;
}

export function isStopped(actor: LocalActor): boolean {
  return inside(actor)._processingStatus === 2;
}

/** The handlers an `emit` of this actor reaches within its tree. */
export function listenersOf(actor: LocalActor, type: string): readonly Listener[] {
  const listeners = inside(actor).eventListeners as Listeners;
  return [...(listeners.get(type) ?? []), ...(listeners.get("*") ?? [])];
}

export function childrenOf(actor: LocalActor): Readonly<Record<string, LocalActor | undefined>> {
  const { children } = inside(actor)._snapshot as { children?: Record<string, LocalActor> };
  return children ?? {};
}

/** Takes a finished child out of its parent's snapshot, where XState keeps it for ever. */
export function forgetChild(parent: LocalActor, child: LocalActor): void {
  const all = childrenOf(parent);
  const { [child.id]: found, ...others } = all;
  // Not always under its own id: `spawnChild` without one files it under "undefined".
  const children =
    found === child ? others : Object.fromEntries(Object.entries(all).filter(([, other]) => other !== child));
  const snapshot = inside(parent)._snapshot as AnyMachineSnapshot;
  replaceSnapshot(parent, { ...snapshot, children } as AnyMachineSnapshot);
}

/** Whether an active state of the parent invokes the child; it goes when the state is left. */
export function isInvoked(parent: LocalActor, child: LocalActor): boolean {
  const { _nodes } = inside(parent)._snapshot as Partial<AnyMachineSnapshot>;
  return _nodes?.some((node) => node.invoke.some((invoked) => invoked.id === child.id)) ?? false;
}

export function replaceSnapshot(actor: LocalActor, snapshot: AnySnapshot): void {
  inside(actor)._snapshot = snapshot;
}

export function scopeOf(actor: LocalActor): ActorScope {
  return inside(actor)._actorScope as ActorScope;
}

/** The active state nodes, in XState's own order, on which the order of its transitions depends. */
export function activeNodes(snapshot: AnyMachineSnapshot): readonly AnyStateNode[] {
  return snapshot._nodes;
}

/** What all snapshots in one configuration share. */
export interface SharedParts {
  readonly nodes: AnyStateNode[];
  readonly value: StateValue;
  readonly tags: Set<string>;
}

/** A snapshot like another, in a configuration. */
export function snapshotIn(
  from: AnyMachineSnapshot,
  { nodes, value, tags }: SharedParts,
  context: unknown,
  children: AnyMachineSnapshot["children"],
): AnyMachineSnapshot {
  // In XState's own order of the fields: one hidden class for all snapshots.
  return {
    status: from.status,
    output: from.output,
    error: from.error,
    machine: from.machine,
    context,
    _nodes: nodes,
    value,
    tags,
    children,
    historyValue: from.historyValue,
    matches: from.matches,
    hasTag: from.hasTag,
    can: from.can,
    getMeta: from.getMeta,
    toJSON: from.toJSON,
  } as AnyMachineSnapshot;
}

/** A snapshot like another, with other data. */
export function snapshotWith(
  from: AnyMachineSnapshot,
  context: unknown,
  children: AnyMachineSnapshot["children"],
): AnyMachineSnapshot {
  return snapshotIn(from, { nodes: from._nodes, value: from.value, tags: from.tags }, context, children);
}

/** One that is cheap for XState to copy, where the states do not matter. */
export function snapshotNowhere(from: AnyMachineSnapshot): AnyMachineSnapshot {
  return snapshotIn(from, { nodes: [], value: from.value, tags: from.tags }, from.context, from.children);
}

/** Tells inspectors of a step taken without XState's macrostep, which would have told them. */
export function reportMicrostep(
  scope: ActorScope,
  step: {
    readonly event: AnyEventObject;
    readonly snapshot: AnyMachineSnapshot;
    readonly transitions: readonly unknown[];
  },
): void {
  const system = scope.system as Partial<CellSystem>;
  if (system.inspected === false) return;
  const { event, snapshot, transitions } = step;
  const reported = {
    type: "@xstate.microstep",
    actorRef: scope.self,
    event,
    snapshot,
    _transitions: transitions,
  };
  system._sendInspectionEvent?.(reported as never);
}

/** XState's error for more than `maxIterations` steps. */
export function isLoopError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Infinite loop detected");
}
