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

/**
 * What a machine says: `tell`, `reply`, `refuse`, `asking`, `fromCall`; events are said with
 * XState's own `emit`. Each is an ordinary XState action or actor logic over plain data, so that
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
    const context = contextOf(self, system);
    const both = context === undefined ? signal : AbortSignal.any([signal, context.signal]);
    return run({ input: input as Input, signal: both, key: context?.key ?? "", emit });
  }) as never;
}

export interface Call<Input> {
  readonly input: Input;
  readonly signal: AbortSignal;
  readonly key: string;
  /** Emits an event of the actor's protocol while the call goes on. */
  emit(event: EventObject & Readonly<Record<string, unknown>>): void;
}

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
  return fromPromise(async ({ input, signal, self, system }) => {
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
  }) as never;
}
