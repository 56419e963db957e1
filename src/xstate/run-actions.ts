import { type AnyEventObject, type AnyMachineSnapshot, assign, type UnknownAction } from "xstate";
import { type ChildAction, resolveChildAction } from "./child-actions.ts";
import { snapshotNowhere, snapshotWith } from "./internals.ts";
import type { ActorScope, LocalActor } from "./tree-host.ts";

type Children = Record<string, LocalActor>;
type Params = unknown;

/** An action creator's product (`assign(…)`, `sendTo(…)`): a function that carries how it works. */
interface Builtin {
  readonly type: string;
  readonly assignment?: unknown;
  readonly resolve: (
    scope: ActorScope,
    snapshot: AnyMachineSnapshot,
    args: object,
    params: Params,
    self: Builtin,
    extra: { readonly internalQueue: AnyEventObject[]; readonly deferredActorIds: undefined },
  ) => [AnyMachineSnapshot, unknown, UnknownAction[] | undefined];
  readonly execute?: (scope: ActorScope, params: unknown) => void;
}
type Custom = (info: object, params: Params) => void;
interface Named {
  readonly type: string;
  readonly params?: unknown;
}

export interface Occasion {
  readonly event: AnyEventObject;
  readonly scope: ActorScope;
}

/** What an action stands for: itself, or what its name is implemented by. */
export function implementationOf(machine: AnyMachineSnapshot["machine"], action: UnknownAction): unknown {
  if (typeof action === "function") return action;
  return machine.implementations.actions[typeof action === "string" ? action : action.type];
}

/** XState's `resolveAndExecuteActionsWithContext`, without a full copy of the snapshot for each `assign`. */
export function runActions(
  actions: readonly UnknownAction[],
  from: AnyMachineSnapshot,
  occasion: Occasion,
): AnyMachineSnapshot {
  let snapshot = from;
  for (const action of actions) snapshot = runAction(action, snapshot, occasion);
  return snapshot;
}

function runAction(
  action: UnknownAction,
  snapshot: AnyMachineSnapshot,
  occasion: Occasion,
): AnyMachineSnapshot {
  const { event, scope } = occasion;
  const found = implementationOf(snapshot.machine, action) as Builtin | Custom | undefined;
  const info = { context: snapshot.context, event, self: scope.self, system: scope.system };
  const params = paramsOf(action, snapshot, event);
  if (found === undefined || !("resolve" in found)) {
    scope.actionExecutor({ type: typeOf(action), info, params, exec: found as Custom | undefined as never });
    return snapshot;
  }
  if (found.type === "xstate.assign" && snapshot.context) return assigned(found, snapshot, occasion, params);
  const [next, resolved] =
    resolveChildAction(found as ChildAction, snapshot, scope, info, params) ??
    found.resolve(scope, snapshot, info, params, found, { internalQueue: [], deferredActorIds: undefined });
  if (found.execute !== undefined) {
    const exec = found.execute.bind(null, scope, resolved) as never;
    scope.actionExecutor({ type: found.type, info, params: resolved, exec });
  }
  return next;
}

function typeOf(action: UnknownAction): string {
  if (typeof action === "string") return action;
  return typeof action === "object" ? action.type : (action as { name?: string }).name || "(anonymous)";
}

function paramsOf(action: UnknownAction, { context }: AnyMachineSnapshot, event: AnyEventObject): Params {
  if (typeof action !== "object") return undefined;
  const { params } = action as Named;
  return typeof params === "function" ? params({ context, event }) : params;
}

function assigned(
  { assignment }: Builtin,
  snapshot: AnyMachineSnapshot,
  { event, scope }: Occasion,
  params: Params,
): AnyMachineSnapshot {
  let spawned: Children | undefined;
  const spawn = (...args: unknown[]): LocalActor => {
    const child = spawnerOf(snapshot, event, scope)(...args);
    spawned ??= {};
    spawned[child.id] = child;
    return child;
  };
  const args = { context: snapshot.context, event, spawn, self: scope.self, system: scope.system };
  const update =
    typeof assignment === "function" ? assignment(args, params) : updateOf(assignment, args, params);
  const context = Object.assign({}, snapshot.context, update);
  const children = spawned === undefined ? snapshot.children : { ...snapshot.children, ...spawned };
  return snapshotWith(snapshot, context, children);
}

function updateOf(assignment: unknown, args: object, params: Params): Record<string, unknown> {
  const update: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(assignment as Record<string, unknown>)) {
    update[key] = typeof part === "function" ? part(args, params) : part;
  }
  return update;
}

/** XState's own `spawn`, which it gives to an `assign` only. */
function spawnerOf(
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
  scope: ActorScope,
): (...args: unknown[]) => LocalActor {
  let spawner: unknown;
  const capture = assign(({ spawn }) => {
    spawner = spawn;
    return {};
  }) as unknown as Builtin;
  const bare = snapshotNowhere(snapshot);
  capture.resolve(scope, bare, { event }, undefined, capture, {
    internalQueue: [],
    deferredActorIds: undefined,
  });
  return spawner as (...args: unknown[]) => LocalActor;
}
