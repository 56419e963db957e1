import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateNode,
  matchesState,
  type StateValue,
} from "xstate";
import type { ActorAddress } from "../../../protocols/index.ts";
import { isOutgoing } from "../../xstate/internals.ts";
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
  /** By id: a machine or reducer; of a call nothing is known. */
  readonly children: readonly (readonly [id: string, PlainChild | undefined])[];
  readonly calls: readonly (readonly [child: string, src: string, input: unknown])[];
  readonly asks: readonly (readonly unknown[])[];
  readonly timers: readonly (readonly unknown[])[];
  readonly open: readonly unknown[];
  readonly held: readonly Message[];
  readonly resumed: boolean;
  readonly outcome: Cell["outcome"];
  readonly saved: PlainCell | undefined;
}

/** What a machine or reducer is that a member runs as its child. */
export interface PlainChild extends Pick<PlainCell, "value" | "context" | "history" | "children"> {
  readonly status: string;
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
    history: plainHistory(historyValue),
    children: plainChildren(children),
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

function plainHistory(history: AnyMachineSnapshot["historyValue"]): unknown {
  return Object.entries(history as Record<string, AnyStateNode[]>).map(([id, nodes]) => [
    id,
    nodes.map((node) => node.id),
  ]);
}

function plainChildren(children: AnyMachineSnapshot["children"]): PlainCell["children"] {
  return Object.entries(children as Record<string, AnyActorRef>).map(([id, child]) => {
    const { logic } = child as unknown as { readonly logic: AnyActorLogic };
    return [id, isOutgoing(logic) ? undefined : plainChild(child.getSnapshot())];
  });
}

function plainChild(snapshot: AnyMachineSnapshot): PlainChild {
  const { status, value = {}, context, historyValue = {}, children = {} } = snapshot;
  return {
    status,
    value,
    context,
    history: plainHistory(historyValue),
    children: plainChildren(children),
  };
}

function plainTimer(timer: Timer): readonly unknown[] {
  const { kind, id, delayMs } = timer;
  if (kind === "deadline") return [kind, timer.question, delayMs];
  const { from } = timer;
  const whose = from === "" ? [] : [from];
  if (kind === "send")
    return [kind, id, delayMs, timer.target.$to, timer.target.protocol.tag, ...whose, timer.event];
  return [kind, id, delayMs, ...(timer.to === from ? whose : [from, timer.to]), timer.event];
}

/** What properties see of a member. */
export function seen(plain: PlainCell): MemberView {
  const { member, phase, value, context, children, outcome, held, open, asks, calls } = plain;
  const known = new Map<string, boolean>();
  return {
    address: member as ActorAddress,
    phase,
    value,
    context: context as never,
    children: childViews(children),
    outcome,
    held,
    unanswered: open.length,
    asking: asks.length,
    calls: calls.map(([, src]) => src),
    matches: (expected) => {
      if (typeof expected !== "string") return matchesState(expected, value);
      // Asked in every state of the team, of the same few cells.
      const answer = known.get(expected) ?? matchesState(expected, value);
      known.set(expected, answer);
      return answer;
    },
  };
}

function childViews(children: PlainCell["children"]): MemberView["children"] {
  const known = children.flatMap(([id, child]) => (child === undefined ? [] : [[id, child] as const]));
  return Object.fromEntries(
    known.map(([id, { value, context, children: below }]) => [
      id,
      { value, context, children: childViews(below) },
    ]),
  );
}

export function viewOf(cell: Cell, address: string): MemberView {
  return seen(plainOf(cell, address));
}
