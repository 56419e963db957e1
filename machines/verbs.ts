import {
  type ActionArgs,
  type ActionFunction,
  type EventObject,
  fromPromise,
  type MachineContext,
  type ParameterizedObject,
  type PromiseActorLogic,
  sendTo,
} from "xstate";
import type {
  ActorAddress,
  OutgoingOf,
  PayloadOf,
  Protocol,
  QuestionTypeOf,
  ReplyOf,
  ReplyTo,
} from "../protocols/index.ts";
import type { Actors } from "./others.ts";

/**
 * What a machine says: `tell`, `reply`, `refuse`, `asking`, `fromCall`; of itself `announce` and
 * `stopSelf`; events are said with XState's own `emit`. Each is an ordinary XState action or actor logic over plain data, so that
 * graph tools see it and tests run it without a runtime.
 */

/** A target outside the cell. Plain data; a protocol prints as its tag. */
export interface Destination {
  readonly $to: ActorAddress;
  readonly protocol: Protocol;
}

/** What `reply` and `refuse` send to a {@link ReplyTo}. */
export type Answer =
  | { readonly type: "answer"; readonly value: unknown }
  | {
      readonly type: "refusal";
      readonly reason: string;
      readonly details?: Readonly<Record<string, unknown>>;
    };

/** Where an answer nobody waits for goes: the message was told, not asked. */
const nobody: ReplyTo = { $replyTo: "", question: "" as ReplyTo["question"] };

type Params = ParameterizedObject["params"] | undefined;
type Expression<C extends MachineContext, X extends EventObject, E extends EventObject, P extends Params, V> =
  | V
  | ((args: ActionArgs<C, X, E>, params: P) => V);
type Action<
  C extends MachineContext,
  X extends EventObject,
  E extends EventObject,
  P extends Params,
> = ActionFunction<C, X, E, P, never, never, never, never, never>;
type Deeply<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Deeply<T[K]> }
    : T;
/** The reply wanted by the question an action runs for; `unknown` where the event is not known to be one. */
type WantedBy<X> = X extends { readonly replyTo?: ReplyTo<infer R> | undefined } ? R : never;

function evaluate<V>(expression: unknown, args: unknown, params: unknown): V {
  return (typeof expression === "function" ? expression(args, params) : expression) as V;
}

/**
 * Action: sends a message of `protocol` to an address. At most once; sent when the turn is over.
 *
 * @example actions: tell(bank, ({ context }) => context.bank, { type: "deposit", amount: 5 })
 */
export function tell<
  P extends Protocol,
  C extends MachineContext,
  X extends EventObject,
  A extends Params,
  E extends EventObject,
  const M extends Deeply<OutgoingOf<P>>,
>(
  protocol: P,
  to: Expression<C, X, E, A, ActorAddress>,
  message: Expression<C, X, E, A, M>,
  options: { readonly id?: string; readonly delay?: number } = {},
): Action<C, X, E, A> {
  const target = (args: unknown, params: unknown): Destination => ({
    $to: evaluate(to, args, params),
    protocol,
  });
  return sendTo(target as never, message as never, options as never) as never;
}

/**
 * Action: answers a question, now (the event at hand) or later (`to`: a kept `event.replyTo`).
 * The first answer counts; an answer nobody waits for is dropped.
 *
 * @example actions: reply(({ context }) => ({ count: context.count }))
 * @example actions: reply({ done: true }, { to: ({ context }) => context.asker })
 */
export function reply<
  C extends MachineContext,
  X extends EventObject,
  A extends Params,
  E extends EventObject,
  R = WantedBy<X>,
>(
  value: Expression<C, X, E, A, NoInfer<R>>,
  options: { readonly to?: Expression<C, X, E, A, ReplyTo<R> | undefined> } = {},
): Action<C, X, E, A> {
  const answer = (args: unknown, params: unknown): Answer => ({
    type: "answer",
    value: evaluate(value, args, params),
  });
  return sendTo(replyTarget(options.to) as never, answer as never) as never;
}

/** Action: answers a question with a refusal; the asker gets an error of code REFUSED with this reason. */
export function refuse<
  C extends MachineContext,
  X extends EventObject,
  A extends Params,
  E extends EventObject,
>(
  reason: Expression<C, X, E, A, string>,
  options: {
    readonly to?: Expression<C, X, E, A, ReplyTo | undefined>;
    readonly details?: Readonly<Record<string, unknown>>;
  } = {},
): Action<C, X, E, A> {
  const answer = (args: unknown, params: unknown): Answer => ({
    type: "refusal",
    reason: evaluate(reason, args, params),
    ...(options.details === undefined ? {} : { details: options.details }),
  });
  return sendTo(replyTarget(options.to) as never, answer as never) as never;
}

function replyTarget(to: unknown): (args: { event: { replyTo?: ReplyTo } }, params: unknown) => ReplyTo {
  return (args, params) =>
    (to === undefined ? args.event.replyTo : evaluate<ReplyTo>(to, args, params)) ?? nobody;
}

/** A target that is the actor itself. */
export interface OwnLife {
  readonly $self: true;
}

/** What `announce` and `stopSelf` say of the actor itself. */
export type SelfWord =
  | { readonly type: "announce"; readonly info: unknown }
  | { readonly type: "stop"; readonly reason: string | undefined };

const ownLife: OwnLife = { $self: true };

/** Action: while the actor is starting, hands information to whoever starts it. The last word counts. */
export function announce<
  C extends MachineContext,
  X extends EventObject,
  A extends Params,
  E extends EventObject,
>(info: Expression<C, X, E, A, unknown>): Action<C, X, E, A> {
  const word = (args: unknown, params: unknown): SelfWord => ({
    type: "announce",
    info: evaluate(info, args, params),
  });
  return sendTo(ownLife as never, word as never) as never;
}

/** Action: ends this actor in good order when the turn is over; its outcome is `stopped`, with this reason. */
export function stopSelf<
  C extends MachineContext,
  X extends EventObject,
  A extends Params,
  E extends EventObject,
>(reason?: Expression<C, X, E, A, string | undefined>): Action<C, X, E, A> {
  const word = (args: unknown, params: unknown): SelfWord => ({
    type: "stop",
    reason: evaluate(reason, args, params),
  });
  return sendTo(ownLife as never, word as never) as never;
}

/** What the runtime tells a running call. Found through `self.system[hostKey]`. */
export interface CallHost {
  callContext(self: unknown): CallContext;
}

export interface CallContext {
  /** Aborts when the question that caused the call is cancelled, or its actor ends. */
  readonly signal: AbortSignal;
  /** Names this call: the same for the same call of the same turn. */
  readonly key: string;
  /** What caused the call; the cell's own. */
  readonly cause: unknown;
  readonly cell: {
    readonly actors: Actors;
    ask(
      cause: unknown,
      protocol: Protocol,
      to: ActorAddress,
      message: { readonly type: string },
      limits: AskLimits,
    ): Promise<unknown>;
  };
}

export interface AskLimits {
  /** How long to wait, in milliseconds; never longer than the question that caused the call waits itself. */
  readonly withinMs?: number;
  /** Asks with the same key share one answer. */
  readonly key?: string;
  readonly signal?: AbortSignal;
}

export const hostKey: unique symbol = Symbol.for("coxswain.host") as never;

function contextOf(self: unknown, system: unknown): CallContext | undefined {
  return (system as { [hostKey]?: CallHost })[hostKey]?.callContext(self);
}

/**
 * Actor logic: a call to the outside (a model, a tool, a file), invoked by a machine.
 * `signal` aborts when the machine leaves the state, the asker cancels, or the actor ends.
 *
 * @example actors: { fetchPage: fromCall(({ input, signal }: Call<{ url: string }>) => fetch(input.url, { signal })) }
 */
export function fromCall<Output, Input = undefined>(
  run: (call: Call<Input>) => Promise<Output> | Output,
): PromiseActorLogic<Output, Input> {
  return fromPromise(async ({ input, signal, self, system, emit }) => {
    return run(new RunningCall(input as Input, emit, signal, self, system));
  }) as never;
}

/** What few calls ask for is made when they do: to join two signals costs more than most of a turn. */
class RunningCall<Input> implements Call<Input> {
  readonly input: Input;
  readonly emit: Call<Input>["emit"];
  readonly #left: AbortSignal;
  readonly #self: unknown;
  readonly #system: unknown;
  #signal: AbortSignal | undefined;

  constructor(input: Input, emit: Call<Input>["emit"], left: AbortSignal, self: unknown, system: unknown) {
    this.input = input;
    this.emit = emit;
    this.#left = left;
    this.#self = self;
    this.#system = system;
  }

  get signal(): AbortSignal {
    const context = this.#signal === undefined ? contextOf(this.#self, this.#system) : undefined;
    this.#signal ??= context === undefined ? this.#left : AbortSignal.any([this.#left, context.signal]);
    return this.#signal;
  }

  get key(): string {
    return contextOf(this.#self, this.#system)?.key ?? "";
  }

  get actors(): Actors {
    return actorsOf(this.#self, this.#system);
  }
}

/** For callback logic: what its actor may do with others. @throws Error outside of a running system */
export function actorsOf(self: unknown, system: unknown): Actors {
  const context = contextOf(self, system);
  if (context === undefined)
    throw new Error("Starting actors needs a running system; provide the logic in tests");
  return context.cell.actors;
}

export interface Call<Input> {
  readonly input: Input;
  readonly signal: AbortSignal;
  readonly key: string;
  /** To start and stop other actors. */
  readonly actors: Actors;
  /** Emits an event of the actor's protocol while the call goes on. */
  emit(event: EventObject & Readonly<Record<string, unknown>>): void;
}

/** Marks logic made by {@link asking}, for tools that read machines. */
export const asks: unique symbol = Symbol.for("coxswain.asks") as never;

export type AskingInput<P extends Protocol, K extends QuestionTypeOf<P>> = AskLimits & {
  readonly to: ActorAddress;
  readonly with: PayloadOf<P, K>;
};

/**
 * Actor logic: asks another actor and waits; `onDone` gets the typed reply, `onError` a CoxswainError.
 *
 * @example
 * actors: { balance: asking(bank, "balance") }
 * invoke: { src: "balance", input: ({ context }) => ({ to: context.bank, with: { account: "a" }, withinMs: 2_000 }) }
 */
export function asking<P extends Protocol, const K extends QuestionTypeOf<P>>(
  protocol: P,
  type: K,
): PromiseActorLogic<ReplyOf<P, K>, AskingInput<P, K>> {
  const logic = fromPromise(async ({ input, signal, self, system }) => {
    const { to, with: payload, ...limits } = input as AskingInput<P, K>;
    const context = contextOf(self, system);
    if (context === undefined)
      throw new Error(`asking(${protocol.name}, ${type}) needs a running system; provide the actor in tests`);
    const both = AbortSignal.any([signal, context.signal]);
    return context.cell.ask(
      context.cause,
      protocol,
      to,
      { ...(payload as object), type },
      { ...limits, signal: both },
    );
  });
  return Object.assign(logic, { [asks]: true }) as never;
}
