import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Cell } from "../../cell.ts";
import { accelerate } from "../../xstate/accelerate.ts";
import { callContextOf } from "../../xstate/host.ts";
import { isActor, parentOf, stopNow } from "../../xstate/internals.ts";
import { isForbidden } from "../../xstate/selection.ts";
import type { ActionCall, ActorScope, LocalActor } from "../../xstate/tree-host.ts";
import { callsOf } from "./calls.ts";
import type { Observed } from "./moment.ts";
import type { Occurrence } from "./occurrence.ts";
import { callsSaid, type Delayed, type Said, wordOf } from "./said.ts";
import { type ModelTimer, timersAfter, withoutTimer } from "./timers.ts";

type Start = (scope: ActorScope, input: unknown) => AnyMachineSnapshot;
type Transition = (from: AnyMachineSnapshot, event: AnyEventObject, scope: ActorScope) => AnyMachineSnapshot;

/**
 * A machine that runs as an actor while its surroundings are played: its timers go off when told to, its children never
 * run and end when told to, what it says to others and its own actions are noted. Everything else is the runtime's.
 */
export class Stage {
  /** The machine to spawn. */
  readonly machine: AnyStateMachine;
  #scope: ActorScope | undefined;
  #snapshot: AnyMachineSnapshot | undefined;
  #timers: readonly ModelTimer[] = [];
  readonly #ended = new Set<unknown>();
  /** Since the last `take`. */
  #before: AnyMachineSnapshot | undefined;
  #said: Said[] = [];
  #delays: (Delayed | { readonly cancel: string })[] = [];
  #taken = false;
  #stopped = false;
  /** Events the machine has taken a look at, its start included. */
  turns = 0;

  constructor(machine: AnyStateMachine) {
    const staged = accelerate(machine.provide({}));
    this.machine = staged;
    const start = staged.getInitialSnapshot.bind(staged) as unknown as Start;
    const transition = staged.transition.bind(staged) as unknown as Transition;
    const played: Transition = (from, event, scope) => {
      // The end of the actor is no event of the path's.
      if (event.type === "xstate.stop") return transition(from, event, scope);
      return this.#play(scope, (own) => {
        this.#taken ||= event.type.startsWith("xstate.error.actor.") || this.#takes(from, event);
        return transition(from, event, own);
      });
    };
    staged.transition = played as never;
    staged.getInitialSnapshot = ((scope: ActorScope, input: unknown) => {
      this.#taken = true;
      return this.#play(scope, (own) => start(own, input));
    }) as never;
  }

  get started(): boolean {
    return this.#snapshot !== undefined;
  }

  /** The actor that is on stage. */
  get cell(): Cell {
    return callContextOf(this.#self as AnyActorRef)?.cell as unknown as Cell;
  }

  /** What has been going on since the last time this was asked. */
  take(): Observed {
    const snapshot = this.#judged(this.#snapshot as AnyMachineSnapshot);
    const said = [...this.#said, ...callsSaid(this.#before, this.#snapshot as AnyMachineSnapshot)];
    this.#timers = timersAfter(this.#timers, this.#delays);
    const over = this.#stopped || snapshot.status !== "active";
    if (over) this.#timers = [];
    const calls = over ? [] : callsOf(snapshot, this.#ended);
    const observed = { said, taken: this.#taken };
    this.#before = snapshot;
    this.#said = [];
    this.#delays = [];
    this.#taken = false;
    return { ...observed, state: { snapshot, timers: this.#timers, calls, stopped: this.#stopped } };
  }

  /** Has something happen that no message is: a timer, an end of a child, an event of a child or of the runtime. */
  let({ kind, event, id }: Occurrence): void {
    const self = this.#self;
    const { host } = (this.#scope as ActorScope).system;
    const timer = this.#timers.find((armed) => armed.id === id);
    if (kind === "runtime") return this.cell.signal(event);
    if (kind === "timer") this.#timers = withoutTimer(this.#timers, id);
    if (kind === "timer" && timer?.to !== undefined) {
      this.#said.push({ kind: "send", to: timer.to, event });
      this.turns++;
      return;
    }
    const child = this.#snapshot?.children[id] as LocalActor | undefined;
    if ((kind !== "done" && kind !== "failed") || child === undefined)
      return host.relay(undefined, self, event);
    this.#ended.add(child);
    stopNow(child);
    host.relay(child, self, event);
  }

  /** What does not fit the protocol fails the actor, not its machine. */
  #judged(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
    const { outcome, behaviour } = this.cell;
    // At rest: without the children that have ended.
    if (outcome === undefined) return behaviour.snapshot as AnyMachineSnapshot;
    if (outcome.kind !== "failed" || snapshot.status === "error") return snapshot;
    return { ...snapshot, status: "error", output: undefined, error: outcome.error } as AnyMachineSnapshot;
  }

  get #self(): LocalActor {
    return (this.#scope as ActorScope).self;
  }

  #takes(from: AnyMachineSnapshot, event: AnyEventObject): boolean {
    try {
      const choice = this.machine.getTransitionData(from as never, event as never);
      return choice.length > 0 && !choice.every(isForbidden);
    } catch {
      return true;
    }
  }

  #play(scope: ActorScope, step: (scope: ActorScope) => AnyMachineSnapshot): AnyMachineSnapshot {
    if (parentOf(scope.self) !== undefined) return step(scope);
    this.#scope = scope;
    const actionExecutor = (action: ActionCall): void => this.#act(action, scope);
    try {
      const next = step(Object.create(scope, { actionExecutor: { value: actionExecutor, writable: true } }));
      for (const child of Object.values(next.children)) if (isActor(child)) keepStill(child);
      this.#snapshot = next;
      return next;
    } catch (error) {
      this.#snapshot = { ...(this.#snapshot ?? {}), status: "error", error } as AnyMachineSnapshot;
      throw error;
    } finally {
      this.turns++;
    }
  }

  #act(action: ActionCall, scope: ActorScope): void {
    const word = wordOf(action, scope.self);
    if (word?.kind === "toItself") return scope.actionExecutor(action);
    if (word?.kind === "cancel") {
      this.#delays.push({ cancel: word.id });
      this.#said.push({ kind: "cancel", id: word.id });
    }
    if (word?.kind === "later") {
      const { delayMs, event, id = event.type } = word.delayed;
      this.#delays.push(word.delayed);
      this.#said.push({ kind: "timer", id, delayMs, event });
    }
    if (word?.kind !== "said") return;
    const { said } = word;
    this.#said.push(said);
    if (said.kind === "stop") this.#stopped = true;
    if (["emit", "reply", "refusal", "announce", "stop"].includes(said.kind)) scope.actionExecutor(action);
  }
}

/** A child that exists, and does nothing. */
function keepStill(child: LocalActor): void {
  Object.defineProperty(child, "start", { value: () => child, configurable: true });
}
