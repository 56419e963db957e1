import type { AnyStateMachine, SnapshotFrom } from "xstate";
import { type Missing, machineModel } from "../model/machine-model.ts";
import { PathError } from "../model/moment.ts";
import type { Occurrence } from "../model/occurrence.ts";
import { type Path, type PathStep, type PathsOptions, pathsIn } from "../model/path.ts";
import { plainOf, textOf } from "../model/plain.ts";
import type { Said } from "../model/said.ts";
import { storyOf } from "./story.ts";

/** Does with the system under test what one event of the model stands for. What it returns is what the system answered. */
export type Perform<S> = (sut: S, payload: never, event: Occurrence["event"]) => unknown;

/** A system under test, and how it is driven and looked at. */
export interface Conformance<M extends AnyStateMachine, S> extends Omit<PathsOptions<M>, "check" | "may"> {
  /** A fresh one, for each path. */
  readonly start: () => S | Promise<S>;
  /**
   * What may happen, by event type; of timers `after 1000`, of calls `fetch done` and `fetch failed`. Events that are not
   * here do not happen.
   */
  readonly perform: Readonly<Record<string, Perform<S>>>;
  /** What there is to see of the system, as data. */
  readonly observe?: (sut: S) => unknown;
  /** The same of the model; default its state value. */
  readonly expected?: (snapshot: SnapshotFrom<M>) => unknown;
  /** What `perform` has to return, of what the machine says in that step; default: it is not compared. */
  readonly answer?: (said: readonly Said[], snapshot: SnapshotFrom<M>) => unknown;
  readonly stop?: (sut: S) => unknown;
}

/** A path along which an implementation is held to its model. */
export interface ConformancePath {
  readonly name: string;
  readonly steps: number;
  /** @throws PathError at the first difference, with what led to it */
  run(): Promise<void>;
}

export interface ConformanceResult {
  readonly paths: number;
  readonly steps: number;
  /** The parts of the model that nothing here leads through. */
  readonly missing: readonly Missing[];
}

/**
 * Paths along which a system is driven, by what its model says may happen, and compared with it after each step. By
 * default each event is tried in each moment of the model.
 *
 * @example for (const path of conformancePaths(machine, { start, perform, observe })) test(path.name, () => path.run());
 */
export function conformancePaths<M extends AnyStateMachine, S>(
  machine: M,
  conformance: Conformance<M, S>,
): ConformancePath[] {
  return pathsOfModel(machine, conformance).paths.map((path) => ({
    name: path.name,
    steps: path.steps.length,
    run: () => drive(path, conformance),
  }));
}

/** Goes all of them, the shortest first. @throws PathError at the first difference, with what led to it */
export async function conforms<M extends AnyStateMachine, S>(
  machine: M,
  conformance: Conformance<M, S>,
): Promise<ConformanceResult> {
  const { paths, missing } = pathsOfModel(machine, conformance);
  for (const path of [...paths].sort((a, b) => a.steps.length - b.steps.length))
    await drive(path, conformance);
  return { paths: paths.length, steps: paths.reduce((sum, { steps }) => sum + steps.length, 0), missing };
}

function pathsOfModel<M extends AnyStateMachine, S>(
  machine: M,
  conformance: Conformance<M, S>,
): { paths: Path<M>[]; missing: readonly Missing[] } {
  const { perform, cover = "model" } = conformance;
  const may = (occurrence: Occurrence): boolean => performOf(perform, occurrence) !== undefined;
  const model = machineModel(machine, { ...conformance, may });
  return { paths: pathsIn(model, { ...conformance, cover }), missing: model.missing };
}

/** An event goes by its type, or by what it is called. */
function performOf<S>(
  perform: Conformance<AnyStateMachine, S>["perform"],
  { kind, event, label }: Occurrence,
): Perform<S> | undefined {
  const after = /^xstate\.after\.([^.]*)\./.exec(event.type)?.[1];
  const called = kind === "timer" ? `after ${after}` : `${label} ${kind}`;
  for (const name of [event.type, called]) if (Object.hasOwn(perform, name)) return perform[name];
  return undefined;
}

async function drive<M extends AnyStateMachine, S>(
  path: Path<M>,
  conformance: Conformance<M, S>,
): Promise<void> {
  const { perform, start, stop } = conformance;
  const sut = await start();
  try {
    await look(sut, path, 0, conformance);
    for (const [n, step] of path.steps.entries()) {
      const { occurrence } = step;
      const { event, payload } = occurrence;
      const act = performOf(perform, occurrence) as Perform<S>;
      const answer = await act(sut, (payload ?? event) as never, event);
      heard(answer, step, path, n + 1, conformance);
      await look(sut, path, n + 1, conformance);
    }
  } finally {
    await stop?.(sut);
  }
}

async function look<M extends AnyStateMachine, S>(
  sut: S,
  path: Path<M>,
  steps: number,
  { observe, expected = ({ value }) => value }: Conformance<M, S>,
): Promise<void> {
  if (observe === undefined) return;
  const { state } = path.steps[steps - 1] ?? path.start;
  same("see", expected(state.snapshot as SnapshotFrom<M>), await observe(sut), path, steps);
}

function heard<M extends AnyStateMachine, S>(
  answer: unknown,
  { said, state }: PathStep,
  path: Path<M>,
  steps: number,
  { answer: answerOf }: Conformance<M, S>,
): void {
  if (answerOf === undefined) return;
  same("get", answerOf(said, state.snapshot as SnapshotFrom<M>), answer, path, steps);
}

function same(verb: string, wanted: unknown, got: unknown, path: Path, steps: number): void {
  if (textOf(wanted) === textOf(got)) return;
  const story = storyOf({ start: path.start, steps: path.steps.slice(0, steps) });
  const message = `Expected to ${verb} ${textOf(wanted)}, got ${textOf(got)}, after this of ${path.model.machine.id}:\n${story}`;
  throw new PathError(message, plainOf(wanted), plainOf(got));
}
