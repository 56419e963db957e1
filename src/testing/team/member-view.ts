import { type AnyMachineSnapshot, type AnyStateNode, matchesState, type StateValue } from "xstate";
import type { ActorAddress } from "../../../protocols/index.ts";
import type { Cell, Message, Timer } from "./cell.ts";
import type { MemberView } from "./team-options.ts";

/** A cell as plain data: all that makes it the one it is. */
export interface PlainCell {
  readonly member: string;
  readonly phase: Cell["phase"];
  readonly life: number;
  readonly value: StateValue;
  readonly context: unknown;
  readonly history: unknown;
  readonly children: readonly string[];
  readonly calls: readonly (readonly [child: string, src: string, input: unknown])[];
  readonly asks: readonly (readonly unknown[])[];
  readonly timers: readonly (readonly unknown[])[];
  readonly open: readonly unknown[];
  readonly held: readonly Message[];
  readonly resumed: boolean;
  readonly outcome: Cell["outcome"];
  readonly saved: PlainCell | undefined;
}

export function plainOf(cell: Cell, member: string): PlainCell {
  const { snapshot, phase, life, calls, asks, timers, open, held, resumed, outcome, saved } = cell;
  const { value, context, children, historyValue } = snapshot as AnyMachineSnapshot;
  return {
    member,
    phase,
    life,
    value,
    context,
    history: Object.entries(historyValue as Record<string, AnyStateNode[]>).map(([id, nodes]) => [
      id,
      nodes.map((node) => node.id),
    ]),
    children: Object.keys(children),
    calls: calls.map(({ child, src, input }) => [child, src, input]),
    asks: asks.map(({ child, question, to, type }) => [child, question, to, type]),
    timers: timers.map(plainTimer),
    open,
    held,
    resumed,
    outcome,
    saved: saved === undefined ? undefined : plainOf(saved, member),
  };
}

function plainTimer(timer: Timer): readonly unknown[] {
  const { kind, id, delayMs } = timer;
  if (kind === "deadline") return [kind, timer.question, delayMs];
  if (kind === "send") return [kind, id, delayMs, timer.target.$to, timer.target.protocol.tag, timer.event];
  return [kind, id, delayMs, timer.event];
}

/** What properties see of a member. */
export function seen(plain: PlainCell): MemberView {
  const { member, phase, value, context, outcome, held, open, asks, calls } = plain;
  return {
    address: member as ActorAddress,
    phase,
    value,
    context: context as never,
    outcome,
    held,
    unanswered: open.length,
    asking: asks.length,
    calls: calls.map(([, src]) => src),
    matches: (expected) => matchesState(expected, value),
  };
}

export function viewOf(cell: Cell, address: string): MemberView {
  return seen(plainOf(cell, address));
}
