import type { AnyEventObject } from "xstate";
import { CoxswainError } from "../../protocols/index.ts";
import type { Calls } from "./calls.ts";
import type { HostCell } from "./host-cell.ts";
import type { ActionCall, LocalActor } from "./tree-host.ts";

/** Something a turn wants done outside of its tree, or in user code. */
export type Effect =
  | { readonly kind: "action"; readonly call: ActionCall }
  | { readonly kind: "send"; readonly target: unknown; readonly event: AnyEventObject }
  | { readonly kind: "emit"; readonly event: AnyEventObject; readonly handlers: readonly Handler[] }
  | { readonly kind: "log"; readonly args: readonly unknown[] }
  /** An event to a promise, callback or observable, or to an actor of another tree. */
  | { readonly kind: "deliver"; readonly actor: LocalActor; readonly event: AnyEventObject }
  | { readonly kind: "start"; readonly actor: LocalActor }
  | { readonly kind: "stop"; readonly actor: LocalActor };

export type Handler = (event: AnyEventObject) => void;

/** How effects reach the actors of the tree itself. */
export interface LocalEffects {
  readonly calls: Pick<Calls, "start" | "fail" | "stop">;
  deliverTo(actor: LocalActor, event: AnyEventObject): void;
}

/** Does what a turn wanted, in order. Whatever throws ends here, and the next effect follows. */
export function release(effects: readonly Effect[], cell: HostCell, local: LocalEffects): void {
  const allowed = cell.mayRelease();
  for (const effect of effects) {
    try {
      if (allowed) perform(effect, cell, local);
      else withhold(effect, cell, local);
    } catch (error) {
      cell.effectFailed(error, nameOf(effect));
    }
  }
}

function perform(effect: Effect, cell: HostCell, local: LocalEffects): void {
  switch (effect.kind) {
    case "action":
      return act(effect.call, cell);
    case "send":
      return cell.send(effect.target, effect.event);
    case "emit":
      cell.emit(effect.event);
      return handle(effect, cell);
    case "log":
      return cell.log(effect.args);
    case "deliver":
      return local.deliverTo(effect.actor, effect.event);
    case "start":
      return local.calls.start(effect.actor);
    case "stop":
      return local.calls.stop(effect.actor);
  }
}

function withhold(effect: Effect, cell: HostCell, local: LocalEffects): void {
  switch (effect.kind) {
    case "action":
      return cell.withheld("action", effect.call.type);
    case "send":
    case "emit":
      return cell.withheld(effect.kind, effect.event.type);
    case "deliver":
      return cell.withheld("send", `${effect.event.type} to ${effect.actor.id}`);
    case "start":
      cell.withheld("call", effect.actor.id);
      return local.calls.fail(effect.actor, cell.expired());
    case "log":
    case "stop":
      return perform(effect, cell, local);
  }
}

function act(call: ActionCall, cell: HostCell): void {
  if (call.exec === undefined) {
    throw new CoxswainError("MACHINE_INVALID", `Expected action ${call.type} to be implemented`);
  }
  // Typed void, but an async function is assignable: what it rejects with must not end the process.
  const left: unknown = call.exec(call.info, call.params);
  if (left instanceof Promise)
    left.catch((error: unknown) => cell.effectFailed(error, `action ${call.type}`));
}

function handle(effect: { event: AnyEventObject; handlers: readonly Handler[] }, cell: HostCell): void {
  for (const handler of effect.handlers) {
    try {
      handler(effect.event);
    } catch (error) {
      cell.effectFailed(error, `handler of ${effect.event.type}`);
    }
  }
}

function nameOf(effect: Effect): string {
  switch (effect.kind) {
    case "action":
      return `action ${effect.call.type}`;
    case "send":
    case "emit":
      return `${effect.kind} ${effect.event.type}`;
    case "log":
      return "log";
    case "deliver":
    case "start":
    case "stop":
      return `${effect.kind} ${effect.actor.id}`;
  }
}
