import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  fromTransition,
} from "xstate";
import { acceleratedOf } from "../../xstate/accelerate.ts";
import type { ActionCall, ActorScope } from "../../xstate/tree-host.ts";

/** What a machine does for one event: nothing is carried out. */
export interface Stepped {
  readonly snapshot: AnyMachineSnapshot | undefined;
  readonly actions: readonly ActionCall[];
  /** What its code threw. */
  readonly error: unknown;
}

const inert = fromTransition((state: undefined) => state, undefined);

/**
 * XState's `initialTransition` and `transition`, with the machine accelerated and `self` named as it is in a running
 * system. Each step has a system of its own, so that a `systemId` does not meet itself.
 */
export class PureMachine {
  readonly #machine: AnyStateMachine;
  readonly #address: string;

  constructor(machine: AnyStateMachine, address: string) {
    this.#machine = machine;
    this.#address = address;
    acceleratedOf(machine);
  }

  first(input: unknown): Stepped {
    return this.#step((scope) => this.#machine.getInitialSnapshot(scope as never, input as never));
  }

  next(snapshot: AnyMachineSnapshot, event: AnyEventObject): Stepped {
    return this.#step((scope) => this.#machine.transition(snapshot as never, event, scope as never));
  }

  takes(snapshot: AnyMachineSnapshot, event: AnyEventObject): boolean {
    return acceleratedOf(this.#machine).takes(snapshot, event);
  }

  postpones(snapshot: AnyMachineSnapshot, type: string): boolean {
    return acceleratedOf(this.#machine).configurationOf(snapshot).postpones(type);
  }

  #step(run: (scope: ActorScope) => AnyMachineSnapshot): Stepped {
    const actions: ActionCall[] = [];
    const self = createActor(inert, { id: this.#address });
    const { sessionId, system } = self;
    const scope = {
      self,
      id: this.#address,
      sessionId,
      system,
      logger: () => {},
      defer: () => {},
      stopChild: () => {},
      emit: () => {},
      actionExecutor: (action: ActionCall) => void actions.push(action),
    } as unknown as ActorScope;
    try {
      return { snapshot: run(scope), actions, error: undefined };
    } catch (error) {
      return {
        snapshot: undefined,
        actions: [],
        error: error ?? new Error("Something undefined was thrown"),
      };
    }
  }
}
