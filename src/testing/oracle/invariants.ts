import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, SnapshotFrom } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import { activeNodes } from "../../xstate/internals.ts";
import { statesOf } from "../../xstate/machine-parts.ts";

/** Has to hold. What it throws is why it does not. */
export type Invariant<M extends AnyStateMachine = AnyStateMachine> = (snapshot: SnapshotFrom<M>) => boolean;

/**
 * What has to hold, by name, in each state: by its path (`supervising.idle`), `*` for wherever the machine is. A state may
 * bring its own: `meta: { invariants: { "nobody waits": ({ context }) => context.waiting === 0 } }`.
 */
export type Invariants<M extends AnyStateMachine = AnyStateMachine> = Readonly<
  Record<string, Readonly<Record<string, Invariant<M>>>>
>;

/** An invariant that does not hold. */
export interface Breach {
  readonly name: string;
  /** The state it belongs to; `*` for all. */
  readonly state: string;
  /** Why, if it threw. */
  readonly reason: string | undefined;
}

/** The first invariant that does not hold in a moment. */
export type FindBreach = (snapshot: AnyMachineSnapshot) => Breach | undefined;

/** @throws OPTION_INVALID for a state the machine does not have */
export function breachesOf<M extends AnyStateMachine>(machine: M, given: Invariants<M> = {}): FindBreach {
  const nodes = statesOf(machine);
  const known = new Map(nodes.map((node) => [pathOf(node), node]));
  for (const state of Object.keys(given))
    if (state !== "*" && !known.has(state))
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected invariants of states of ${quote(machine.id)}, got ${quote(state)}`,
      );
  return (snapshot) => {
    const everywhere = breachAmong("*", given["*"], snapshot);
    if (everywhere !== undefined) return everywhere;
    for (const node of activeNodes(snapshot)) {
      const state = pathOf(node);
      const own = (node.meta as { invariants?: Invariants[string] } | undefined)?.invariants;
      const breach = breachAmong(state, given[state], snapshot) ?? breachAmong(state, own, snapshot);
      if (breach !== undefined) return breach;
    }
    return undefined;
  };
}

/** `supervising.idle`; empty for the root. */
function pathOf(node: AnyStateNode): string {
  return node.path.join(".");
}

function breachAmong(
  state: string,
  invariants: Invariants[string] | undefined,
  snapshot: AnyMachineSnapshot,
): Breach | undefined {
  for (const [name, holds] of Object.entries(invariants ?? {})) {
    try {
      if (!holds(snapshot as never)) return { name, state, reason: undefined };
    } catch (error) {
      return { name, state, reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return undefined;
}

/** An invariant, as the beginning of a sentence. */
export function breachText({ name, state, reason }: Breach): string {
  const where = state === "*" ? "" : ` of ${state === "" ? "the machine" : state}`;
  return `“${name}”${where} does not hold${reason === undefined ? "" : ` (${reason})`}`;
}
