import type { ActorAddress, ActorOutcome } from "../protocols/index.ts";
import type { Cell } from "./cell.ts";
import type { Node } from "./node.ts";

/** Whom an actor belongs to: it was started by that one, and ends with it. */
export interface Owner {
  readonly address: ActorAddress;
  readonly activation: string;
}

interface Bond {
  /** Who ends with it; `always`, or unless it is done. */
  readonly cells: Map<Cell, "always" | "unless_done">;
  readonly close: () => void;
}

/**
 * Which actors of this node end because another one, anywhere, has ended. A started actor ends with whoever
 * started it, however that ends. Linked peers end together unless one is done, as in Erlang.
 *
 * One watch serves all actors of this node that depend on the same one: a supervisor has thousands.
 */
export class Links {
  readonly #node: Node;
  readonly #bonds = new Map<string, Bond>();
  /** Of linked cells; to whom one belongs, it knows itself. */
  readonly #linked = new Map<Cell, Set<string>>();

  constructor(node: Node) {
    this.#node = node;
  }

  belong(cell: Cell, owner: Owner): void {
    this.#bind(cell, owner.address, owner.activation, "always");
  }

  link(cell: Cell, to: ActorAddress): void {
    if (cell.outcome !== undefined) return;
    const keys = this.#linked.get(cell) ?? new Set();
    this.#linked.set(cell, keys.add(to));
    this.#bind(cell, to, undefined, "unless_done");
  }

  /** A cell has ended. */
  forget(cell: Cell): void {
    if (cell.owner !== undefined) this.#release(cell, cell.owner.activation);
    const keys = this.#linked.get(cell);
    if (keys === undefined) return;
    this.#linked.delete(cell);
    for (const key of keys) this.#release(cell, key);
  }

  #release(cell: Cell, key: string): void {
    const bond = this.#bonds.get(key);
    bond?.cells.delete(cell);
    if (bond?.cells.size !== 0) return;
    this.#bonds.delete(key);
    bond.close();
  }

  #bind(cell: Cell, to: ActorAddress, activation: string | undefined, when: "always" | "unless_done"): void {
    if (cell.outcome !== undefined) return;
    const key = activation ?? to;
    const known = this.#bonds.get(key);
    if (known !== undefined) {
      known.cells.set(cell, when);
      return;
    }
    let over = false;
    const bond: Bond = { cells: new Map([[cell, when]]), close: () => close() };
    this.#bonds.set(key, bond);
    const close = this.#node.watches.watch(
      to,
      (outcome) => {
        over = true;
        this.#bonds.delete(key);
        for (const [bound, how] of bond.cells) endWith(bound, to, outcome, how);
      },
      activation,
    );
    if (over) this.#bonds.delete(key);
  }
}

function endWith(cell: Cell, to: ActorAddress, outcome: ActorOutcome, when: "always" | "unless_done"): void {
  if (when === "always") {
    // It was cleaning up still when its supervisor's own time was over.
    if (cell.asked) cell.life.late = true;
    return cell.endWith({ kind: "stopped", reason: `${to}, which started it, has ended (${outcome.kind})` });
  }
  if (outcome.kind === "done") return;
  if (outcome.kind === "stopped") return cell.endWith(outcome);
  const message = `${to}, to which it is linked, has ended (${outcome.kind})`;
  cell.endWith({ kind: "failed", error: { code: "LINK_BROKEN", message } });
}
