import type { AnyEventObject, AnyMachineSnapshot, StateValue } from "xstate";
import type { Actors, AskLimits, Destination, Starting } from "../../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  copyPlain,
  type Protocol,
  quote,
  replySchema,
  validate,
} from "../../protocols/index.ts";
import type { Behaviour } from "../behaviour.ts";
import { type Env, realEnv } from "../env/env.ts";
import { outgoingBody } from "../outbound.ts";
import type { AnySnapshot, HostCell } from "../xstate/host.ts";
import { plainError } from "./plain-error.ts";
import { Requests } from "./requests.ts";
import type { Cause, RemoteVerdict, Report, View, Word } from "./words.ts";

/**
 * Stands in for the cell in the worker: writes down what the actor asks of its cell, and posts it when the
 * turn is over. So a turn that is killed has said nothing.
 */
export class WorkerCell implements HostCell {
  readonly address: ActorAddress;
  readonly env: Env = realEnv;
  readonly #post: (report: Report) => void;
  readonly #requests: Requests;
  readonly #accepts: readonly string[];
  #words: Word[] = [];
  #turn: "start" | "ordered" | "own" | undefined;
  #cause: Cause | undefined;
  #stopped = false;
  /** Made when the actor starts. */
  behaviour: Behaviour | undefined;

  constructor(address: ActorAddress, protocol: Protocol, post: (report: Report) => void) {
    this.address = address;
    this.#post = post;
    this.#accepts = Object.keys(protocol.accepts);
    this.#requests = new Requests((word) => this.#say(word));
  }

  // ---- what the node orders ----

  start(make: () => Behaviour): void {
    this.#turn = "start";
    this.behaviour = make();
    this.#say({ say: "view", view: this.#view() });
    this.behaviour.start();
    this.#flush("start", "taken");
  }

  /** One ordered turn. */
  take(cause: Cause | undefined, run: () => RemoteVerdict): void {
    this.#turn = "ordered";
    this.#cause = cause;
    this.#flush("ordered", run());
  }

  answered: Requests["settle"] = (number, answer) => this.#requests.settle(number, answer);

  /** Nothing is said afterwards. */
  stop(): void {
    this.#stopped = true;
    this.behaviour?.stop();
  }

  // ---- what the actor asks of its cell ----

  cause(): Cause | undefined {
    return this.#cause;
  }

  idOf(cause: unknown): string | undefined {
    return (cause as Cause | undefined)?.envelope.id;
  }

  begin(cause: unknown): boolean {
    if (this.#stopped) return false;
    if (this.#turn === undefined) {
      this.#turn = "own";
      this.#post({ type: "busy" });
    }
    this.#cause = cause as Cause | undefined;
    this.#words.push({ say: "begin", cause: this.#cause });
    return true;
  }

  end(before: AnySnapshot, after: AnySnapshot): void {
    const changed = stateOf(before) !== stateOf(after) || after.status !== before.status;
    this.#words.push({ say: "end", view: changed ? this.#view() : undefined });
    if (this.#turn === "own") this.#flush("own", "taken");
  }

  send(target: unknown, event: AnyEventObject): void {
    try {
      this.#say({ say: "send", ...outgoing(target, event) });
    } catch (error) {
      this.effectFailed(error, `sending ${event.type}`);
    }
  }

  emit(event: AnyEventObject): void {
    try {
      this.#say({ say: "emit", event: copyPlain(event).value as AnyEventObject });
    } catch (error) {
      this.effectFailed(error, `emitting ${event.type}`);
    }
  }

  log(args: readonly unknown[]): void {
    this.#say({ say: "log", args: args.map(String) });
  }

  effectFailed(error: unknown, what: string): void {
    this.#say({ say: "effectFailed", error: plainError(error), what });
  }

  lost({ type }: AnyEventObject, target: string): void {
    this.#say({ say: "lost", event: type, target });
  }

  mayRelease(): boolean {
    const deadlineMs = this.#turn === "ordered" ? this.#cause?.envelope.deadlineMs : undefined;
    return deadlineMs === undefined || deadlineMs >= this.env.nowMs();
  }

  withheld(kind: "send" | "emit" | "action" | "call", detail: string): void {
    this.#say({ say: "withheld", kind, detail });
  }

  expired(): unknown {
    return new CoxswainError("DEADLINE_EXCEEDED", "The deadline passed before the call began");
  }

  done(output: unknown): void {
    this.#say({ say: "done", output: this.#clonable(output) });
  }

  failed(error: unknown): void {
    this.#say({ say: "failed", error: plainError(error) });
  }

  /** A reducer ends itself. */
  endWith(outcome: ActorOutcome): void {
    this.#say({ say: "stop", reason: outcome.kind === "stopped" ? outcome.reason : undefined });
  }

  /** A question of the actor's own. The worker knows the schemas; the node knows the way. */
  async ask(
    cause: unknown,
    protocol: Protocol,
    to: ActorAddress,
    message: AnyEventObject,
    { signal, ...limits }: AskLimits,
  ): Promise<unknown> {
    const { type } = message;
    const schema = replySchema(protocol, type);
    if (schema === undefined && type in protocol.accepts)
      throw new CoxswainError("MESSAGE_INVALID", `${protocol.name}.${type} has no reply; tell it instead`);
    const body = copyPlain({ ...outgoingBody(protocol, to, message), type }).value as AnyEventObject;
    const given = await this.#requests.send(
      {
        what: "ask",
        cause: cause as Cause | undefined,
        protocol: protocol.tag,
        to: actorAddress(to),
        message: body,
        limits,
      },
      signal,
    );
    const checked = schema === undefined ? { ok: true as const, value: given } : validate(schema, given);
    if (checked.ok) return checked.value;
    const text = `Expected a reply to ${type} from ${to}: ${checked.issues}; got ${quote(given)}`;
    throw new CoxswainError("REPLY_INVALID", text);
  }

  /** Starts and stops other actors, by way of the node. */
  get actors(): Actors {
    return {
      self: this.address,
      monotonicMs: () => this.env.monotonicMs(),
      random: () => this.env.random(),
      start: ({ signal, ...starting }: Starting) => {
        if (typeof starting.actor !== "string") {
          const text = `Expected the name of an actor in the catalogue for ${starting.address}; code does not leave a worker`;
          return Promise.reject(new CoxswainError("OPTION_INVALID", text));
        }
        return this.#requests.send({ what: "startActor", starting }, signal) as ReturnType<Actors["start"]>;
      },
      stop: (...args) =>
        this.#requests.send({ what: "stopActor", args }, undefined) as ReturnType<Actors["stop"]>,
    };
  }

  // ---- posting ----

  #say(word: Word): void {
    if (this.#stopped) return;
    this.#words.push(word);
    if (this.#turn === undefined) this.#flush("loose", "taken");
  }

  #flush(turn: (Report & { type: "over" })["turn"], verdict: RemoteVerdict): void {
    const words = this.#words;
    this.#words = [];
    this.#turn = undefined;
    this.#cause = undefined;
    if (!this.#stopped) this.#post({ type: "over", turn, verdict, words });
  }

  #view(): View {
    const { behaviour } = this;
    const { status = "active" } = behaviour?.snapshot ?? {};
    const postponed = this.#accepts.filter((type) => behaviour?.postpones(type) === true);
    return {
      value: stateOf(behaviour?.snapshot),
      status,
      starting: behaviour?.starting ?? false,
      postponed,
    };
  }

  #clonable(output: unknown): unknown {
    try {
      return structuredClone(output);
    } catch {
      this.log([`the output of ${this.address} cannot leave its worker, and is left out`]);
      return undefined;
    }
  }
}

function stateOf(snapshot: AnySnapshot | undefined): StateValue | undefined {
  return (snapshot as AnyMachineSnapshot | undefined)?.value;
}

/** A message as plain data, checked by the protocol that is known here. @throws MESSAGE_INVALID, ADDRESS_INVALID */
function outgoing(target: unknown, event: AnyEventObject): { target: unknown; event: AnyEventObject } {
  const { $to, protocol, grant } = target as Destination;
  if ("$replyTo" in (target as object) || "$self" in (target as object)) {
    return { target, event: copyPlain(event).value as AnyEventObject };
  }
  const body = outgoingBody(protocol, $to, event);
  return {
    target: { $to: actorAddress($to), protocol: protocol.tag, ...(grant === undefined ? {} : { grant }) },
    event: copyPlain({ ...body, type: event.type }).value as AnyEventObject,
  };
}
