import type { Occurrence } from "./occurrence.ts";
import type { Said } from "./said.ts";
import type { ModelState, Stepped } from "./stepper.ts";

/** A moment of a machine that was reached. */
export interface Place {
  readonly state: ModelState;
  readonly key: string;
  /** Events from the start, on the way it was first reached. */
  readonly depth: number;
  readonly ways: Way[];
  /** How it was first reached; undefined for the start. */
  via: Way | undefined;
}

/** What one event comes to in a moment. */
export interface Way {
  readonly from: Place;
  readonly to: Place;
  readonly occurrence: Occurrence;
  readonly said: readonly Said[];
  readonly seen: readonly string[];
  /** False: the machine has no transition for it then, and the runtime refuses the message. */
  readonly taken: boolean;
}

/** The moments of a machine, and how they follow from one another. */
export class Graph {
  readonly start: Place;
  readonly started: Stepped;
  /** The parts of the machine that were at work anywhere. */
  readonly seen: Set<string>;
  readonly #places = new Map<string, Place>();
  #ways = 0;

  constructor(started: Stepped, key: string) {
    this.started = started;
    this.start = { state: started.state, key, depth: 0, ways: [], via: undefined };
    this.#places.set(key, this.start);
    this.seen = new Set(started.seen);
  }

  get size(): number {
    return this.#places.size;
  }

  get ways(): number {
    return this.#ways;
  }

  get places(): Iterable<Place> {
    return this.#places.values();
  }

  find(key: string): Place | undefined {
    return this.#places.get(key);
  }

  add(state: ModelState, key: string, depth: number): Place {
    const place: Place = { state, key, depth, ways: [], via: undefined };
    this.#places.set(key, place);
    return place;
  }

  connect(way: Way): void {
    for (const part of way.seen) this.seen.add(part);
    way.from.ways.push(way);
    if (way.to !== this.start) way.to.via ??= way;
    this.#ways++;
  }
}

/** The ways on which a moment was first reached, from the start: the very moment, even where the key is coarse. */
export function firstWayTo(place: Place): Way[] {
  const ways: Way[] = [];
  for (let way = place.via; way !== undefined; way = way.from.via) ways.unshift(way);
  return ways;
}
