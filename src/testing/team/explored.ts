import { Growing } from "./growing.ts";

const actionsMax = 65_536;

/** What is kept of a search: how each state was found and, if asked for, every edge. A state costs 8 bytes, an edge 6. */
export class Explored {
  /** The state each was found from; -1 for a beginning. */
  readonly parent = new Growing(new Int32Array(1_024));
  /** Which of its parent's steps led there; of a beginning, which beginning it is. */
  readonly ordinal = new Growing(new Uint32Array(1_024));
  /** Which goals hold, a bit each. */
  readonly marks = new Growing(new Uint32Array(1_024));
  /** Where the edges of a state begin; those of expanded states only. */
  readonly #edgesFrom = new Growing(new Uint32Array(1_024));
  readonly #targets = new Growing(new Int32Array(1_024));
  readonly #actions = new Growing(new Uint16Array(1_024));
  readonly #actionIds = new Map<string, number>();
  readonly #actionNames: string[] = [];

  found(parent: number, ordinal: number, marks: number): void {
    this.parent.push(parent);
    this.ordinal.push(ordinal);
    this.marks.push(marks);
  }

  get states(): number {
    return this.parent.length;
  }

  /** How many states have been expanded: these have the lowest numbers. */
  get expanded(): number {
    return this.#edgesFrom.length;
  }

  get actionNames(): readonly string[] {
    return this.#actionNames;
  }

  /** The edges of the next state follow. */
  expand(): void {
    this.#edgesFrom.push(this.#targets.length);
  }

  edge(target: number, action: string): void {
    let id = this.#actionIds.get(action);
    if (id === undefined) {
      if (this.#actionIds.size === actionsMax) throw new RangeError(`More than ${actionsMax} kinds of step`);
      id = this.#actionIds.size;
      this.#actionIds.set(action, id);
      this.#actionNames.push(action);
    }
    this.#targets.push(target);
    this.#actions.push(id);
  }

  /** The edges of a state are those from here to before `edgesEnd`; the first is its first step. */
  edgesStart(state: number): number {
    return state < this.expanded ? this.#edgesFrom.get(state) : this.#targets.length;
  }

  edgesEnd(state: number): number {
    return state + 1 < this.expanded ? this.#edgesFrom.get(state + 1) : this.#targets.length;
  }

  target(edge: number): number {
    return this.#targets.get(edge);
  }

  action(edge: number): number {
    return this.#actions.get(edge);
  }

  get edges(): number {
    return this.#targets.length;
  }

  /** The states on the shortest way to a state, from its beginning on. */
  pathTo(state: number): number[] {
    const path: number[] = [];
    for (let at = state; at >= 0; at = this.parent.get(at)) path.push(at);
    return path.reverse();
  }
}
