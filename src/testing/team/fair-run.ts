import type { Explored } from "./explored.ts";
import { stronglyConnected } from "./strongly-connected.ts";

/** A run without its goal, for ever. */
export interface FairRun {
  /** States on the way, the beginning first. */
  readonly path: readonly number[];
  /** From which place in the path on it repeats: the last state is this one again, or it is this one, and the run stays there. */
  readonly loopsFrom: number;
}

interface Question {
  /** The mark of the goal. */
  readonly goal: number;
  /** The mark of the states after which the goal is due; 0: after all. */
  readonly after: number;
  readonly fair: (action: string) => boolean;
}

/**
 * A run that is fair and never comes to its goal: it is in a strongly connected part of the states without the goal
 * in which every fair action is either taken or somewhere impossible. A run may also stay where it is, if no fair
 * action is possible there. Maximal parts are enough, for weak fairness.
 */
export function findFairRun(graph: Explored, question: Question): FairRun | undefined {
  const without = reachedWithout(graph, question);
  const fair = graph.actionNames.map((name) => question.fair(name));
  const within = (state: number): boolean => without.reached[state] === 1;
  const rest = without.reached.findIndex((is, state) => is === 1 && mayStay(graph, state, fair));
  if (rest >= 0) {
    const path = without.wayTo(rest);
    return { path, loopsFrom: path.length - 1 };
  }
  let found: readonly number[] | undefined;
  stronglyConnected(graph, within, (part) => {
    // The part that is nearest to the beginning makes the shortest story.
    const nearer = found === undefined || (part[0] as number) < (found[0] as number);
    if (nearer && isFair(graph, part, fair)) found = part;
  });
  if (found === undefined) return undefined;
  const entry = found[0] as number;
  const stem = without.wayTo(entry);
  const loop = loopThrough(graph, found, fair);
  return { path: [...stem, ...loop], loopsFrom: stem.length - 1 };
}

interface Without {
  readonly reached: Uint8Array;
  wayTo(state: number): number[];
}

/** The states a run may be in when it has not come to the goal since it was due. */
function reachedWithout(graph: Explored, { goal, after }: Question): Without {
  const { states } = graph;
  const reached = new Uint8Array(states);
  const from = new Int32Array(states).fill(-1);
  const queue: number[] = [];
  const isOpen = (state: number): boolean => (graph.marks.get(state) & goal) === 0;
  for (let state = 0; state < states; state++) {
    if (!isOpen(state) || (after !== 0 && (graph.marks.get(state) & after) === 0)) continue;
    reached[state] = 1;
    queue.push(state);
  }
  for (let i = 0; i < queue.length; i++) {
    const state = queue[i] as number;
    for (let edge = graph.edgesStart(state); edge < graph.edgesEnd(state); edge++) {
      const target = graph.target(edge);
      if (reached[target] === 1 || !isOpen(target)) continue;
      reached[target] = 1;
      from[target] = state;
      queue.push(target);
    }
  }
  return {
    reached,
    wayTo(state) {
      const way = [state];
      for (let at = from[state] as number; at >= 0; at = from[at] as number) way.push(at);
      const [due, ...rest] = way.reverse();
      return [...graph.pathTo(due as number), ...rest];
    },
  };
}

/** A state in which no fair action is possible: nothing makes the run go on. */
function mayStay(graph: Explored, state: number, fair: readonly boolean[]): boolean {
  if (state >= graph.expanded) return false;
  for (let edge = graph.edgesStart(state); edge < graph.edgesEnd(state); edge++) {
    if (fair[graph.action(edge)]) return false;
  }
  return true;
}

/** A part of several states has been expanded: others lead nowhere. */
function isFair(graph: Explored, part: readonly number[], fair: readonly boolean[]): boolean {
  if (part.length === 1 && !hasLoop(graph, part[0] as number)) return false;
  return demands(graph, part, fair).met;
}

/** Which fair actions are possible everywhere in a part, and whether each of them is taken within it. */
function demands(
  graph: Explored,
  part: readonly number[],
  fair: readonly boolean[],
): { readonly met: boolean; readonly actions: readonly number[] } {
  const inside = new Set(part);
  const possibleIn = new Map<number, number>();
  const taken = new Set<number>();
  for (const state of part) {
    const here = new Set<number>();
    for (let edge = graph.edgesStart(state); edge < graph.edgesEnd(state); edge++) {
      const action = graph.action(edge);
      if (!fair[action]) continue;
      here.add(action);
      if (inside.has(graph.target(edge))) taken.add(action);
    }
    for (const action of here) possibleIn.set(action, (possibleIn.get(action) ?? 0) + 1);
  }
  const always = [...possibleIn].filter(([, count]) => count === part.length).map(([action]) => action);
  return { met: always.every((action) => taken.has(action)), actions: [...possibleIn.keys()] };
}

/** A way from the part's first state back to it, on which every fair action is taken or once impossible. */
function loopThrough(graph: Explored, part: readonly number[], fair: readonly boolean[]): number[] {
  const inside = new Set(part);
  const entry = part[0] as number;
  const loop: number[] = [];
  let at = entry;
  for (const action of demands(graph, part, fair).actions) {
    const satisfied = [entry, ...loop].some(
      (state, i, all) => !isPossible(graph, state, action) || takes(graph, state, all[i + 1], action),
    );
    if (satisfied) continue;
    const leg = shortest(graph, inside, at, (state) =>
      isPossible(graph, state, action) ? targetBy(graph, inside, state, action) : "here",
    );
    loop.push(...leg);
    at = leg.at(-1) ?? at;
  }
  if (at === entry && loop.length > 0) return loop;
  const home = shortest(graph, inside, at, (state) => targetTo(graph, state, entry));
  return [...loop, ...home];
}

/** The states after `from` on the shortest way to one where `ends` gives `here`, or one more state to go to. */
function shortest(
  graph: Explored,
  inside: ReadonlySet<number>,
  from: number,
  ends: (state: number) => number | "here" | undefined,
): number[] {
  const before = new Map<number, number>([[from, -1]]);
  for (const state of before.keys()) {
    const end = ends(state);
    if (end !== undefined) {
      const way: number[] = end === "here" ? [] : [end];
      for (let at = state; at !== from; at = before.get(at) as number) way.unshift(at);
      return way;
    }
    for (let edge = graph.edgesStart(state); edge < graph.edgesEnd(state); edge++) {
      const target = graph.target(edge);
      if (inside.has(target) && !before.has(target)) before.set(target, state);
    }
  }
  return [];
}

function edgesOf(graph: Explored, state: number): number[] {
  const start = graph.edgesStart(state);
  return Array.from({ length: graph.edgesEnd(state) - start }, (_, i) => start + i);
}

function isPossible(graph: Explored, state: number, action: number): boolean {
  return edgesOf(graph, state).some((edge) => graph.action(edge) === action);
}

function takes(graph: Explored, state: number, next: number | undefined, action: number): boolean {
  return edgesOf(graph, state).some((edge) => graph.action(edge) === action && graph.target(edge) === next);
}

function targetBy(
  graph: Explored,
  inside: ReadonlySet<number>,
  state: number,
  action: number,
): number | undefined {
  const edge = edgesOf(graph, state).find((e) => graph.action(e) === action && inside.has(graph.target(e)));
  return edge === undefined ? undefined : graph.target(edge);
}

function targetTo(graph: Explored, state: number, target: number): number | undefined {
  return edgesOf(graph, state).some((edge) => graph.target(edge) === target) ? target : undefined;
}

function hasLoop(graph: Explored, state: number): boolean {
  return targetTo(graph, state, state) !== undefined;
}
