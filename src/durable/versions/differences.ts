import type { MachineOutline, Outline, StateOutline } from "./outline.ts";

/**
 * One change of a machine, for people.
 *
 * - `breaking`: an actor whose snapshot was stored before would not load, or would not go on as one that got to the
 *   same state on the new machine: a state it may be in is gone, or now waits for what nobody started.
 * - `compatible`: it would.
 */
export interface Difference {
  readonly effect: "breaking" | "compatible";
  readonly says: string;
}

/** What changed from one outline to another; nothing exactly where their fingerprints are equal. */
export function differencesOf(before: Outline, after: Outline): readonly Difference[] {
  const found: Difference[] = [];
  compare(before, after, new Scope("", found));
  return found;
}

/** Collects what is said of one machine. */
class Scope {
  readonly #within: string;
  readonly #found: Difference[];

  constructor(within: string, found: Difference[]) {
    this.#within = within;
    this.#found = found;
  }
  breaking(says: string): void {
    this.#found.push({ effect: "breaking", says: this.#within + says });
  }
  compatible(says: string): void {
    this.#found.push({ effect: "compatible", says: this.#within + says });
  }
  of(actor: string): Scope {
    return new Scope(`${this.#within}actor \`${actor}\`: `, this.#found);
  }
}

function compare(before: Outline, after: Outline, scope: Scope): void {
  if (before.kind === "machine" && after.kind === "machine") return compareMachines(before, after, scope);
  if (nameOf(before) !== nameOf(after)) scope.breaking(`it was ${nameOf(before)} and is ${nameOf(after)}`);
}

const names = {
  machine: "a machine",
  reducer: "a plain reducer",
  transition: "a reducer",
  call: "a call",
  missing: "not provided",
};

function nameOf(outline: Outline): string {
  return outline.kind === "above" ? `the machine ${outline.levels} above` : names[outline.kind];
}

function compareMachines(before: MachineOutline, after: MachineOutline, scope: Scope): void {
  // Ids of its states, invocations and timers are made of it.
  if (before.id !== after.id) scope.breaking(`the machine's id was \`${before.id}\` and is \`${after.id}\``);
  compareStates(before.root, after.root, [], scope);
  for (const [src, was] of Object.entries(before.actors)) {
    const is = own(after.actors, src);
    if (is !== undefined) compare(was, is, scope.of(src));
    // One written into an invocation goes with it, which is told already.
    else if (!isInline(src)) scope.breaking(`actor \`${src}\` is gone`);
  }
  for (const src of Object.keys(after.actors)) {
    if (own(before.actors, src) === undefined && !isInline(src)) scope.compatible(`actor \`${src}\` is new`);
  }
}

function isInline(src: string): boolean {
  return src.startsWith("xstate.invoke.");
}

function compareStates(
  before: StateOutline,
  after: StateOutline,
  path: readonly string[],
  scope: Scope,
): void {
  const state = path.length === 0 ? "the machine" : `state \`${path.join(".")}\``;
  if (before.type !== after.type) {
    return scope.breaking(`${state} was ${before.type} and is ${after.type}`);
  }
  // Stored history, timers and ends of children name a state by its id.
  if (before.id !== after.id) {
    scope.breaking(`${state} had ${idText(before)} and has ${idText(after)}`);
  }
  if (before.history !== after.history) {
    scope.breaking(`${state} remembered ${before.history} and remembers ${after.history}`);
  }
  if (before.initial !== after.initial) {
    scope.compatible(`${state} begins with \`${after.initial}\`, not \`${before.initial}\``);
  }
  const on = changes(before.on, after.on);
  for (const type of on.gone) scope.compatible(`${state} handles no \`${type}\` any more`);
  for (const type of on.added) scope.compatible(`${state} handles \`${type}\` now`);
  compareWaits(before, after, state, scope);
  compareInvocations(before, after, state, scope);
  compareInner(before, after, path, scope);
}

function idText({ id }: StateOutline): string {
  return id === undefined ? "no id of its own" : `the id \`${id}\``;
}

/** Who is in the state already has no timer for what is new, and is not asked again before its next event. */
function compareWaits(before: StateOutline, after: StateOutline, state: string, scope: Scope): void {
  const delays = changes(before.after, after.after);
  for (const delay of delays.gone) scope.compatible(`${state} does nothing after \`${delay}\` any more`);
  for (const delay of delays.added) {
    scope.breaking(`${state} does something after \`${delay}\` now; who is in it has no such timer`);
  }
  if (before.always !== after.always) {
    if (before.always) scope.compatible(`${state} is no longer left by itself`);
    else scope.breaking(`${state} may be left by itself now; who is in it stays until its next event`);
  }
}

function compareInvocations(before: StateOutline, after: StateOutline, state: string, scope: Scope): void {
  const was = new Map(before.invoke?.map(({ id, src }) => [id, src]));
  const is = new Map(after.invoke?.map(({ id, src }) => [id, src]));
  for (const [id, src] of was) {
    const now = is.get(id);
    if (now === undefined) scope.breaking(`${state} does not invoke \`${id}\` any more; it may be running`);
    else if (now !== src) scope.breaking(`${state} invokes \`${now}\` as \`${id}\`, not \`${src}\``);
  }
  for (const id of is.keys()) {
    if (!was.has(id)) scope.breaking(`${state} invokes \`${id}\` now; for who is in it, it does not run`);
  }
}

function compareInner(
  before: StateOutline,
  after: StateOutline,
  path: readonly string[],
  scope: Scope,
): void {
  const [was, is] = [before.states ?? {}, after.states ?? {}];
  for (const [name, state] of Object.entries(was)) {
    const now = own(is, name);
    const inner = [...path, name];
    if (now === undefined) scope.breaking(`state \`${inner.join(".")}\` is gone`);
    else compareStates(state, now, inner, scope);
  }
  for (const [name, { type }] of Object.entries(is)) {
    if (own(was, name) !== undefined) continue;
    const inner = [...path, name].join(".");
    if (after.type === "parallel" && type !== "history") {
      scope.breaking(`region \`${inner}\` is new; nobody who is beside it has entered it`);
    } else scope.compatible(`state \`${inner}\` is new`);
  }
}

function changes(before: readonly string[] = [], after: readonly string[] = []) {
  return {
    gone: before.filter((name) => !after.includes(name)),
    added: after.filter((name) => !before.includes(name)),
  };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
