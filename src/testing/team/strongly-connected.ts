import type { Explored } from "./explored.ts";
import { Growing } from "./growing.ts";

/**
 * The strongly connected parts of a subgraph, each with its lowest state first: Tarjan's algorithm with a stack of
 * its own, as a run may be a million states long.
 */
export function stronglyConnected(
  graph: Explored,
  within: (state: number) => boolean,
  onPart: (part: readonly number[]) => void,
): void {
  const { states } = graph;
  /** When a state was first seen, from 1; 0: not yet. */
  const seen = new Uint32Array(states);
  const low = new Uint32Array(states);
  const open = new Uint8Array(states);
  const nextEdge = new Uint32Array(states);
  const stack = new Growing(new Int32Array(1_024));
  let stackLength = 0;
  let clock = 0;

  const lower = (state: number, to: number): void => {
    if (to < (low[state] as number)) low[state] = to;
  };
  const enter = (state: number): void => {
    clock++;
    seen[state] = clock;
    low[state] = clock;
    open[state] = 1;
    nextEdge[state] = graph.edgesStart(state);
    if (stackLength === stack.length) stack.push(state);
    else stack.set(stackLength, state);
    stackLength++;
  };
  const close = (root: number): void => {
    const part: number[] = [];
    for (;;) {
      const state = stack.get(--stackLength);
      open[state] = 0;
      part.push(state);
      if (state === root) break;
    }
    onPart(part.length === 1 ? part : part.sort((a, b) => a - b));
  };
  const visit = (root: number): void => {
    const way = [root];
    enter(root);
    for (let state = way.at(-1); state !== undefined; state = way.at(-1)) {
      const edge = nextEdge[state] as number;
      if (edge < graph.edgesEnd(state)) {
        nextEdge[state] = edge + 1;
        const target = graph.target(edge);
        if (!within(target)) continue;
        if (seen[target] === 0) {
          enter(target);
          way.push(target);
        } else if (open[target] === 1) lower(state, seen[target] as number);
        continue;
      }
      way.pop();
      const above = way.at(-1);
      if (above !== undefined) lower(above, low[state] as number);
      if (low[state] === seen[state]) close(state);
    }
  };
  for (let state = 0; state < states; state++) if (within(state) && seen[state] === 0) visit(state);
}
