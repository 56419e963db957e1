import { type EventObject, fromPromise, type PromiseActorLogic } from "xstate";
import {
  type ActorAddress,
  CoxswainError,
  control,
  nodeAddress,
  type OutgoingOf,
  type PayloadOf,
  type Protocol,
  type QuestionOf,
  type QuestionTypeOf,
  quote,
  type ReplyOf,
  toWireError,
} from "../protocols/index.ts";
import {
  type AskLimits,
  actorsOf,
  type CallContext,
  type CallEnv,
  contextOf,
  envOf,
} from "./call-context.ts";
import type { Actors } from "./others.ts";
import { failureClassOf } from "./retry/failure-classes.ts";
import { type CallEffect, type Retry, type RetryPolicy, retryPolicyOf, waitBeforeNext } from "./retry.ts";
import type { Destination } from "./verbs.ts";

/**
 * What a machine waits for: `fromCall`, the outside; `asking`, another actor. Each is ordinary XState promise logic, so that
 * graph tools see it and tests provide another.
 */

export interface CallOptions {
  /** Of a durable actor's call. Default `atLeastOnce`. */
  readonly effect?: CallEffect;
  /** Tries again what fails for a while, with the same key. Default: no second try, and `onError` gets what was thrown. */
  readonly retry?: Retry;
}

/** What {@link fromCall} was given, with what is unsaid filled in. */
export interface CallTraits {
  readonly effect: CallEffect;
  readonly retry: RetryPolicy | undefined;
}

const traits: unique symbol = Symbol.for("coxswain.call") as never;

/** The options of logic that {@link fromCall} made; undefined of any other. */
export function callOptionsOf(logic: object): CallTraits | undefined {
  return (logic as { readonly [traits]?: CallTraits })[traits];
}

/**
 * Actor logic: a call to the outside (a model, a tool, a file), invoked by a machine.
 * `signal` aborts when the machine leaves the state, the asker cancels, or the actor ends; nothing is tried again then.
 *
 * With `retry`, an error is tried again or not by its class: what is throttled, unreachable, broken on the way or a server's
 * fault is; what the caller did wrong is not, nor what nobody knows. A last error is a CoxswainError of code CALL_FAILED, with
 * `details.attempts`, `details.class`, and what was thrown as its `cause`. In bare XState its waits are the actor system's
 * `clock`'s, without jitter; time passes there by waiting alone, and a `Retry-After` that is a date is not read.
 *
 * @throws OPTION_INVALID
 * @example actors: { fetchPage: fromCall(({ input, signal }: Call<{ url: string }>) => fetch(input.url, { signal })) }
 * @example fromCall(({ input, key }: Call<Payment>) => bank.pay(input, { idempotencyKey: key }), { retry: { attempts: 3 } })
 */
export function fromCall<Output, Input = undefined>(
  run: (call: Call<Input>) => Promise<Output> | Output,
  { effect = "atLeastOnce", retry }: CallOptions = {},
): PromiseActorLogic<Output, Input> {
  if (effect !== "atLeastOnce" && effect !== "atMostOnce")
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected effect "atLeastOnce" or "atMostOnce", got ${quote(effect)}`,
    );
  const own: CallTraits = { effect, retry: retry === undefined ? undefined : retryPolicyOf(retry) };
  const logic = fromPromise(async ({ input, signal, self, system, emit }) => {
    const attempt = (number: number): RunningCall<Input> =>
      new RunningCall(input as Input, emit, signal, self, system, number);
    return own.retry === undefined ? run(attempt(1)) : retried(run, attempt, own.retry, effect);
  });
  return Object.assign(logic, { [traits]: own }) as never;
}

async function retried<Output, Input>(
  run: (call: Call<Input>) => Promise<Output> | Output,
  callOf: (attempt: number) => RunningCall<Input>,
  policy: RetryPolicy,
  effect: CallEffect,
): Promise<Output> {
  const env = callOf(1).env();
  const startMs = env.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    const call = callOf(attempt);
    try {
      return await run(call);
    } catch (error) {
      if (call.signal.aborted) throw error;
      const elapsedMs = env.monotonicMs() - startMs;
      const now = { attempt, elapsedMs, effect, chance: env.random(), nowMs: () => env.nowMs() };
      const waitMs = waitBeforeNext(policy, error, now);
      if (waitMs === undefined) throw lastError(error, attempt);
      await pause(env, waitMs, call.signal);
    }
  }
}

function lastError(cause: unknown, attempts: number): CoxswainError {
  const { name } = failureClassOf(cause);
  const times = attempts === 1 ? "once" : `${attempts} times`;
  const message = `The call was tried ${times}, and failed with: ${toWireError(cause).message}`;
  return new CoxswainError("CALL_FAILED", message, { details: { attempts, class: name }, cause });
}

/** Rejects with the reason of the signal as soon as it aborts. */
function pause(env: CallEnv, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = env.setTimer(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** What few calls ask for is made when they do: to join two signals costs more than most of a turn. */
class RunningCall<Input> implements Call<Input> {
  readonly input: Input;
  readonly attempt: number;
  readonly emit: Call<Input>["emit"];
  readonly #left: AbortSignal;
  readonly #self: unknown;
  readonly #system: unknown;
  #signal: AbortSignal | undefined;

  constructor(
    input: Input,
    emit: Call<Input>["emit"],
    left: AbortSignal,
    self: unknown,
    system: unknown,
    attempt: number,
  ) {
    this.input = input;
    this.attempt = attempt;
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

  nowMs(): number {
    return this.env().nowMs();
  }

  ask<P extends Protocol, const M extends QuestionOf<P>>(
    protocol: P,
    to: ActorAddress,
    message: M,
    limits: AskLimits = {},
  ): Promise<ReplyOf<P, M["type"]>> {
    const { cell, cause, signal } = this.#running("asking");
    const signals = [this.#left, signal, ...(limits.signal === undefined ? [] : [limits.signal])];
    return cell.ask(cause, protocol, to, message, { ...limits, signal: AbortSignal.any(signals) }) as Promise<
      ReplyOf<P, M["type"]>
    >;
  }

  tell<P extends Protocol>(
    protocol: P,
    to: ActorAddress,
    message: OutgoingOf<P>,
    { grant }: { readonly grant?: string | undefined } = {},
  ): void {
    const target: Destination = { $to: to, protocol, ...(grant === undefined ? {} : { grant }) };
    this.#running("telling").cell.send(target, message);
  }

  askNode<const M extends QuestionOf<typeof control>>(
    message: M,
    limits?: AskLimits,
  ): Promise<ReplyOf<typeof control, M["type"]>> {
    const { node = { name: "own" } } = this.#running("asking").cell;
    return this.ask(control, nodeAddress(node.name), message, limits);
  }

  #running(what: string): CallContext {
    const context = contextOf(this.#self, this.#system);
    if (context === undefined) throw new Error(`${what} needs a running system; provide the call in tests`);
    return context;
  }

  env(): CallEnv {
    return envOf(this.#self, this.#system);
  }
}

export interface Call<Input> {
  readonly input: Input;
  readonly signal: AbortSignal;
  /** Names this call, over all its tries: what the called side is to know a repetition by. Empty in bare XState. */
  readonly key: string;
  /** Which try this is: 1, 2, … */
  readonly attempt: number;
  /** To start and stop other actors. */
  readonly actors: Actors;
  /** Wall clock, epoch milliseconds: a machine has none. NaN in bare XState. */
  nowMs(): number;
  /** Asks another actor while the call goes on. Made again after a crash, it is another question, unless it has a `key`. */
  ask<P extends Protocol, const M extends QuestionOf<P>>(
    protocol: P,
    to: ActorAddress,
    message: M,
    limits?: AskLimits,
  ): Promise<ReplyOf<P, M["type"]>>;
  /** Asks the node that the actor runs on, whichever that is. */
  askNode<const M extends QuestionOf<typeof control>>(
    message: M,
    limits?: AskLimits,
  ): Promise<ReplyOf<typeof control, M["type"]>>;
  /** Tells another actor, at once: not with the turn's commit. */
  tell<P extends Protocol>(
    protocol: P,
    to: ActorAddress,
    message: OutgoingOf<P>,
    options?: { readonly grant?: string | undefined },
  ): void;
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
      { ...limits, signal: both, callKey: context.key },
    );
  });
  return Object.assign(logic, { [asks]: true }) as never;
}
