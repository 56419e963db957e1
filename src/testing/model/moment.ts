import { plainOf, textOf } from "./plain.ts";
import type { Said } from "./said.ts";
import type { ModelState } from "./stepper.ts";

/** All that can be compared of a moment, as plain data. */
export interface Moment {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
  /** The children that run. */
  readonly calls: readonly string[];
  /** `id: delay in ms`, in the order in which they were set. */
  readonly timers: readonly string[];
}

const moments = new WeakMap<ModelState, Moment>();
const texts = new WeakMap<object, string>();

/** Made once for a moment: those of a path are compared with often. */
export function momentOf(state: ModelState): Moment {
  let moment = moments.get(state);
  if (moment === undefined) {
    moment = makeMoment(state);
    moments.set(state, moment);
  }
  return moment;
}

function textOnce(of: object, plain: () => unknown): string {
  let text = texts.get(of);
  if (text === undefined) {
    text = JSON.stringify(plain());
    texts.set(of, text);
  }
  return text;
}

function isSame(expected: Observed, actual: Observed): boolean {
  const momentText = ({ state }: Observed): string => textOnce(state, () => momentOf(state));
  const saidText = ({ said }: Observed): string => textOnce(said, () => plainOf(said));
  return (
    expected.taken === actual.taken &&
    momentText(expected) === momentText(actual) &&
    saidText(expected) === saidText(actual)
  );
}

function makeMoment({ snapshot, timers, calls, stopped }: ModelState): Moment {
  const { value, context, status, output, error } = snapshot as typeof snapshot & { error?: unknown };
  return plainOf({
    value,
    context,
    status: stopped && status === "active" ? "stopped" : status,
    output: status === "done" ? output : undefined,
    error: status === "error" ? messageOf(error) : undefined,
    calls: calls.map(({ id }) => id).sort(),
    timers: timers.map(({ id, delayMs }) => `${id}: ${delayMs}`),
  }) as Moment;
}

/** XState and we word the place of a thrown error differently; what was thrown is the last line. */
function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message ?? error;
  return String(message).split("\n").at(-1) as string;
}

/** What was seen where something else was expected. The test runner shows both. */
export class PathError extends Error {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(message: string, expected: unknown, actual: unknown) {
    super(message);
    this.name = "PathError";
    this.expected = expected;
    this.actual = actual;
  }
}

/** What is compared after each step. */
export interface Observed {
  readonly state: ModelState;
  readonly said: readonly Said[];
  readonly taken: boolean;
}

/** @throws PathError at the first thing that differs */
export function compare(where: string, expected: Observed, actual: Observed): void {
  if (isSame(expected, actual)) return;
  const differs = (what: string, wanted: unknown, got: unknown): void => {
    if (textOf(wanted) === textOf(got)) return;
    throw new PathError(
      `${where}: expected ${what} ${brief(wanted)}, got ${brief(got)}`,
      plainOf(wanted),
      plainOf(got),
    );
  };
  differs("the event to be", expected.taken ? "taken" : "refused", actual.taken ? "taken" : "refused");
  const [wanted, got] = [momentOf(expected.state), momentOf(actual.state)];
  differs("status", wanted.error ?? wanted.status, got.error ?? got.status);
  differs("state", wanted.value, got.value);
  differs("to be said", expected.said, actual.said);
  for (const part of ["context", "output", "calls", "timers"] as const)
    differs(part, wanted[part], got[part]);
}

function brief(value: unknown): string {
  const text = textOf(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
