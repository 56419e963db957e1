import type { AnyActorLogic, AnyActorRef, AnyMachineSnapshot } from "xstate";
import { activeNodes, isMachine, isOutgoing } from "../../xstate/internals.ts";
import { sendsEvents } from "../../xstate/machine-parts.ts";
import { srcOf } from "./said.ts";

/** A child of the machine that runs: a call to the outside, or another machine. It is played, not run. */
export interface ModelCall {
  readonly id: string;
  /** The name it is provided under; `(inline)` for logic without one. */
  readonly src: string;
  readonly input: unknown;
  readonly kind: "promise" | "observable" | "callback" | "machine" | "reducer";
  readonly ref: AnyActorRef;
}

/** The children that have not ended. */
export function callsOf(snapshot: AnyMachineSnapshot, ended: ReadonlySet<unknown>): ModelCall[] {
  return Object.entries(snapshot.children as Record<string, AnyActorRef | undefined>).flatMap(([id, ref]) => {
    if (ref === undefined || ended.has(ref)) return [];
    const { src, logic, options } = ref as unknown as {
      src: unknown;
      logic: AnyActorLogic;
      options?: { input?: unknown };
    };
    return [{ id, src: srcOf(src), input: options?.input, kind: kindOf(logic), ref }];
  });
}

const kinds = new WeakMap<AnyActorLogic, ModelCall["kind"]>();

function kindOf(logic: AnyActorLogic): ModelCall["kind"] {
  let kind = kinds.get(logic);
  if (kind === undefined) {
    kind = findKind(logic);
    kinds.set(logic, kind);
  }
  return kind;
}

function findKind(logic: AnyActorLogic): ModelCall["kind"] {
  if (isMachine(logic)) return "machine";
  if (!isOutgoing(logic)) return "reducer";
  if (sendsEvents(logic)) return "callback";
  try {
    const resolved = { type: "xstate.promise.resolve", data: 1 };
    const after = logic.transition({ status: "active" }, resolved as never, {} as never) as {
      status?: string;
    };
    return after.status === "done" ? "promise" : "observable";
  } catch {
    return "observable";
  }
}

/** Takes a child that has ended out of a snapshot, as the runtime does; one that a state invokes stays until it is left. */
export function reaped(snapshot: AnyMachineSnapshot, id: string): AnyMachineSnapshot {
  const invoked = activeNodes(snapshot).some((node) =>
    node.invoke.some((definition) => definition.id === id),
  );
  if (invoked || snapshot.children[id] === undefined) return snapshot;
  const { [id]: _gone, ...children } = snapshot.children;
  return { ...snapshot, children } as AnyMachineSnapshot;
}
