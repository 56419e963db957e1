import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { acceleratedOf } from "../../xstate/accelerate.ts";
import { snapshotWith } from "../../xstate/internals.ts";
import type { ActionCall, ActorScope } from "../../xstate/tree-host.ts";
import { type Ending, endEvent, type PureLogic, type Stepped, threw, type Word } from "./pure-logic.ts";
import { nobody, StepSystem } from "./step-system.ts";

const nothing = (): void => {};

/**
 * XState's `initialTransition` and `transition`, with the machine accelerated and `self` named as it is in a running
 * system. Each step has a system of its own, so that a `systemId` does not meet itself. Its children are calls.
 */
export class PureMachine implements PureLogic {
  readonly #machine: AnyStateMachine;
  readonly #address: string;

  constructor(machine: AnyStateMachine, address: string) {
    this.#machine = machine;
    this.#address = address;
    acceleratedOf(machine);
  }

  first(input: unknown): Stepped {
    return this.#step({}, (scope) => this.#machine.getInitialSnapshot(scope as never, input as never));
  }

  next(at: AnyMachineSnapshot, event: AnyEventObject): Stepped {
    return this.#step(at.children, (scope) => this.#machine.transition(at as never, event, scope as never));
  }

  /** The machine keeps the child no longer if it was spawned. */
  ended(at: AnyMachineSnapshot, child: string, ending: Ending, isHidden: boolean): Stepped {
    const stepped = this.next(at, endEvent(child, ending));
    const { snapshot } = stepped;
    const { [child]: ended } = at.children;
    if (isHidden || snapshot === undefined || ended === undefined || snapshot.children[child] !== ended)
      return stepped;
    if (snapshot._nodes.some((node) => node.invoke.some(({ id }) => id === child))) return stepped;
    const { [child]: _ended, ...others } = snapshot.children;
    return { ...stepped, snapshot: snapshotWith(snapshot, snapshot.context, others as never) };
  }

  takes(at: AnyMachineSnapshot, event: AnyEventObject): boolean {
    return acceleratedOf(this.#machine).takes(at, event);
  }

  hears(at: AnyMachineSnapshot, event: AnyEventObject): boolean {
    return this.takes(at, event);
  }

  postpones(at: AnyMachineSnapshot, type: string): boolean {
    return acceleratedOf(this.#machine).configurationOf(at).postpones(type);
  }

  #step(before: Children, run: (scope: ActorScope) => AnyMachineSnapshot): Stepped {
    const words: Word[] = [];
    const announced = new Set<unknown>();
    const id = this.#address;
    const system = new StepSystem(nobody, (name) => name in before);
    const sessionId = system._bookId();
    const scope = {
      self: { id, sessionId, system, send: nothing, getSnapshot: nothing },
      id,
      sessionId,
      system,
      logger: nothing,
      defer: nothing,
      stopChild: nothing,
      emit: nothing,
      actionExecutor: (action: ActionCall) => {
        if (action.type === "xstate.spawnChild") announced.add((action.params as Spawning).actorRef);
        const word = wordOf(action, this.#address);
        if (word !== undefined) words.push(word);
      },
    } as unknown as ActorScope;
    try {
      const snapshot = run(scope);
      for (const [id, child] of Object.entries(snapshot.children as Children)) {
        // Spawned by an `assign`: XState says nothing of it.
        if (child !== before[id] && !announced.has(child))
          words.push(callOf(child, child.getSnapshot().input));
      }
      return { snapshot, words, error: undefined };
    } catch (error) {
      return threw(error);
    }
  }
}

/** An actor as XState's actions name it. */
interface Ref {
  readonly id: string;
  readonly src: unknown;
  readonly logic: AnyActorLogic;
  getSnapshot(): { readonly input?: unknown };
}
type Children = Readonly<Record<string, Ref>>;
interface Spawning {
  readonly actorRef: Ref;
  readonly input: unknown;
}
interface Sending {
  readonly to: unknown;
  readonly event: AnyEventObject;
  readonly id: string | undefined;
  readonly delay: number | undefined;
}

/** An action of XState's, or one of the machine's own. */
function wordOf({ type, params }: ActionCall, address: string): Word | undefined {
  switch (type) {
    case "xstate.raise":
      return raised(params as Sending);
    case "xstate.sendTo":
      return sent(params as Sending, address);
    case "xstate.cancel":
      return { kind: "cancel", from: "", id: (params as { sendId: string }).sendId };
    case "xstate.spawnChild": {
      const { actorRef, input } = params as Spawning;
      return callOf(actorRef, input);
    }
    case "xstate.stopChild":
      return params === undefined ? undefined : { kind: "stop", child: (params as Ref).id };
    case "xstate.emit":
      return { kind: "emit", event: (params as Sending).event };
    case "xstate.log":
      return undefined;
    default:
      return { kind: "act", type, params };
  }
}

function callOf({ id: child, src, logic }: Ref, input: unknown): Word {
  return { kind: "call", child, src: typeof src === "string" ? src : child, logic, input };
}

/** One without a delay is taken within the step. */
function raised({ event, id, delay }: Sending): Word | undefined {
  return typeof delay === "number"
    ? { kind: "later", from: "", to: "", id, delayMs: delay, event }
    : undefined;
}

function sent({ to, event, id, delay }: Sending, address: string): Word | undefined {
  if (to === undefined || to === null) return undefined;
  if (isPlain(to)) {
    const isLater = typeof delay === "number";
    return isLater
      ? { kind: "later", from: "", to, id, delayMs: delay, event }
      : { kind: "say", target: to, event };
  }
  // To a child, which is a call: what it does with it is not known.
  if ((to as Ref).id !== address) return undefined;
  return raised({ to, event, id, delay }) ?? { kind: "own", event };
}

/** An address, and not an actor. */
function isPlain(target: object): boolean {
  return "$to" in target || "$replyTo" in target || "$self" in target;
}
