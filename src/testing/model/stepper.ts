import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import type { Protocol } from "../../../protocols/index.ts";
import { isForbidden } from "../../xstate/selection.ts";
import { callsOf, type ModelCall, reaped } from "./calls.ts";
import { ModelSystem } from "./model-system.ts";
import type { Occurrence } from "./occurrence.ts";
import { callsSaid, type Said } from "./said.ts";
import { type Microstep, seenIn } from "./seen.ts";
import { type ModelTimer, timersAfter, withoutTimer } from "./timers.ts";

/** Steps a machine may take for one event, and events it may send itself in one turn. */
const iterationsMax = 1_000;

/** One moment of a machine: its snapshot, and what is under way besides. */
export interface ModelState {
  readonly snapshot: AnyMachineSnapshot;
  readonly timers: readonly ModelTimer[];
  readonly calls: readonly ModelCall[];
  /** It ended itself by `stopSelf`. */
  readonly stopped: boolean;
}

/** What one event, or the start, comes to. */
export interface Stepped {
  readonly state: ModelState;
  readonly said: readonly Said[];
  /** The parts of the machine that were at work, by their ids. */
  readonly seen: ReadonlySet<string>;
  /** Whether the machine had a transition for it; a message it has none for is refused by the runtime. */
  readonly taken: boolean;
}

/** Steps a machine from any of its moments, without carrying anything out. */
export class Stepper {
  readonly machine: AnyStateMachine;
  readonly protocol: Protocol | undefined;
  readonly #system: ModelSystem;
  readonly #ended = new WeakMap<ModelState, ReadonlySet<unknown>>();

  /** @param protocol what it says is held to it */
  constructor(machine: AnyStateMachine, protocol?: Protocol) {
    // XState's own way, whatever became of the machine that was given; and it must come to an end.
    this.protocol = protocol;
    this.machine = machine.provide({});
    const { maxIterations = iterationsMax } = machine.config.options ?? {};
    this.machine.options = { ...machine.options, maxIterations: Math.min(maxIterations, 1_000_000) };
    this.#system = new ModelSystem(machine.id, protocol);
  }

  start(input: unknown): Stepped {
    this.#system.open({});
    let snapshot: AnyMachineSnapshot;
    try {
      snapshot = this.machine.getInitialSnapshot(this.#system.scope as never, input as never);
    } catch (error) {
      snapshot = failed({ ...emptyOf(this.machine) } as AnyMachineSnapshot, error);
    }
    return this.#settle(undefined, snapshot, new Set(), this.#system.microsteps);
  }

  step(from: ModelState, occurrence: Occurrence): Stepped {
    const { kind, event, id } = occurrence;
    const timers = kind === "timer" ? withoutTimer(from.timers, id) : from.timers;
    const ended = new Set(this.#ended.get(from));
    const call = from.calls.find((running) => running.id === id);
    if ((kind === "done" || kind === "failed") && call !== undefined) ended.add(call.ref);
    this.#system.open(from.snapshot.children);
    const due = from.timers.find((timer) => timer.id === id);
    if (kind === "timer" && due?.to !== undefined) {
      this.#system.said.push({ kind: "send", to: due.to, event });
      return this.#settle({ ...from, timers }, from.snapshot, ended, []);
    }
    const snapshot = this.#transition(from.snapshot, event);
    const stepped = this.#settle({ ...from, timers }, snapshot, ended, this.#system.microsteps);
    if (call === undefined || !ended.has(call.ref) || stepped.state.snapshot.children[id] !== call.ref)
      return stepped;
    return {
      ...stepped,
      state: this.#state({ ...stepped.state, snapshot: reaped(stepped.state.snapshot, id) }, ended),
    };
  }

  #transition(from: AnyMachineSnapshot, event: AnyEventObject): AnyMachineSnapshot {
    try {
      return this.machine.transition(
        from as never,
        event as never,
        this.#system.scope as never,
      ) as AnyMachineSnapshot;
    } catch (error) {
      return failed(from, error);
    }
  }

  /** Lets the machine take what it sent itself, and sums up. */
  #settle(
    before: ModelState | undefined,
    first: AnyMachineSnapshot,
    ended: ReadonlySet<unknown>,
    microsteps: readonly Microstep[],
  ): Stepped {
    const system = this.#system;
    const taken = before === undefined || isTaken(microsteps) || first.status === "error";
    let snapshot = first;
    for (let n = 0; n < system.toItself.length && snapshot.status === "active"; n++) {
      if (n >= iterationsMax)
        snapshot = failed(snapshot, new Error("The machine sends itself events for ever"));
      else snapshot = this.#transition(snapshot, system.toItself[n] as AnyEventObject);
    }
    const said = [...system.said, ...callsSaid(before?.snapshot, snapshot)];
    if (system.misfit !== undefined && snapshot.status !== "error")
      snapshot = failed(snapshot, system.misfit);
    const timers = timersAfter(before?.timers ?? [], system.delays);
    const stopped = said.some(({ kind }) => kind === "stop");
    const over = stopped || snapshot.status !== "active";
    const state = this.#state({ snapshot, timers: over ? [] : timers, calls: [], stopped }, ended);
    return { state, said, seen: seenIn(before?.snapshot, system.microsteps, snapshot), taken };
  }

  #state(state: ModelState, ended: ReadonlySet<unknown>): ModelState {
    const over = state.stopped || state.snapshot.status !== "active";
    const whole = { ...state, calls: over ? [] : callsOf(state.snapshot, ended) };
    this.#ended.set(whole, ended);
    return whole;
  }
}

function isTaken(microsteps: readonly Microstep[]): boolean {
  const transitions = microsteps[0]?.transitions ?? [];
  return transitions.length > 0 && !transitions.every(isForbidden);
}

function failed(from: AnyMachineSnapshot, error: unknown): AnyMachineSnapshot {
  return { ...from, status: "error", output: undefined, error } as AnyMachineSnapshot;
}

/** A snapshot of a machine whose first one could not be computed. */
function emptyOf(machine: AnyStateMachine): object {
  return {
    machine,
    value: {},
    context: {},
    children: {},
    historyValue: {},
    tags: new Set(),
    _nodes: [machine.root],
  };
}
