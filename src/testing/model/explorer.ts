import type { AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import { Graph, type Place } from "./graph.ts";
import type { Occurrence } from "./occurrence.ts";
import type { Occurrences } from "./occurrences.ts";
import type { ModelLimits, ModelOptions } from "./options.ts";
import { textOf } from "./plain.ts";
import { nameOf } from "./sentence.ts";
import { type ModelState, Stepper } from "./stepper.ts";

/** Why not everything was looked at. */
export interface Truncation {
  readonly by: "statesMax" | "depthMax";
  readonly message: string;
}

/** Part of `statesMax` that is kept for what single guards are tried with. */
const reserve = 0.1;

/** Explores the moments of a machine, the states least seen first, within limits. */
export class Explorer {
  readonly graph: Graph;
  readonly stepper: Stepper;
  readonly #faults = new Map<string, string>();
  truncated: Truncation | undefined;
  readonly #options: ModelOptions<never>;
  readonly #limits: ModelLimits;
  readonly #occurrences: Occurrences;
  /** Moments not yet gone on from, by their state value. */
  readonly #waiting = new Map<string, { readonly places: Place[]; gone: number }>();

  constructor(
    machine: AnyStateMachine,
    options: ModelOptions<never>,
    limits: ModelLimits,
    occurrences: Occurrences,
  ) {
    this.#options = options;
    this.#limits = limits;
    this.#occurrences = occurrences;
    this.stepper = new Stepper(machine, options.protocol);
    const started = this.stepper.start(options.input);
    this.graph = new Graph(started, this.#keyOf(started.state));
    this.#wait(this.graph.start);
  }

  explore(): void {
    for (let place = this.#next(); place !== undefined; place = this.#next()) this.#goOn(place);
  }

  /** What was left out, and what to give to have it. */
  get notes(): readonly string[] {
    return [...this.#faults.values()];
  }

  /** The types of events on which the machine failed whatever was made up for them. */
  get faulty(): readonly string[] {
    return [...this.#faults.keys()];
  }

  /** Whether there is room for another moment. */
  get full(): boolean {
    return this.graph.size >= this.#limits.statesMax;
  }

  #goOn(place: Place): void {
    for (const occurrence of this.#occurrences.at(place.state)) this.follow(place, occurrence);
    if (this.#keyOf(place.state) === place.key) return;
    throw new CoxswainError(
      "MACHINE_INVALID",
      `Expected the actions of machine ${quote(this.stepper.machine.id)} to leave the context they get as it is; in ${textOf(place.state.snapshot.value)} one of them changed it in place`,
    );
  }

  /** Takes one event from a moment. @returns the parts of the machine that were at work for the first time */
  follow(place: Place, occurrence: Occurrence): readonly string[] {
    const { graph } = this;
    for (const each of this.#occurrences.variants(occurrence)) {
      const { state, said, taken, seen: parts } = this.stepper.step(place.state, each);
      if (isOurFault(state, each)) {
        this.#note(state, each);
        continue;
      }
      const seen = [...parts];
      const news = seen.filter((part) => !graph.seen.has(part));
      const isNothing = !taken && news.length === 0 && this.#options.refused !== true;
      if (isNothing && this.#keyOf(state) === place.key) return [];
      const to = this.#placeOf(state, place.depth + 1, news.length > 0);
      if (to !== undefined) graph.connect({ from: place, to, occurrence: each, said, seen, taken });
      this.#faults.delete(faultKey(each));
      return to === undefined ? [] : news;
    }
    return [];
  }

  #placeOf(state: ModelState, depth: number, wanted: boolean): Place | undefined {
    const key = this.#keyOf(state);
    const known = this.graph.find(key);
    if (known !== undefined) return known;
    const { statesMax, depthMax } = this.#limits;
    if (this.graph.size >= (wanted ? statesMax : Math.max(1, statesMax * (1 - reserve)))) {
      const message = `There are more than statesMax = ${statesMax} moments: not all of them were looked at`;
      this.truncated ??= { by: "statesMax", message };
      return undefined;
    }
    const place = this.graph.add(state, key, depth);
    if (depth < depthMax) this.#wait(place);
    else {
      const message = `Some moments are depthMax = ${depthMax} events from the start: nothing was tried there`;
      this.truncated ??= { by: "depthMax", message };
    }
    return place;
  }

  #note({ snapshot }: ModelState, occurrence: Occurrence): void {
    const { error } = snapshot as { error: unknown };
    const what = { done: "outputs", failed: "errors" }[occurrence.kind as string] ?? "payloads";
    const reason = error instanceof Error ? error.message : String(error);
    const text = reason.replace(/\s+/g, " ").slice(0, 200);
    this.#faults.set(
      faultKey(occurrence),
      `The machine fails on ${nameOf(occurrence)} with what was made up for it (${text}): give ${what} for ${quote(occurrence.label)}`,
    );
  }

  #wait(place: Place): void {
    const value = textOf(place.state.snapshot.value);
    const bucket = this.#waiting.get(value);
    if (bucket === undefined) this.#waiting.set(value, { places: [place], gone: 0 });
    else bucket.places.push(place);
  }

  /** Of the states least often gone on from, the moment found first. */
  #next(): Place | undefined {
    let least: { readonly places: Place[]; gone: number } | undefined;
    for (const bucket of this.#waiting.values())
      if (bucket.gone < bucket.places.length && (least === undefined || bucket.gone < least.gone))
        least = bucket;
    return least === undefined ? undefined : least.places[least.gone++];
  }

  #keyOf(state: ModelState): string {
    const { snapshot, timers, calls, stopped } = state;
    const { stateKey } = this.#options;
    if (stateKey !== undefined) return textOf((stateKey as StateKey)(snapshot, state));
    const { value, context, status, historyValue } = snapshot;
    const history = Object.entries(historyValue).map(([id, nodes]) => [id, nodes?.map((node) => node.id)]);
    const known = new Set(calls.map(({ id }) => id));
    const children = Object.keys(snapshot.children).map((id) => `${id} ${known.has(id)}`);
    const due = timers.map(({ id, delayMs, turn, event }) => [id, delayMs, turn, event]);
    return textOf([value, context, status, history, children.sort(), due, stopped]);
  }
}

type StateKey = (snapshot: AnyMachineSnapshot, state: ModelState) => unknown;

/** A machine that fails on what was made up for it may be right; one that takes no failure of its child is its own. */
function isOurFault({ snapshot }: ModelState, { madeUp, event }: Occurrence): boolean {
  const { status, error } = snapshot as { status: string; error?: unknown };
  return status === "error" && madeUp && !("error" in event && error === event.error);
}

function faultKey({ event }: Occurrence): string {
  return event.type;
}
