import { CellSystem } from "../../xstate/cell-system.ts";
import type { TreeHost } from "../../xstate/tree-host.ts";

/** The system of one step: it gives no actor a name that an older one has. */
export class StepSystem extends CellSystem {
  readonly #isTaken: (name: string) => boolean;

  constructor(host: TreeHost, isTaken: (name: string) => boolean) {
    super(host);
    this.#isTaken = isTaken;
  }

  override _bookId(): string {
    let id: string;
    do id = super._bookId();
    while (this.#isTaken(id));
    return id;
  }
}

const nothing = (): void => {};
/** Of a system in which no actor ever runs. */
export const nobody: TreeHost = {
  relay: nothing,
  arm: nothing,
  disarm: nothing,
  disarmAll: nothing,
  act: nothing,
  emitted: nothing,
  logged: nothing,
  starting: nothing,
  stopping: nothing,
  forgone: nothing,
  adopted: nothing,
  listenerFailed: nothing,
};
