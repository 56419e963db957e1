import {
  type ActionArgs,
  type ActionFunction,
  type EventObject,
  type MachineContext,
  type ParameterizedObject,
  sendTo,
} from "xstate";
import type { ActorAddress, OutgoingOf, Protocol, ReplyTo } from "../protocols/index.ts";

/**
 * What a machine says: `tell`, `reply`, `refuse`; of itself `announce` and `stopSelf`; events are said with XState's own
 * `emit`. Each is an ordinary XState action over plain data, so that graph tools see it and tests run it without a runtime.
 */

/** A target outside the cell. Plain data; a protocol prints as its tag. */
export interface Destination {
  readonly $to: ActorAddress;
  readonly protocol: Protocol;
  /** The token of the grant under which it is sent. */
  readonly grant?: string;
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
  options: {
    readonly id?: string;
    readonly delay?: number;
    /** The token of the grant under which it is sent. */
    readonly grant?: Expression<C, X, E, A, string | undefined>;
  } = {},
): Action<C, X, E, A> {
  const { grant: token, ...sending } = options;
  const target = (args: unknown, params: unknown): Destination => {
    const $to = evaluate<ActorAddress>(to, args, params);
    const grant = evaluate<string | undefined>(token, args, params);
    return grant === undefined ? { $to, protocol } : { $to, protocol, grant };
  };
  return sendTo(target as never, message as never, sending as never) as never;
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
