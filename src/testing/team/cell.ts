import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { ActorOutcome, Protocol } from "../../../protocols/index.ts";
import type { TeamFact } from "./facts.ts";

/** A message on its way. Plain data. */
export interface Message {
  readonly kind: "tell" | "ask" | "reply" | "refusal" | "down";
  readonly from: string;
  readonly to: string;
  readonly type: string;
  /** The event without its type, sender and replyTo; a reply's value; a refusal's error. */
  readonly body: unknown;
  /** The name of the protocol; empty for what the runtime says. */
  readonly protocol: string;
  /** Whose question, and which: `worker.1/0`. */
  readonly question: string | undefined;
}

/** Something that is due after a while. `from`: the path of the local actor whose it is; empty for the member itself. */
export type Timer =
  | {
      readonly kind: "raise";
      readonly from: string;
      /** The path of the local actor that gets the event. */
      readonly to: string;
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: AnyEventObject;
    }
  | {
      readonly kind: "send";
      readonly from: string;
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly target: { readonly $to: string; readonly protocol: Protocol };
      readonly event: AnyEventObject;
    }
  | {
      readonly kind: "deadline";
      readonly from: string;
      readonly id: undefined;
      readonly delayMs: number;
      readonly question: string;
      readonly error: unknown;
    };

export interface Asking {
  /** The path of the local actor that waits: mostly the machine's child. */
  readonly child: string;
  readonly question: string;
  readonly to: string;
  readonly type: string;
  readonly protocol: Protocol;
}

export interface Calling {
  readonly child: string;
  readonly src: string;
  readonly input: unknown;
}

export interface Open {
  readonly question: string;
  readonly asker: string;
  readonly type: string;
  readonly protocol: string;
}

/** All that one member is between two steps. Never changed; a step makes another. */
export interface Cell {
  readonly phase: "up" | "down" | "ended";
  /** How often it has crashed, where that is bounded. */
  readonly life: number;
  readonly snapshot: AnyMachineSnapshot;
  readonly calls: readonly Calling[];
  readonly asks: readonly Asking[];
  /** In the order in which they were set; those of one turn in the order in which they are due. */
  readonly timers: readonly Timer[];
  readonly open: readonly Open[];
  readonly held: readonly Message[];
  /** The state changed since the held messages were looked at. */
  readonly resumed: boolean;
  readonly outcome: ActorOutcome | undefined;
  /** What a crash goes back to, if it is not this. */
  readonly saved: Cell | undefined;
}

/** What a step of one member makes. */
export interface Turned {
  readonly cell: Cell;
  readonly sends: readonly Message[];
  readonly facts: readonly TeamFact[];
}

/** Timers that may be due next: none of a shorter or equal delay was set before them. */
export function isDue(timers: readonly Timer[], at: number): boolean {
  const { delayMs } = timers[at] as Timer;
  for (let i = 0; i < at; i++) if ((timers[i] as Timer).delayMs <= delayMs) return false;
  return true;
}
