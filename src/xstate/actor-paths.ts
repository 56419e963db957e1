import { childrenOf, isActor, isOutgoing, parentOf } from "./internals.ts";
import type { LocalActor } from "./tree-host.ts";
import type { Arrival, Delayed } from "./turn-keeper.ts";

/** `/child/grandchild`; empty for the root. */
export function pathOf(actor: LocalActor): string {
  const parent = parentOf(actor);
  return parent === undefined ? "" : `${pathOf(parent)}/${actor.id}`;
}

/** The actor at a path below the root; undefined where it is gone. */
export function actorAt(root: LocalActor, path: string): LocalActor | undefined {
  let actor = root;
  for (const id of path.split("/").slice(1)) {
    const child = Object.values(childrenOf(actor)).find((each) => each?.id === id);
    if (child === undefined) return undefined;
    actor = child;
  }
  return actor;
}

/** A target of an event, without the actor that it may be. */
export function targetOf(target: unknown): Delayed["target"] {
  return isActor(target) ? { path: pathOf(target) } : { data: target };
}

/** The path of the call that ends with what arrived; undefined for anything else. */
export function callEndedBy({ what }: Arrival): string | undefined {
  if ("kind" in what || what.source === undefined || !isOutgoing(what.source.logic)) return undefined;
  return callEnds.has(what.event.type) || what.event.type.startsWith("xstate.error.actor.")
    ? pathOf(what.source)
    : undefined;
}

const callEnds = new Set([
  "xstate.promise.resolve",
  "xstate.promise.reject",
  "xstate.observable.complete",
  "xstate.observable.error",
]);
