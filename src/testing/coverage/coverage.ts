import type { AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from "xstate";
import { accelerate } from "../../xstate/accelerate.ts";
import type { ActorScope } from "../../xstate/tree-host.ts";
import { type Part, partsOf } from "../model/catalogue.ts";
import { type Microstep, seenIn } from "../model/seen.ts";

/** How much of something was seen. */
export interface Figure {
  readonly seen: number;
  readonly all: number;
  /** From 0 to 1; 1 where there is nothing to see. */
  readonly share: number;
}

/** `guards`: each of them holding, and not holding. */
export interface Figures {
  readonly states: Figure;
  readonly transitions: Figure;
  readonly guards: Figure;
}

/** What was seen by someone who noted it, as a path does. */
export interface Gone {
  readonly parts: Iterable<string>;
}

/** An actor that is watched, since its last turn. */
interface Watched {
  before: AnyMachineSnapshot | undefined;
  steps: Microstep[];
}

/**
 * Which states, transitions and outcomes of guards of a machine were seen at work: by paths ({@link add}), by plain XState
 * actors ({@link watch}), by all actors of a machine wherever they run in this process ({@link follow}).
 */
export class Coverage {
  readonly machine: AnyStateMachine;
  readonly #seen = new Set<string>();
  readonly #watched = new WeakMap<object, Watched>();
  readonly #excused = new Map<string, string>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
  }

  /** All there is to see. */
  get all(): readonly Part[] {
    return partsOf(this.machine);
  }

  /** The ids of what was seen. */
  get parts(): ReadonlySet<string> {
    return this.#seen;
  }

  /** Adds what paths, or another coverage of the same machine, have seen. */
  add(...gone: readonly Gone[]): this {
    for (const { parts } of gone) for (const part of parts) this.#seen.add(part);
    return this;
  }

  /** Excuses parts that cannot be seen, by their ids, with the reason. They count for nothing. */
  excuse(reasons: Readonly<Record<string, string>>): this {
    for (const [id, reason] of Object.entries(reasons)) this.#excused.set(id, reason);
    return this;
  }

  reasonFor(part: string): string | undefined {
    return this.#excused.get(part);
  }

  /** An actor's `inspect`; a function of its own. */
  readonly watch = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep" && event.type !== "@xstate.snapshot") return;
    const snapshot = event.snapshot as AnyMachineSnapshot;
    // However it was provided for, a machine keeps its definition.
    if (snapshot.machine?.config !== this.machine.config) return;
    const watched = this.#watched.get(event.actorRef) ?? { before: undefined, steps: [] };
    this.#watched.set(event.actorRef, watched);
    if (event.type === "@xstate.microstep") {
      const { _transitions: transitions } = event as unknown as { _transitions: Microstep["transitions"] };
      watched.steps.push({ event: event.event, snapshot, transitions });
      return;
    }
    for (const part of seenIn(watched.before, watched.steps, snapshot)) this.#seen.add(part);
    watched.before = snapshot;
    watched.steps = [];
  };

  /**
   * Watches all actors of a machine that start from now on: of this machine, or of what was made of it by `provide`.
   *
   * @returns the same machine
   */
  follow<M extends AnyStateMachine>(machine: M): M {
    const start = accelerate(machine).getInitialSnapshot;
    const restore = machine.restoreSnapshot;
    const watched = new WeakSet<object>();
    const watch = ({ system }: ActorScope): void => {
      if (watched.has(system)) return;
      watched.add(system);
      system.inspect(this.watch);
    };
    machine.getInitialSnapshot = ((scope: ActorScope, input: unknown) => {
      watch(scope);
      return start.call(machine, scope as never, input as never);
    }) as never;
    machine.restoreSnapshot = ((snapshot: unknown, scope: ActorScope) => {
      watch(scope);
      return restore.call(machine, snapshot as never, scope as never);
    }) as never;
    return machine;
  }

  get figures(): Figures {
    return {
      states: this.#figure("state"),
      transitions: this.#figure("transition"),
      guards: this.#figure("guard"),
    };
  }

  /** What was not seen, and is not excused. */
  get missing(): readonly Part[] {
    return this.all.filter(({ id }) => !this.#seen.has(id) && !this.#excused.has(id));
  }

  /** What was excused and seen nevertheless, or is no part of the machine. */
  get wronglyExcused(): readonly string[] {
    const ids = new Set(this.all.map(({ id }) => id));
    return [...this.#excused.keys()].filter((id) => this.#seen.has(id) || !ids.has(id));
  }

  #figure(kind: Part["kind"]): Figure {
    const all = this.all.filter((part) => part.kind === kind && !this.#excused.has(part.id));
    const seen = all.filter(({ id }) => this.#seen.has(id)).length;
    return { seen, all: all.length, share: all.length === 0 ? 1 : seen / all.length };
  }
}

/** @example const coverage = coverageOf(machine).add(...paths); */
export function coverageOf(machine: AnyStateMachine): Coverage {
  return new Coverage(machine);
}
