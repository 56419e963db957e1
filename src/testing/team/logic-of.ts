import type { AnyActorLogic, AnyStateMachine } from "xstate";
import { CoxswainError } from "../../../protocols/index.ts";
import { isMachine, isOutgoing } from "../../xstate/internals.ts";
import { partsOf } from "../../xstate/machine-parts.ts";
import type { PureLogic } from "./pure-logic.ts";
import { PureMachine } from "./pure-machine.ts";
import { PlainReducer, TransitionLogic } from "./pure-reducer.ts";
import { PureTree } from "./pure-tree.ts";
import type { MemberOptions } from "./team-options.ts";

/** How a member of these options is stepped. @throws OPTION_INVALID, MACHINE_INVALID */
export function logicOf(options: MemberOptions, address: string): PureLogic {
  if ("receive" in options) return new PlainReducer(options, address);
  const { machine } = options;
  if (isMachine(machine)) return machineLogic(machine, address);
  if (!isLogic(machine) || isOutgoing(machine)) {
    throw new CoxswainError(
      "MACHINE_INVALID",
      `Expected ${address} to be a machine or a reducer: what promises, callbacks and observables do is not known before they run`,
    );
  }
  return new TransitionLogic(machine, address);
}

/** A machine all of whose children are calls needs no tree of actors. */
function machineLogic(machine: AnyStateMachine, address: string): PureLogic {
  const held = partsOf(machine).flatMap(({ kind, value }) => (kind === "actor" ? [value] : []));
  const provided = Object.values(machine.implementations.actors as Record<string, unknown>);
  const isTree = [...held, ...provided].some((logic) => isLogic(logic) && !isOutgoing(logic));
  return isTree ? new PureTree(machine, address) : new PureMachine(machine, address);
}

function isLogic(given: unknown): given is AnyActorLogic {
  const { transition, getInitialSnapshot } = (given ?? {}) as Partial<AnyActorLogic>;
  return typeof transition === "function" && typeof getInitialSnapshot === "function";
}
