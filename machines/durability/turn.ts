import { risen, type Stamp } from "./high-water.ts";
import { type Call, intended, settled } from "./intents.ts";
import { posted, type Send } from "./outbox.ts";
import type { DurableRecord, RecordLimits } from "./record.ts";
import { type Alarm, set, unset } from "./timers.ts";

/** What a turn answers to. Applying it uses it up, so that it is applied once. */
export type Cause =
  /** Nothing from outside: the actor's first turn, a message that it held back, an event of its own. */
  | { readonly kind: "local" }
  | { readonly kind: "message"; readonly stamp: Stamp }
  | { readonly kind: "timer"; readonly id: string; readonly generation: number }
  | { readonly kind: "result"; readonly key: string };

/** What the actor's machine made of it. Nothing of it happens before the commit. */
export interface Step<State = unknown, Message = unknown> {
  readonly state: State;
  readonly sends?: readonly Send<Message>[];
  /** Ids of timers to cancel; before `alarms`. */
  readonly unset?: readonly string[];
  readonly alarms?: readonly Alarm<Message>[];
  /** Keys of intents to give up; before `calls`. */
  readonly aborts?: readonly string[];
  readonly calls?: readonly Call[];
  /** The actor has ended: its timers and calls go, its outbox stays until delivered (R9). */
  readonly closes?: boolean;
}

/** The limit a step exceeded: a fault of the actor, whose record stays as it was. */
export type Excess = "sendsMax" | "timersMax" | "intentsMax";

export type Applied<State, Message> =
  | { readonly record: DurableRecord<State, Message> }
  | { readonly exceeds: Excess };

/**
 * R2: the record after one turn: state, marks, outbox, timers and intents move together, in memory; the
 * commit makes it so.
 */
export function applied<State, Message>(
  record: DurableRecord<State, Message>,
  cause: Cause,
  step: Step<State, Message>,
  limits: RecordLimits,
): Applied<State, Message> {
  const turn = record.turn + 1;
  const sends = step.sends ?? [];
  const timers = step.closes ? [] : timersAfter(record, cause, step, turn);
  const intents = step.closes ? [] : intentsAfter(record, cause, step, turn);
  if (sends.length > limits.sendsMax) return { exceeds: "sendsMax" };
  if (timers.length > limits.timersMax) return { exceeds: "timersMax" };
  if (intents.length > limits.intentsMax) return { exceeds: "intentsMax" };
  const received =
    cause.kind === "message" ? risen(record.received, cause.stamp, turn, limits.sendersMax) : record.received;
  const outbox = posted(record.outbox, sends, turn, limits.receiversMax);
  const closed = step.closes ?? false;
  return { record: { ...record, turn, state: step.state, received, outbox, timers, intents, closed } };
}

function timersAfter<State, Message>(
  record: DurableRecord<State, Message>,
  cause: Cause,
  step: Step<State, Message>,
  turn: number,
): DurableRecord<State, Message>["timers"] {
  let { timers } = record;
  if (cause.kind === "timer") timers = unset(timers, cause.id);
  for (const id of step.unset ?? []) timers = unset(timers, id);
  for (const alarm of step.alarms ?? []) timers = set(timers, alarm, turn);
  return timers;
}

function intentsAfter<State, Message>(
  record: DurableRecord<State, Message>,
  cause: Cause,
  step: Step<State, Message>,
  turn: number,
): DurableRecord<State, Message>["intents"] {
  let { intents } = record;
  if (cause.kind === "result") intents = settled(intents, cause.key);
  for (const key of step.aborts ?? []) intents = settled(intents, key);
  return intended(intents, step.calls ?? [], { turn, epoch: record.epoch });
}
