import type { AnyActorLogic, AnyStateMachine, ContextFrom, StateValue, StateValueFrom } from "xstate";
import type { ActorAddress, ActorOutcome, Protocol } from "../../../protocols/index.ts";
import type { TeamFact } from "./facts.ts";

/** Where a member lives, for its input. */
export interface MemberBirth {
  readonly self: ActorAddress;
  /** The addresses of all members of a name. @throws OPTION_INVALID for a name the team does not have. */
  addressesOf(member: string): readonly ActorAddress[];
}

/**
 * What a call may come to: each sample is a choice of its own. A call without any never ends. For callback logic:
 * what it may send its machine, as often as it likes.
 */
export interface CallSamples {
  readonly done?: readonly unknown[];
  readonly error?: readonly unknown[];
  readonly sends?: readonly { readonly type: string }[];
  /** Whether it may also never end; default false: under fairness it ends at last. */
  readonly never?: boolean;
}

/** Any plain data; a function is taken for the maker of it. */
export type MemberInput =
  | ((birth: MemberBirth) => unknown)
  | { readonly [key: string]: unknown }
  | readonly unknown[]
  | string
  | number
  | boolean
  | null;

/** What a member does: a machine, with whatever machines and reducers it runs as its children; or a reducer. */
export type MemberOptions = MemberTraits &
  (
    | {
        /** Or a `fromTransition` logic. */
        readonly machine: AnyActorLogic;
      }
    | ReducerMember
  );

/** A plain reducer, as `defineActor` takes them. Say what its parameters are: nothing here tells. */
export interface ReducerMember {
  readonly initial: (input: never) => unknown;
  readonly receive: (state: never, message: never, turn: never) => unknown;
}

interface MemberTraits {
  /** The machine's input, or what makes it of where the member lives. */
  readonly input?: MemberInput;
  /** Members of this kind: `worker` with a count of 2 is `worker.1` and `worker.2`. Without it there is one, `worker`. */
  readonly count?: number;
  /**
   * Nothing tells the members of this kind apart but their addresses, which all machines use as names only: they are
   * folded. States that differ in who is who are looked at once; up to 6 members.
   */
  readonly symmetric?: boolean;
  /** What it speaks: messages of another protocol are refused, those from outside are checked. */
  readonly protocol?: Protocol;
  /**
   * What its calls may come to, by the name under which the machine invokes or spawns them. Logic made by `asking` needs
   * none: it asks the member.
   */
  readonly calls?: Readonly<Record<string, CallSamples>>;
  /**
   * What a crash leaves. Without it: nothing, the member begins anew.
   *
   * - `each-turn`: its last turn, with what was said in it; messages wait while it is down.
   * - `later`: what was written last. Writing is a step of its own that follows a turn at any time, while what was
   *   said in the turn is out at once.
   * - a function: the last turn after which it said true.
   */
  readonly durable?: "each-turn" | "later" | ((member: MemberView) => boolean);
  /** Names of members whose end this one hears of, as `coxswain.down`. */
  readonly watches?: readonly string[];
  /** Whether its machine may throw; default false: a failure is a broken property. One that has failed is started anew. */
  readonly mayFail?: boolean;
}

/** What a network does to messages, in one run. Messages of one sender to one receiver keep their order otherwise. */
export interface ChannelOptions {
  /** Messages that are lost; default 0. `Infinity`: any number. */
  readonly lossesMax?: number;
  /** Messages that arrive twice; default 0. */
  readonly duplicatesMax?: number;
  /** Deliveries before another message that was sent earlier on the same way; default 0. `Infinity`: no order at all. */
  readonly overtakesMax?: number;
  /** How often time may pass (a timer, a deadline) while a message is under way; default `Infinity`: slow messages. */
  readonly delaysMax?: number;
  /**
   * Messages under way in the team before time stands still for what would send more: a timer, a call, an event from
   * outside, a start; default 4. Answers to messages are not held up. Where you give it, it is taken for a property
   * of the network; where you do not, a search that meets it ends undecided.
   */
  readonly inFlightMax?: number;
  /** Which messages are lost, doubled and overtake; default: all. */
  readonly faulty?: (message: { from: string; to: string; type: string }) => boolean;
}

/** Something from outside the team. */
export interface TeamEvent {
  /** A member's name, and so any of its kind. */
  readonly to: string;
  readonly message: { readonly type: string; readonly [key: string]: unknown };
  /** How often, altogether; default 1. */
  readonly timesMax?: number;
  /** Whether somebody outside waits for an answer; default false. At most `inFlightMax` wait at a time. */
  readonly ask?: boolean;
  /** Whether it has to happen at last; default false. */
  readonly fair?: boolean;
}

export interface MemberFaults {
  /** Crashes of members of this kind, altogether. */
  readonly crashesMax: number;
  /** Whether a member that is down may be started again; default true. */
  readonly restarts?: boolean;
}

/** A message under way, or held back. */
export interface MessageView {
  readonly kind: "tell" | "ask" | "reply" | "refusal" | "down";
  readonly from: string;
  readonly to: string;
  readonly type: string;
  /** The event the receiver gets; of a reply its value. */
  readonly body: unknown;
}

/** A machine or reducer that a member runs as its child. */
export interface ChildView {
  readonly value: StateValue;
  readonly context: unknown;
  readonly children: Readonly<Record<string, ChildView>>;
}

/** One member in one state of the team. `M`: its logic, or the `initial` of a plain reducer. */
export interface MemberView<M = AnyStateMachine> {
  readonly address: ActorAddress;
  /** `down`: crashed; what is shown is what it begins with again. `ended`: done, stopped or failed. */
  readonly phase: "up" | "down" | "ended";
  /** Of a reducer: `{}`. */
  readonly value: M extends AnyStateMachine ? StateValueFrom<M> : Readonly<Record<string, never>>;
  readonly context: ContextOf<M>;
  readonly outcome: ActorOutcome | undefined;
  /** The machines and reducers it runs, by their ids. */
  readonly children: Readonly<Record<string, ChildView>>;
  /** Messages its state holds back. */
  readonly held: readonly MessageView[];
  /** Questions it has taken and not answered. */
  readonly unanswered: number;
  /** Answers it waits for. */
  readonly asking: number;
  /** Calls that run. */
  readonly calls: readonly string[];
  matches(value: StateValue): boolean;
}

type ContextOf<M> = M extends AnyStateMachine
  ? ContextFrom<M>
  : M extends { readonly transition: (...args: never[]) => { readonly context: infer C } }
    ? C
    : M extends (input: never) => infer S
      ? S
      : unknown;

export type Members = Readonly<Record<string, MemberOptions>>;

/** What is seen of a member: its machine's kind of state, or what its reducer's `initial` makes. */
type LogicOf<O> = O extends { readonly machine: infer L }
  ? L
  : O extends { readonly initial: infer I }
    ? I
    : never;
type Seen<O> = O extends { readonly count: number }
  ? readonly MemberView<LogicOf<O>>[]
  : MemberView<LogicOf<O>>;

/** A state of the team, as properties see it. */
export interface TeamView<M extends Members = Members, H = unknown> {
  /** By name; those with a `count` as a list. */
  readonly members: { readonly [K in keyof M]: Seen<M[K]> };
  readonly inFlight: readonly MessageView[];
  /** What the option `history` made of all that has happened. */
  readonly history: H;
}

export interface TeamEventually<M extends Members = Members, H = unknown> {
  readonly goal: (team: TeamView<M, H>) => boolean;
  readonly after?: "start" | ((team: TeamView<M, H>) => boolean);
}

export interface TeamOptions<M extends Members = Members, H = unknown> {
  /** By name. */
  readonly members: M;
  readonly channels?: ChannelOptions;
  /** By the name of the member. */
  readonly faults?: { readonly [K in keyof M]?: MemberFaults };
  readonly events?: readonly TeamEvent[];
  /** Remembers what happened, for properties that a state alone does not show. Plain data; it is part of the state. */
  readonly history?: { readonly init: H; readonly next: (history: H, fact: TeamFact) => H };
  readonly safe?: Readonly<Record<string, (team: TeamView<M, H>) => boolean>>;
  readonly reachable?: Readonly<Record<string, (team: TeamView<M, H>) => boolean>>;
  /**
   * Under weak fairness of deliveries, timers, calls, restarts and writes; not of losses, duplicates, overtaking and
   * crashes. Nothing is folded then, as fairness tells members apart.
   */
  readonly eventually?: Readonly<Record<string, ((team: TeamView<M, H>) => boolean) | TeamEventually<M, H>>>;
  /** Where the team may be at rest; default: where no message is held back and no question waits for its answer. */
  readonly mayRest?: (team: TeamView<M, H>) => boolean;
  /** Whether symmetric members are folded; default true. */
  readonly fold?: boolean;
  readonly statesMax?: number;
  readonly depthMax?: number;
  readonly memoryMaxMb?: number;
}
