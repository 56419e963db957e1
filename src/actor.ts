import type { AnyActorLogic, AnyStateMachine, EventFromLogic, InputFrom } from "xstate";
import {
  type ActorAddress,
  CoxswainError,
  type EmittedOf,
  type MessageOf,
  type OutgoingOf,
  type Protocol,
  quote,
  type Role,
  type RoleInput,
} from "../protocols/index.ts";
import { type Durability, type DurabilityOptions, durabilityOf } from "./durable/durability.ts";
import { type GrantRule, type GrantRuleInput, grantRuleOf } from "./grants/grant-rule.ts";
import type { Hosting } from "./hosting/hosting.ts";
import { type MailboxLimits, mailboxLimits } from "./mailbox.ts";
import { roleOf } from "./roster.ts";
import { checkMachine } from "./xstate/host.ts";

/**
 * What a plain reducer may do besides returning its next state. Everything is sent after it returned; nothing if it throws.
 * Its methods are called on it (`turn.reply(…)`), not taken out of it.
 */
export interface ReducerTurn<P extends Protocol = Protocol> {
  readonly self: ActorAddress;
  /** Wall clock, epoch milliseconds. May jump. */
  readonly nowMs: number;
  /** Answers the question at hand. Type-checked by the question's schema at run time. */
  reply(value: unknown): void;
  refuse(reason: string): void;
  tell<Q extends Protocol>(protocol: Q, to: ActorAddress, message: OutgoingOf<Q>): void;
  emit(event: EmittedOf<P>): void;
  /** Ends the actor in good order after this message. */
  stop(reason?: string): void;
}

export interface ReducerBehaviour<P extends Protocol = Protocol, S = unknown, I = unknown> {
  readonly initial: (input: I) => S;
  readonly receive: (state: S, message: MessageOf<P>, turn: ReducerTurn<P>) => S;
}

export interface ActorLimits extends MailboxLimits {
  /** Questions taken and not yet answered; default 10,000. */
  readonly questionsMax: number;
  /** How long the answer to a keyed question is kept for those who ask again, in milliseconds; default 60,000. */
  readonly answerWindowMs: number;
  /** Keyed answers kept; the oldest go first; default 1,000. */
  readonly answersMax: number;
}

/** What an actor may know of itself when it is made. */
export interface Birth {
  readonly self: ActorAddress;
  /** Who started it, if an actor did: its supervisor, mostly. */
  readonly owner: ActorAddress | undefined;
}

/** How an actor of one kind behaves. Made by {@link defineActor}; spawned any number of times. */
export interface ActorDefinition<P extends Protocol = Protocol, I = unknown> {
  readonly protocol: P;
  readonly behaviour:
    | { readonly kind: "logic"; readonly logic: AnyActorLogic }
    | { readonly kind: "reducer"; readonly reducer: ReducerBehaviour }
    | { readonly kind: "hosted"; readonly hosting: Hosting };
  /** Makes the machine's input of what the spawn was given; what it throws fails the start. */
  readonly inputOf?: (given: never, birth: Birth) => unknown;
  readonly limits: ActorLimits;
  /** Undefined for volatile actors. */
  readonly durability?: Durability;
  /** Of each actor of it that is not given another when it is spawned; of a durable one, of the type. */
  readonly role?: Role;
  /** Which of its messages need a grant; undefined where none does and none is looked at. */
  readonly grant?: GrantRule;
  readonly "~input"?: I;
}

/** A machine must take every message of the protocol; this names the one that does not fit. */
type Speaks<P extends Protocol, L extends AnyActorLogic> = [MessageOf<P>] extends [EventFromLogic<L>]
  ? unknown
  : { readonly "this logic does not take the messages of the protocol": P["name"] };

type Kept = Partial<ActorLimits> & {
  /**
   * `durable`: agents of this definition are addressed by type and key, and survive the death of any process; see
   * {@link Durability}. `volatile`, the default: they live in memory.
   */
  readonly durability?: "volatile" | "durable" | DurabilityOptions;
  /** What actors of it may do, kept in the roster; an actor may be given another when it is spawned. */
  readonly role?: RoleInput;
  /**
   * `required`: whatever is sent to it needs a grant that covers it, and is refused with NOT_GRANTED otherwise. `of`: these types
   * do; a grant that comes with another one is checked too. The machine finds it in `event.underGrant`.
   */
  readonly grant?: GrantRuleInput;
};

/**
 * Joins a protocol to the machine (or `fromTransition` logic, or plain reducer) that speaks it.
 *
 * @throws MACHINE_INVALID where a machine handles an event its protocol does not have, or names an
 * action, guard, delay or actor that is not provided.
 */
export function defineActor<const P extends Protocol, L extends AnyActorLogic, I = InputFrom<L>>(
  definition: {
    readonly protocol: P;
    readonly machine: L & Speaks<P, L>;
    /** Makes the machine's input of what the spawn is given, and of where the actor lives. */
    readonly inputOf?: (given: I, birth: Birth) => InputFrom<L>;
  } & Kept,
): ActorDefinition<P, I>;
export function defineActor<const P extends Protocol, S, I = undefined>(
  definition: { readonly protocol: P } & ReducerBehaviour<P, S, I> & Kept,
): ActorDefinition<P, I>;
export function defineActor(
  definition: { readonly protocol: Protocol } & Kept &
    (
      | { readonly machine: AnyActorLogic; readonly inputOf?: (given: never, birth: Birth) => unknown }
      | ReducerBehaviour
    ),
): ActorDefinition {
  const { protocol } = definition;
  const limits = actorLimits(definition);
  const { durability = "volatile", role, grant } = definition;
  const kept = {
    ...(durability === "volatile" ? {} : { durability: durabilityOf(durability) }),
    ...(role === undefined ? {} : { role: roleOf(role) }),
    ...(grant === undefined ? {} : { grant: grantRuleOf(grant, protocol) }),
  };
  if (!("machine" in definition)) {
    const { initial, receive } = definition as ReducerBehaviour;
    if (typeof initial !== "function" || typeof receive !== "function") {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected a machine, or initial and receive functions, for an actor of ${protocol.name}`,
      );
    }
    return freeze({
      protocol,
      behaviour: { kind: "reducer", reducer: { initial, receive } },
      limits,
      ...kept,
    });
  }
  if ("root" in definition.machine) checkSpeaks(protocol, definition.machine as unknown as AnyStateMachine);
  const { machine, inputOf } = definition;
  const made = { protocol, behaviour: { kind: "logic", logic: machine }, limits, ...kept } as const;
  return freeze(inputOf === undefined ? made : { ...made, inputOf });
}

function freeze(definition: ActorDefinition): ActorDefinition {
  return Object.freeze(definition);
}

function checkSpeaks(protocol: Protocol, machine: AnyStateMachine): void {
  const faults = checkMachine(machine, {
    accepts: Object.keys(protocol.accepts),
    emits: Object.keys(protocol.emits),
  });
  if (faults.length > 0) {
    throw new CoxswainError(
      "MACHINE_INVALID",
      `Machine ${quote(machine.id)} does not fit protocol ${protocol.name}: ${faults.slice(0, 5).join("; ")}`,
      { details: { faults } },
    );
  }
}

const wholeNumbers = { questionsMax: 10_000, answerWindowMs: 60_000, answersMax: 1_000 };

/** @throws OPTION_INVALID */
export function actorLimits(given: Partial<ActorLimits>): ActorLimits {
  const limits = { ...wholeNumbers };
  for (const name of Object.keys(wholeNumbers) as (keyof typeof wholeNumbers)[]) {
    const value = given[name] ?? wholeNumbers[name];
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected ${name} to be a whole number >= 0, got ${quote(value)}`,
      );
    }
    limits[name] = value;
  }
  const { waitingMax, overflow, overtakesMax, postponedMax } = given;
  const mailbox = mailboxLimits({
    ...(waitingMax === undefined ? {} : { waitingMax }),
    ...(overflow === undefined ? {} : { overflow }),
    ...(overtakesMax === undefined ? {} : { overtakesMax }),
    ...(postponedMax === undefined ? {} : { postponedMax }),
  });
  return Object.freeze({ ...mailbox, ...limits });
}
