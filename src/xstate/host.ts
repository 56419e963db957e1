import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot } from "xstate";
import { type Accelerated, acceleratedOf } from "./accelerate.ts";
import type { HostCell } from "./host-cell.ts";
import { isMachine } from "./internals.ts";
import { Tree } from "./tree.ts";
import type { AnySnapshot } from "./tree-host.ts";
import type { TurnKeeper } from "./turn-keeper.ts";

export { type CallContext, callContextOf } from "./calls.ts";
export { checkMachine } from "./check-machine.ts";
export type { HostCell } from "./host-cell.ts";
export type { AnySnapshot } from "./tree-host.ts";

/** `unexpected`: the machine has no transition for the event now, and nothing happened. */
export type Verdict = "taken" | "unexpected" | "ended" | AwayVerdict;
/** Where a turn is carried out elsewhere. `pending`: it is not over; `postponed`: the state it met there holds the message back. */
type AwayVerdict = "pending" | "postponed";

/**
 * Runs one machine (or any actor logic) for a cell, with all its local children. Nothing that
 * user code throws leaves any of these methods, nor the timers and calls it starts.
 */
export class Hosted {
  readonly #cell: HostCell;
  /** For its keeper; nobody else's. */
  readonly tree: Tree;
  readonly #machine: Accelerated | undefined;

  /** Computes the first snapshot, or restores one that `persist` gave; runs no effect before `start`. */
  constructor(logic: AnyActorLogic, cell: HostCell, input: unknown, snapshot?: unknown, keeper?: TurnKeeper) {
    this.#cell = cell;
    this.#machine = isMachine(logic) ? acceleratedOf(logic) : undefined;
    this.tree = new Tree(logic, cell, input, snapshot, keeper);
  }

  get snapshot(): AnySnapshot {
    return this.tree.snapshot;
  }

  /** The first turn. */
  start(): void {
    this.tree.start();
  }

  /** One turn, to its end. An explicit empty transition `{}` takes an event; a forbidden one does not. */
  receive(event: AnyEventObject): Verdict {
    this.tree.prepare();
    if (this.tree.ended) return "ended";
    if (!this.isTaking(event)) return "unexpected";
    this.tree.take(event);
    return "taken";
  }

  /** A turn for an event of the runtime's own, which only a machine takes. */
  signal(event: AnyEventObject): Verdict {
    return this.#machine === undefined ? "unexpected" : this.receive(event);
  }

  /** Whether the machine is in a state tagged `starting`. */
  get starting(): boolean {
    const snapshot = this.tree.snapshot as AnyMachineSnapshot;
    return this.#machine !== undefined && snapshot.status === "active" && snapshot.hasTag("starting");
  }

  /** Whether `receive` would take the event now. A guard that throws counts as taking: the turn will fault. */
  isTaking(event: AnyEventObject): boolean {
    if (this.tree.ended) return false;
    return (
      this.#machine === undefined || this.#machine.takes(this.tree.snapshot as AnyMachineSnapshot, event)
    );
  }

  /** A turn of its own always ends at once. */
  get busy(): boolean {
    return false;
  }

  /** Whether an active state has the type in its `meta: { postpone: [...] }`. */
  postpones(type: string): boolean {
    if (this.#machine === undefined || this.tree.ended) return false;
    return this.#machine.configurationOf(this.tree.snapshot as AnyMachineSnapshot).postpones(type);
  }

  /** Aborts the signals of the running calls that the message of that id has caused. @returns how many. */
  cancelCalls(id: string, reason: unknown): number {
    return this.tree.calls.cancel((cause) => this.#cell.idOf(cause) === id, reason);
  }

  /** Disposes of the tree: calls are stopped, timers cancelled. Nothing is reported afterwards. */
  stop(): void {
    this.tree.stop();
  }

  /** The state as plain data, for the constructor. */
  persist(): unknown {
    return this.tree.persist();
  }
}
