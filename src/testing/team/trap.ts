import type { Explored } from "./explored.ts";

/**
 * The first state found from which no state with the mark can be reached any more, or undefined. A state that was
 * not expanded counts as one from which everything can be.
 */
export function findTrap(graph: Explored, mark: number): number | undefined {
  const { states, expanded } = graph;
  const free = new Uint8Array(states);
  const waiting: number[] = [];
  const release = (state: number): void => {
    if (free[state] === 1) return;
    free[state] = 1;
    waiting.push(state);
  };
  for (let state = 0; state < states; state++) {
    if (state >= expanded || (graph.marks.get(state) & mark) !== 0) release(state);
  }
  const { from, sources } = reversed(graph);
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    for (let i = from[state] as number; i < (from[state + 1] as number); i++) release(sources[i] as number);
  }
  const first = free.indexOf(0);
  return first < 0 ? undefined : first;
}

/** The edges by their targets: those into a state come from `sources[from[state]]` to before `from[state + 1]`. */
function reversed(graph: Explored): { from: Uint32Array; sources: Int32Array } {
  const { states, expanded, edges } = graph;
  const from = new Uint32Array(states + 1);
  for (let edge = 0; edge < edges; edge++) count(from, graph.target(edge) + 1);
  for (let state = 0; state < states; state++) count(from, state + 1, from[state]);
  const filled = from.slice();
  const sources = new Int32Array(edges);
  for (let state = 0; state < expanded; state++) {
    for (let edge = graph.edgesStart(state); edge < graph.edgesEnd(state); edge++) {
      const target = graph.target(edge);
      sources[filled[target] as number] = state;
      count(filled, target);
    }
  }
  return { from, sources };
}

function count(counts: Uint32Array, at: number, by = 1): void {
  counts[at] = (counts[at] as number) + by;
}
