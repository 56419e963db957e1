import type { Graph, Place, Way } from "./graph.ts";

/** What a suite of paths has to do. */
export interface SuiteOptions {
  /**
   * `machine` (default): each state, transition and outcome of a guard once. `model`: each event in each moment that was
   * found; for a machine that tells its states apart by data.
   */
  readonly cover?: "machine" | "model";
  /** Events of one path, if more are not needed to get anywhere; default 12. */
  readonly stepsMax?: number;
  /** Paths; default 1,000. What is left uncovered then is said. */
  readonly pathsMax?: number;
}

/**
 * Paths from the start that together cover everything, few and short: each goes on to the nearest thing that is still
 * uncovered, until it is nearer from the start again or the path is long enough.
 */
export function suiteOf(
  graph: Graph,
  wanted: ReadonlySet<string>,
  { cover = "machine", stepsMax = 12, pathsMax = 1_000 }: SuiteOptions,
): Way[][] {
  const open = new Open(graph, wanted, cover === "model");
  const paths: Way[][] = [];
  for (let path = nextPath(graph, open, stepsMax); path.length > 0; path = nextPath(graph, open, stepsMax)) {
    paths.push(path);
    if (paths.length === pathsMax) break;
  }
  return paths.length === 0 ? [[]] : paths;
}

function nextPath({ start }: Graph, open: Open, stepsMax: number): Way[] {
  const path: Way[] = [];
  for (let at = start; open.size > 0; at = (path.at(-1) as Way).to) {
    const leg = nearest(at, open);
    if (leg === undefined || (path.length > 0 && path.length + leg.length > stepsMax)) break;
    if (path.length > 0 && leg.length > 2) {
      const afresh = nearest(start, open);
      if (afresh !== undefined && afresh.length <= leg.length) break;
    }
    path.push(...leg);
    for (const way of leg) open.close(way);
  }
  return path;
}

/** The shortest way to something uncovered; of several, the one that covers most. */
function nearest(from: Place, open: Open): Way[] | undefined {
  const before = new Map<Place, Way | undefined>([[from, undefined]]);
  let level: Place[] = [from];
  while (level.length > 0) {
    let best: Way | undefined;
    const next: Place[] = [];
    for (const place of level)
      for (const way of place.ways) {
        const gain = open.gain(way);
        if (gain > 0 && (best === undefined || gain > open.gain(best))) best = way;
        if (before.has(way.to)) continue;
        before.set(way.to, way);
        next.push(way.to);
      }
    if (best !== undefined) return wayTo(best, before);
    level = next;
  }
  return undefined;
}

function wayTo(last: Way, before: ReadonlyMap<Place, Way | undefined>): Way[] {
  const ways = [last];
  for (let way = before.get(last.from); way !== undefined; way = before.get(way.from)) ways.push(way);
  return ways.reverse();
}

/** What is still uncovered. */
class Open {
  readonly #parts: Set<string>;
  readonly #ways = new Set<Way>();

  constructor(graph: Graph, wanted: ReadonlySet<string>, everyWay: boolean) {
    this.#parts = new Set([...graph.seen].filter((part) => wanted.has(part)));
    for (const part of graph.started.seen) this.#parts.delete(part);
    if (everyWay) for (const { ways } of graph.places) for (const way of ways) this.#ways.add(way);
  }

  get size(): number {
    return this.#parts.size + this.#ways.size;
  }

  gain(way: Way): number {
    let gain = this.#ways.has(way) ? 1 : 0;
    for (const part of way.seen) if (this.#parts.has(part)) gain++;
    return gain;
  }

  close(way: Way): void {
    this.#ways.delete(way);
    for (const part of way.seen) this.#parts.delete(part);
  }
}
