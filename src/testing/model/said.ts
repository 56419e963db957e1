import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot } from "xstate";
import { isActor } from "../../xstate/internals.ts";
import type { ActionCall } from "../../xstate/tree-host.ts";

/** What a machine wanted done in one step, in order; calls that began and ended come last. */
export type Said =
  | { readonly kind: "send"; readonly to: string; readonly event: AnyEventObject }
  | { readonly kind: "reply"; readonly value: unknown }
  | { readonly kind: "refusal"; readonly reason: string; readonly details?: unknown }
  | { readonly kind: "emit"; readonly event: AnyEventObject }
  | { readonly kind: "announce"; readonly info: unknown }
  | { readonly kind: "stop"; readonly reason: string | undefined }
  /** An action of the machine's own, which is not carried out. */
  | { readonly kind: "action"; readonly name: string; readonly params: unknown }
  | { readonly kind: "timer"; readonly id: string; readonly delayMs: number; readonly event: AnyEventObject }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "call"; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly kind: "end call"; readonly id: string };

/** An event that is due later, or that the machine sent itself. */
export interface Delayed {
  /** One of the same id takes its place; without an id, none does. */
  readonly id: string | undefined;
  readonly delayMs: number;
  readonly event: AnyEventObject;
  /** Undefined: to the machine itself. */
  readonly to: string | undefined;
}

/** What becomes of an action: it is said, or it concerns the machine itself. */
export type Word =
  | { readonly kind: "said"; readonly said: Said }
  | { readonly kind: "later"; readonly delayed: Delayed }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "toItself"; readonly event: AnyEventObject };

const builtin = new Set(
  ["spawnChild", "stopChild", "sendTo", "raise", "cancel", "emit", "log"].map((name) => `xstate.${name}`),
);

interface Params {
  readonly to?: unknown;
  readonly event?: AnyEventObject;
  readonly id?: string;
  readonly delay?: number;
  readonly sendId?: string;
}

/** What an action that XState resolved means; undefined if that shows elsewhere. */
export function wordOf({ type, params, exec }: ActionCall, self: unknown): Word | undefined {
  if (!builtin.has(type) || exec?.name.startsWith("bound ") !== true)
    return { kind: "said", said: { kind: "action", name: type, params } };
  const { to, event = { type: "" }, id, delay, sendId } = (params ?? {}) as Params;
  if (type === "xstate.cancel") return { kind: "cancel", id: String(sendId) };
  if (type === "xstate.emit") return { kind: "said", said: { kind: "emit", event } };
  if (type !== "xstate.raise" && type !== "xstate.sendTo") return undefined;
  const toItself = type === "xstate.raise" || to === self;
  if (delay !== undefined) {
    const delayed = { id, delayMs: delay, event };
    return { kind: "later", delayed: { ...delayed, to: toItself ? undefined : nameOf(to) } };
  }
  // A raised event is taken in the same step.
  if (type === "xstate.raise") return undefined;
  if (toItself) return { kind: "toItself", event };
  const said = saidTo(to, event);
  return said === undefined ? undefined : { kind: "said", said };
}

function saidTo(to: unknown, event: AnyEventObject): Said | undefined {
  const target = (typeof to === "object" && to !== null ? to : {}) as Record<string, unknown>;
  if ("$self" in target) {
    if (event.type === "announce") return { kind: "announce", info: event.info };
    return { kind: "stop", reason: event.reason };
  }
  if ("$replyTo" in target) {
    // Nobody asked: an answer that nobody waits for is dropped.
    if (target.$replyTo === "") return undefined;
    if (event.type === "answer") return { kind: "reply", value: event.value };
    const { reason, details } = event;
    return { kind: "refusal", reason, ...(details === undefined ? {} : { details }) };
  }
  return { kind: "send", to: nameOf(to), event };
}

function nameOf(to: unknown): string {
  if (typeof to === "string") return to;
  const { $to, id } = (to ?? {}) as { $to?: unknown; id?: unknown };
  if (typeof $to === "string") return $to;
  return isActor(to) ? `child ${to.id}` : String(id ?? "somebody");
}

/** The calls that began and ended between two snapshots: however they were started. */
export function callsSaid(before: AnyMachineSnapshot | undefined, after: AnyMachineSnapshot): Said[] {
  const was = (before?.children ?? {}) as Record<string, AnyActorRef | undefined>;
  const is = after.children as Record<string, AnyActorRef | undefined>;
  const begun = Object.entries(is).filter(([id, child]) => child !== undefined && was[id] !== child);
  const ended = Object.entries(was).filter(([id, child]) => child !== undefined && is[id] !== child);
  return [
    ...ended.map(([id]): Said => ({ kind: "end call", id })),
    ...begun.map(([id, child]): Said => {
      const { src, options } = child as unknown as { src: unknown; options?: { input?: unknown } };
      return { kind: "call", id, src: srcOf(src), input: options?.input };
    }),
  ];
}

export function srcOf(src: unknown): string {
  return typeof src === "string" ? src : "(inline)";
}
