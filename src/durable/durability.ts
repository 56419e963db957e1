import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ActorAddress, actorAddress, CoxswainError, isToken, quote } from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import { historyBytesMaxDefault } from "./history/history-stream.ts";
import type { Migrations } from "./versions/index.ts";

/** What becomes of a timer that was set before its agent moved to another process. */
export type ResumePolicy =
  /** It is due when it was due. */
  | "deadline"
  /** What was left of it when the agent was last committed is left now: the time between does not count. */
  | "remaining"
  /** It begins anew. */
  | "restart";

/** What becomes of a timer that fires at least one whole delay too late. */
export type MissedPolicy =
  /** It fires once, late; what it sets again counts from now. */
  | "once"
  /** It fires once for each time it was missed: what it sets again counts from when it should have fired. */
  | "all"
  /** It does not fire late, but at the next time that it would have fired had it never been late. */
  | "skip";

export interface TimerPolicy {
  /** Default `deadline`. */
  readonly resume: ResumePolicy;
  /** Default `once`. */
  readonly missed: MissedPolicy;
}

/** How durable agents of a type are kept. `durability: "durable"` takes the defaults. */
export interface Durability {
  /** Of the machine; whole, from 1. A node takes no agent whose record a newer version has written. Default 1. */
  readonly version: number;
  /** Make a snapshot of one version out of one of the version before; by the version they lead to. */
  readonly migrations?: Migrations;
  /** What a machine's context, or a reducer's state, must fit when it is loaded. */
  readonly context?: StandardSchemaV1;
  /** Labels a node must have to host the type; default none. */
  readonly needs: readonly string[];
  /** An agent that has nothing to do for so long leaves memory, in milliseconds; default 60,000. */
  readonly passivateAfterMs: number;
  /** Attempts to work on a message that kills its process; then it is a dead letter. Default 5. */
  readonly attemptsMax: number;
  /** Turns in one commit at most; default 64. */
  readonly batchMax: number;
  /** How long the answer to a keyed question is kept for those who ask again, in milliseconds; default 86,400,000. */
  readonly answerWindowMs: number;
  /** Keyed answers kept in the record; the oldest go first; default 100. */
  readonly answersMax: number;
  /** Whether its turns are kept, to be stepped through, forked and given again. Default false. */
  readonly history: boolean;
  /** Entries of a history kept for each agent, the oldest go: turns, and one checkpoint more for each hundred. Holds where the type's first node starts; default 10,000. */
  readonly historyMax: number;
  /** What the histories of all its agents may come to, in bytes, which the server sets aside; the oldest turns go. Holds likewise; default 1 GiB. */
  readonly historyMaxBytes: number;
  /**
   * Who is told, by the protocol `trouble`, when an agent of the type fails, has a message quarantined, or cannot be taken up. Where that
   * is a durable agent it is told if and only if the agent's turn is committed, once. Default nobody.
   */
  readonly supervisor?: ActorAddress;
  /** What holds for all timers, and, by the delay's name or the send's id, for single ones. */
  readonly timers: TimerPolicy & { readonly of: Readonly<Record<string, Partial<TimerPolicy>>> };
}

/** An actor definition that says so. */
export type DurableDefinition = ActorDefinition & { readonly durability: Durability };

/** What may be left out. */
export type DurabilityOptions = Partial<Omit<Durability, "timers" | "supervisor">> & {
  readonly supervisor?: string;
  readonly timers?: Partial<TimerPolicy> & { readonly of?: Readonly<Record<string, Partial<TimerPolicy>>> };
};

const wholeNumbers = {
  version: 1,
  passivateAfterMs: 60_000,
  attemptsMax: 5,
  batchMax: 64,
  answerWindowMs: 86_400_000,
  answersMax: 100,
  historyMax: 10_000,
  historyMaxBytes: historyBytesMaxDefault,
};
const least: Partial<Record<keyof typeof wholeNumbers, number>> = {
  version: 1,
  attemptsMax: 1,
  batchMax: 1,
  historyMax: 1,
  historyMaxBytes: 1,
};
const policies: { readonly [K in keyof TimerPolicy]: readonly TimerPolicy[K][] } = {
  resume: ["deadline", "remaining", "restart"],
  missed: ["once", "all", "skip"],
};

/** @throws OPTION_INVALID */
export function durabilityOf(given: "durable" | DurabilityOptions): Durability {
  const options = given === "durable" ? {} : given;
  if (typeof options !== "object" || options === null) {
    throw invalid('durability to be "durable" or an object of its options', given);
  }
  const known = [
    "needs",
    "timers",
    "migrations",
    "context",
    "history",
    "supervisor",
    ...Object.keys(wholeNumbers),
  ];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw invalid(`options of durability (${known.join(", ")})`, name);
  }
  const numbers = { ...wholeNumbers };
  for (const name of Object.keys(wholeNumbers) as (keyof typeof wholeNumbers)[]) {
    const value = options[name] ?? wholeNumbers[name];
    if (!Number.isSafeInteger(value) || value < (least[name] ?? 0)) {
      throw invalid(`durability.${name} to be a whole number >= ${least[name] ?? 0}`, value);
    }
    numbers[name] = value;
  }
  const needs = options.needs ?? [];
  if (!Array.isArray(needs) || !needs.every(isToken))
    throw invalid("durability.needs to be a list of tokens", needs);
  const { of = {}, ...all } = options.timers ?? {};
  const timers = { resume: "deadline", missed: "once", ...checkPolicy(all), of } as const;
  for (const each of Object.values(of)) checkPolicy(each);
  const { migrations, context, supervisor, history = false } = options;
  if (typeof history !== "boolean") throw invalid("durability.history to be true or false", history);
  return Object.freeze({
    ...numbers,
    needs: [...needs],
    timers,
    history,
    ...(supervisor === undefined ? {} : { supervisor: actorAddress(supervisor) }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(context === undefined ? {} : { context }),
  });
}

function checkPolicy(given: Partial<TimerPolicy>): Partial<TimerPolicy> {
  for (const [name, value] of Object.entries(given)) {
    const allowed: readonly string[] | undefined = policies[name as keyof TimerPolicy];
    if (allowed?.includes(value) !== true) {
      throw invalid(
        `durability.timers with resume (${policies.resume.join(", ")}) and missed (${policies.missed.join(", ")})`,
        {
          [name]: value,
        },
      );
    }
  }
  return given;
}

/**
 * The policy of one timer of a record, whose name is the path of the actor that set it, `|`, and its id. XState names
 * that of a delay `xstate.after.<delay>.<state>`.
 */
export function policyOf({ timers }: Durability, name: string): TimerPolicy {
  const id = name.slice(name.indexOf("|") + 1);
  const [, after] = /^xstate\.after\.([^.]+)\./.exec(id) ?? [];
  const own = Object.hasOwn(timers.of, after ?? id) ? timers.of[after ?? id] : undefined;
  return { resume: own?.resume ?? timers.resume, missed: own?.missed ?? timers.missed };
}

function invalid(expected: string, got: unknown): CoxswainError {
  return new CoxswainError("OPTION_INVALID", `Expected ${expected}, got ${quote(got)}`);
}
