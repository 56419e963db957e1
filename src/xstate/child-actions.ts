import { type AnyActorLogic, type AnyEventObject, type AnyMachineSnapshot, createActor } from "xstate";
import { snapshotWith } from "./internals.ts";
import type { ActorScope, LocalActor } from "./tree-host.ts";

/** What XState's `spawnChild`, which every invoke is, and `stopChild` carry. */
export interface ChildAction {
  readonly type: string;
  readonly id?: string | ((args: object) => string);
  readonly systemId?: string;
  readonly src?: string | AnyActorLogic;
  readonly input?: unknown;
  readonly syncSnapshot?: boolean;
  readonly actorRef?: string | LocalActor | ((args: object, params: unknown) => string | LocalActor);
}

/** The snapshot that follows, and what the action's `execute` gets. */
export type Resolved = readonly [snapshot: AnyMachineSnapshot, params: unknown];

type Children = Record<string, LocalActor | undefined>;
type Args = { readonly event: AnyEventObject };

/**
 * XState's `resolve` of these two, without working out the state's value and tags anew, which do not change.
 * Undefined for any other action. Written against 5.33.3; `child-actions.test.ts` is the gate an upgrade must pass.
 */
export function resolveChildAction(
  action: ChildAction,
  snapshot: AnyMachineSnapshot,
  scope: ActorScope,
  args: Args,
  params: unknown,
): Resolved | undefined {
  if (action.type === "xstate.spawnChild") return spawned(action, snapshot, scope, args);
  if (action.type === "xstate.stopChild") return stopped(action, snapshot, args, params);
  return undefined;
}

function spawned(action: ChildAction, snapshot: AnyMachineSnapshot, scope: ActorScope, args: Args): Resolved {
  const { id, systemId, src, input, syncSnapshot } = action;
  const logic = typeof src === "string" ? referenced(snapshot, src) : src;
  const childId = typeof id === "function" ? id(args) : id;
  const { context } = snapshot;
  let actorRef: LocalActor | undefined;
  let given: unknown;
  if (logic !== undefined) {
    given = typeof input === "function" ? input({ context, event: args.event, self: scope.self }) : input;
    const options = { id: childId, src, parent: scope.self, syncSnapshot, systemId, input: given };
    actorRef = createActor(logic, options as never) as LocalActor;
  }
  const children: Children = { ...snapshot.children, [childId as string]: actorRef };
  return [snapshotWith(snapshot, context, children as never), { id, systemId, actorRef, src, input: given }];
}

/** What a name stands for: what the machine was set up with, or, of an invoke without a name, its own `src`. */
function referenced({ machine }: AnyMachineSnapshot, src: string): AnyActorLogic | undefined {
  const [, index, nodeId] = /^xstate\.invoke\.(\d+)\.(.*)/.exec(src) ?? [];
  if (index === undefined || nodeId === undefined)
    return machine.implementations.actors[src] as AnyActorLogic | undefined;
  const { invoke } = machine.getStateNodeById(nodeId).config;
  const found = (Array.isArray(invoke) ? invoke[Number(index)] : invoke) as { src?: AnyActorLogic };
  return found.src;
}

function stopped(
  { actorRef }: ChildAction,
  snapshot: AnyMachineSnapshot,
  args: Args,
  params: unknown,
): Resolved {
  const named = typeof actorRef === "function" ? actorRef(args, params) : actorRef;
  const found = typeof named === "string" ? (snapshot.children as Children)[named] : named;
  if (found === undefined) return [snapshot, found];
  const { [found.id]: _, ...children } = snapshot.children as Children;
  return [snapshotWith(snapshot, snapshot.context, children as never), found];
}
