import {
  type ActorAddress,
  type ChildSpec,
  type ChildSpecInput,
  isCoxswainError,
  type ReplyTo,
  type SupervisorFlags,
  type SupervisorFlagsInput,
} from "../../protocols/index.ts";
import type { DownEvent } from "../others.ts";
import type { Restarts } from "./intensity.ts";
import type { Plan } from "./plan.ts";
import { emptyQueue, type Queue } from "./queue.ts";
import { type Child, emptyRoster, type Roster, withChild } from "./roster.ts";
import { flagsOf, specsOf } from "./specs.ts";
import { startAll } from "./strategy.ts";

export interface SupervisorInput {
  readonly self: ActorAddress;
  /** Who decides when this one gives up; unsaid, the system. */
  readonly supervisor?: ActorAddress;
  readonly flags?: SupervisorFlagsInput;
  /** `"ignore"`: there is nothing to supervise, and the supervisor declines to start. */
  readonly children: readonly ChildSpecInput[] | "ignore";
}

/** The time of a try again; said by the machine to itself, so that stop and administration get in before. */
export interface RetryEvent {
  readonly type: "retry";
  readonly address: ActorAddress;
  readonly attempt: number;
  /** Why the one before failed. */
  readonly reason: string;
  /** When it is due: a delayed event does not say when it came. */
  readonly atMs: number;
}

/** What the hands are at, and why. */
export type Work =
  | { readonly for: "startAll"; readonly plan: Plan }
  | { readonly for: "stopAll"; readonly plan: Plan }
  | {
      readonly for: "restart";
      readonly plan: Plan;
      readonly child: ActorAddress;
      readonly reason: string;
    }
  | {
      readonly for: "asker";
      readonly plan: Plan;
      readonly asker: ReplyTo | undefined;
      readonly asked: "startChild" | "restartChild" | "terminateChild";
      /** A child that joins the others if it comes up. */
      readonly newcomer?: Omit<Child, "place">;
    };

/** Why the supervisor ends. */
export type Ending =
  | { readonly kind: "asked"; readonly reason: string | undefined }
  | { readonly kind: "startFailed"; readonly reason: string }
  | { readonly kind: "autoShutdown" }
  | { readonly kind: "gaveUp"; readonly child: string; readonly reason: string; readonly count: number };

/** Plain data, never changed in place. */
export interface SupervisorContext {
  readonly self: ActorAddress;
  readonly superior: ActorAddress | "system";
  readonly flags: SupervisorFlags;
  /** Of simple_one_for_one. */
  readonly template: ChildSpec | undefined;
  readonly roster: Roster;
  /** Dynamic children so far; the last one's number. */
  readonly numbered: number;
  readonly restarts: Restarts;
  /** Failures and tries that wait while a plan is carried out: at most one or two for each child. */
  readonly pending: Queue<DownEvent | RetryEvent>;
  readonly work: Work | undefined;
  /** Plans that followed from what waits, since whoever asks last had a turn. */
  readonly inARow: number;
  /** The try that the machine tells itself next, and after how long. */
  readonly retry: RetryEvent | undefined;
  readonly retryInMs: number;
  readonly attempts: number;
  /** The latest time that any event told. */
  readonly seenMs: number;
  readonly ending: Ending | undefined;
  /** `judging` finds out which. */
  readonly verdict: "sound" | "ignored" | "unsound";
  readonly fault: unknown;
}

export function supervisorContext(input: SupervisorInput): SupervisorContext {
  const { self, supervisor = "system", children } = input;
  const blank: SupervisorContext = {
    self,
    superior: supervisor,
    flags: flagsOf(),
    template: undefined,
    roster: emptyRoster,
    numbered: 0,
    restarts: [],
    pending: emptyQueue,
    work: undefined,
    inARow: 0,
    retry: undefined,
    retryInMs: 0,
    attempts: 0,
    seenMs: 0,
    ending: undefined,
    verdict: "sound",
    fault: undefined,
  };
  if (children === "ignore") return { ...blank, verdict: "ignored" };
  try {
    const flags = flagsOf(input.flags);
    const specs = specsOf(children, { self, ...flags });
    if (flags.strategy === "simple_one_for_one") {
      const none = { for: "startAll", plan: { stop: [], start: [] } } as const;
      return { ...blank, flags, template: specs[0], work: none };
    }
    const roster = specs.map((spec) => newChild(spec)).reduce(withChild, emptyRoster);
    return { ...blank, flags, roster, work: { for: "startAll", plan: startAll(roster) } };
  } catch (fault) {
    if (!isCoxswainError(fault, "SUPERVISOR_INVALID")) throw fault;
    return { ...blank, verdict: "unsound", fault };
  }
}

/** A child of which nothing is known yet but its spec. */
export function newChild(spec: ChildSpec): Omit<Child, "place"> {
  return { address: spec.address, spec, dynamic: false, state: "stopped", restarts: 0, failedTries: 0 };
}
