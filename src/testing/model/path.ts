import type { AnyStateMachine } from "xstate";
import { partsOf } from "./catalogue.ts";
import { firstWayTo, type Way } from "./graph.ts";
import { type MachineModel, machineModel } from "./machine-model.ts";
import { compare, type Observed } from "./moment.ts";
import type { Occurrence } from "./occurrence.ts";
import { type ModelOptions, wholeNumber } from "./options.ts";
import type { RunOptions } from "./run-options.ts";
import { nameOf, sentenceOf } from "./sentence.ts";
import { type ModelState, Stepper } from "./stepper.ts";
import { type SuiteOptions, suiteOf } from "./suite.ts";

/** One event of a path, and what is expected of it. */
export interface PathStep extends Observed {
  readonly occurrence: Occurrence;
  /** `work {task: 'a'}`, `perform is done`, `after 1000 ms`. */
  readonly name: string;
}

export interface PathsOptions<M extends AnyStateMachine = AnyStateMachine>
  extends ModelOptions<M>,
    SuiteOptions {
  /** Looks at every moment on the way, and throws where something does not hold. */
  readonly check?: (state: ModelState) => void;
}

/** Of machines that have to do the same as another. */
const steppers = new WeakMap<AnyStateMachine, Stepper>();

/** One way through a machine, to be tested. Made by {@link pathsOf}. */
export class Path<M extends AnyStateMachine = AnyStateMachine> {
  /** A sentence, the only one of its kind in its suite. */
  readonly name: string;
  readonly start: Observed;
  readonly steps: readonly PathStep[];
  readonly model: MachineModel<M>;
  readonly #check: ((state: ModelState) => void) | undefined;

  constructor(
    name: string,
    steps: readonly PathStep[],
    model: MachineModel<M>,
    check: ((state: ModelState) => void) | undefined,
  ) {
    this.name = name;
    this.steps = steps;
    this.model = model;
    this.start = { ...model.graph.started, taken: true };
    this.#check = check;
  }

  /** The parts of the machine that are at work. */
  get parts(): ReadonlySet<string> {
    const steps = this.steps as readonly Partial<Gone>[];
    return new Set([...this.model.graph.started.seen, ...steps.flatMap(({ seen = [] }) => [...seen])]);
  }

  /**
   * Goes the path and compares at each step: state, context, what is sent, answered and emitted, calls and timers.
   *
   * Without `on`: without a runtime, in the machine given (default: the path's own, which then must repeat itself). With
   * `on: "memory"` or a system: as an actor there. Its messages, answers and events travel; its time is the path's, its
   * calls and other children are played, what it would send to others and its own actions are only compared.
   *
   * @throws PathError at the first difference; OPTION_INVALID for `on` without a protocol
   */
  async run(how: RunOptions<M> = {}): Promise<void> {
    const { on, machine = this.model.machine } = how;
    if (on === undefined) return this.#step(machine);
    const { runOn } = await import("./run-on-system.ts");
    await runOn(on, this, { ...how, machine }, (state) => this.#check?.(state));
  }

  #step(machine: AnyStateMachine): void {
    const stepper = machine === this.model.machine ? this.model.stepper : this.#stepperOf(machine);
    let { state } = this.#passed("At the start", this.start, {
      ...stepper.start(this.model.options.input),
      taken: true,
    });
    for (const [n, step] of this.steps.entries()) {
      const where = `At step ${n + 1} (${step.name})`;
      ({ state } = this.#passed(where, step, stepper.step(state, step.occurrence)));
    }
  }

  #stepperOf(machine: AnyStateMachine): Stepper {
    const { protocol } = this.model.options;
    let known = steppers.get(machine);
    if (known === undefined || known.protocol !== protocol) {
      known = new Stepper(machine, protocol);
      steppers.set(machine, known);
    }
    return known;
  }

  #passed(where: string, expected: Observed, actual: Observed): Observed {
    compare(where, expected, actual);
    this.#check?.(actual.state);
    return actual;
  }
}

/**
 * Paths that together take a machine through all its states and transitions, and each guard both ways: few and short.
 *
 * @example
 * for (const path of pathsOf(machine, { protocol })) test(path.name, () => path.run());
 *
 * @throws as {@link machineModel}
 */
export function pathsOf<M extends AnyStateMachine>(machine: M, options: PathsOptions<M> = {}): Path<M>[] {
  return pathsIn(machineModel(machine, options), options);
}

/** The same from a model that is there already. */
export function pathsIn<M extends AnyStateMachine>(
  model: MachineModel<M>,
  options: Pick<PathsOptions<M>, keyof SuiteOptions | "check"> = {},
): Path<M>[] {
  const { cover = "machine", stepsMax = 12, pathsMax = 1_000, check } = options;
  wholeNumber("stepsMax", stepsMax, 1, 100_000);
  wholeNumber("pathsMax", pathsMax, 1, 1_000_000);
  const wanted = new Set(partsOf(model.stepper.machine).map(({ id }) => id));
  const suite = suiteOf(model.graph, wanted, { cover, stepsMax, pathsMax }).map((ways) =>
    goneBy(model, ways),
  );
  const more = leftOver(model, suite, wanted).slice(0, pathsMax - suite.length);
  suite.push(...more.map((ways) => goneBy(model, ways)));
  const names = namesOf(model, suite);
  return suite.map((steps, n) => new Path(names[n] as string, steps, model, check));
}

/** A path along the ways of a model. */
export function pathAlong<M extends AnyStateMachine>(model: MachineModel<M>, ways: readonly Way[]): Path<M> {
  const steps = goneBy(model, ways);
  return new Path(namesOf(model, [steps])[0] as string, steps, model, undefined);
}

type Gone = PathStep & { readonly seen: ReadonlySet<string> };

/** What really happens on the ways: moments that count as one may differ in what the key leaves out. */
function goneBy({ graph, stepper }: MachineModel, ways: readonly Way[]): Gone[] {
  let { state } = graph.start;
  return ways.map(({ occurrence }) => {
    const stepped = stepper.step(state, occurrence);
    ({ state } = stepped);
    return { occurrence, name: nameOf(occurrence), ...stepped };
  });
}

/** Ways to what was missed because of such a difference: the very ones on which it was found. */
function leftOver({ graph }: MachineModel, suite: readonly Gone[][], wanted: ReadonlySet<string>): Way[][] {
  const covered = new Set([...graph.started.seen, ...suite.flat().flatMap(({ seen }) => [...seen])]);
  const more: Way[][] = [];
  for (const place of graph.places)
    for (const way of place.ways) {
      if (!way.seen.some((part) => wanted.has(part) && !covered.has(part))) continue;
      for (const part of way.seen) covered.add(part);
      more.push([...firstWayTo(place), way]);
    }
  return more;
}

function namesOf({ machine, graph }: MachineModel, suite: readonly (readonly PathStep[])[]): string[] {
  const taken = new Map<string, number>();
  return suite.map((steps) => {
    const name = sentenceOf(machine.id, steps, (steps.at(-1) ?? graph.start).state);
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
