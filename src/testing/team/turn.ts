import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { Answer, Destination, SelfWord } from "../../../machines/index.ts";
import {
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  type Protocol,
  payloadSchema,
  type ReplyTo,
  type replySchema,
  toWireError,
  validate,
} from "../../../protocols/index.ts";
import { askWithinMs } from "../../asks.ts";
import { outgoingBody } from "../../outbound.ts";
import { isOutgoing } from "../../xstate/internals.ts";
import { type Asked, askedBy, isAsking } from "./asked.ts";
import type { Asking, Calling, Cell, Message, Open, Timer, Turned } from "./cell.ts";
import type { TeamFact } from "./facts.ts";
import type { Stepped, Word } from "./pure-logic.ts";
import { TurnAnswers, type TurnedAway } from "./turn-answers.ts";
import { TurnTimers } from "./turn-timers.ts";

/** What a turn knows of where it takes place. */
export interface Place {
  readonly address: string;
  /** The number of a question that nothing in the team speaks of. @param taken numbers given in this turn */
  freeQuestion(taken: number): number;
  isMember(address: string): boolean;
  /** Whether samples say what the child comes to. */
  isSampled(src: string): boolean;
  /** A protocol that somebody in the team speaks. */
  sees(protocol: Protocol): void;
  replySchemaOf(open: Open): ReturnType<typeof replySchema>;
}

/** Carries out what a machine wants done in a step, as its cell would: by noting it. */
export class Turn {
  readonly #place: Place;
  readonly #before: Cell;
  #snapshot: AnyMachineSnapshot;
  #calls: readonly Calling[];
  #asks: readonly Asking[];
  readonly #timers: TurnTimers;
  readonly #answers: TurnAnswers;
  #held: readonly Message[];
  #outcome: ActorOutcome | undefined;
  #asked = 0;
  readonly #sends: Message[] = [];
  readonly #facts: TeamFact[] = [];
  /** Events to itself, which it takes in the same turn. */
  readonly own: AnyEventObject[] = [];

  constructor(place: Place, before: Cell) {
    this.#place = place;
    this.#before = before;
    this.#snapshot = before.snapshot;
    this.#calls = before.calls;
    this.#asks = before.asks;
    this.#timers = new TurnTimers(before.timers);
    this.#answers = new TurnAnswers(place, before.open, this);
    this.#held = before.held;
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#snapshot;
  }

  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  note(fact: TeamFact): void {
    this.#facts.push(fact);
  }

  send(message: Message): void {
    this.#sends.push(message);
  }

  hold(message: Message): void {
    this.#held = [...this.#held, message];
  }

  takeUp(message: Message): void {
    this.#held = this.#held.filter((other) => other !== message);
  }

  /** It has taken a question. */
  opened(open: Open): void {
    this.#answers.open.push(open);
  }

  refuseQuestion(message: Message, code: TurnedAway): void {
    this.#answers.turnAway(message, code);
  }

  /** A timer went off. */
  rang(timer: Timer): void {
    this.#timers.rang(timer);
  }

  /** A child that asked has its answer, or waits no longer. */
  askEnded({ child }: Asking, hear: (snapshot: AnyMachineSnapshot) => Stepped): void {
    this.#forget(child);
    this.did(hear(this.#snapshot));
  }

  /** A call has come to its end. */
  callEnded(call: Calling, hear: (snapshot: AnyMachineSnapshot, isHidden: boolean) => Stepped): void {
    // One that was spawned under its name hides an older one from the machine.
    const isLatest = this.#calls.findLast(({ child }) => child === call.child) === call;
    this.#calls = this.#calls.filter((other) => other !== call);
    this.did(hear(this.#snapshot, !isLatest));
  }

  // ---- what the machine did ----

  did({ snapshot, words, error }: Stepped): void {
    if (snapshot !== undefined) this.#snapshot = snapshot;
    if (error !== undefined) return this.fail(error);
    const { status, output, error: failure } = this.#snapshot;
    // A failed turn has no effects.
    if (status === "error") return this.fail(failure);
    for (const word of words) {
      try {
        this.#carryOut(word);
      } catch (thrown) {
        // What cannot be checked is not the machine's failure.
        if (thrown instanceof CoxswainError && ["OPTION_INVALID", "MACHINE_INVALID"].includes(thrown.code)) {
          throw thrown;
        }
        this.fail(thrown);
      }
    }
    if (status === "done") this.end({ kind: "done", ...(output === undefined ? {} : { output }) });
  }

  fail(error: unknown): void {
    this.#outcome = undefined;
    this.end({ kind: "failed", error: toWireError(error) });
  }

  end(outcome: ActorOutcome): void {
    this.#outcome ??= outcome;
  }

  #carryOut(word: Word): void {
    const by = this.#place.address;
    switch (word.kind) {
      case "say":
        return this.#say(word.target as object, word.event);
      case "own":
        return void this.own.push(word.event);
      case "later":
        return this.#timers.arm(timerOf(word));
      case "cancel":
        return this.#timers.cancel(word.from, word.id);
      case "cancelAll":
        return this.#timers.cancelAll(word.from);
      case "call":
        return this.#call(word);
      case "stop":
        return this.#forget(word.child);
      case "emit": {
        const { type, ...body } = word.event;
        return this.note({ kind: "emitted", by, type, body });
      }
      case "act":
        return this.note({ kind: "acted", by, type: word.type, body: word.params });
    }
  }

  #say(target: object, event: AnyEventObject): void {
    if ("$self" in target) return this.#ofItself(event as unknown as SelfWord);
    if ("$replyTo" in target) return this.#answers.give(target as ReplyTo, event as unknown as Answer);
    if ("$to" in target) this.tell(target as Destination, event);
  }

  #ofItself(word: SelfWord): void {
    if (word.type === "announce") return;
    this.end({ kind: "stopped", ...(word.reason === undefined ? {} : { reason: word.reason }) });
  }

  tell({ $to: to, protocol }: Destination, event: AnyEventObject): void {
    const given = outgoingBody(protocol, actorAddress(to), event);
    const { address: from } = this.#place;
    const { type } = event;
    const body = received(payloadSchema(protocol, type), given);
    this.note({ kind: "told", by: from, to, type, body });
    if (!this.#place.isMember(to)) return;
    this.send({ kind: "tell", from, to, type, body, protocol: protocol.name, question: undefined });
  }

  #call({ child, src: name, logic, input }: Extract<Word, { kind: "call" }>): void {
    const { address: by } = this.#place;
    const isSampled = this.#place.isSampled(name);
    if (!isSampled && isAsking(logic)) return this.#ask(child, name, askedBy(logic, input));
    if (!isSampled && !isOutgoing(logic)) {
      const text = `Expected the child ${name} of ${by} to be known by a name that setup gives to it; or make it a member that is told and asked`;
      throw new CoxswainError("MACHINE_INVALID", text);
    }
    if (!isSampled) {
      const text = `Expected calls to say what ${name} of ${by} may come to: { done: […], error: […] }, or {} for never`;
      throw new CoxswainError("OPTION_INVALID", text);
    }
    this.#calls = [...this.#calls, { child, src: name, input }];
    this.note({ kind: "called", by, type: name, body: input });
  }

  #ask(child: string, name: string, { protocol, to, message, limits }: Asked): void {
    const { address: by } = this.#place;
    const { type } = message;
    const question = `${by}/${this.#place.freeQuestion(this.#asked++)}`;
    this.#asks = [...this.#asks, { child, question, to, type, protocol }];
    const endsAfter = (delayMs: number, error: unknown): void =>
      this.#timers.arm({ kind: "deadline", from: child, id: undefined, delayMs, question, error });
    let body: unknown;
    try {
      body = received(payloadSchema(protocol, type), outgoingBody(protocol, actorAddress(to), message));
    } catch (error) {
      // The question is never sent, which the machine hears at once.
      return endsAfter(0, error);
    }
    this.#place.sees(protocol);
    if (!this.#place.isMember(to)) {
      const text = `${by} asks ${to}, who is no member of the team; say in calls what ${name} may come to`;
      throw new CoxswainError("OPTION_INVALID", text);
    }
    this.note({ kind: "asked", by, to, type, body });
    const delayMs = limits.withinMs ?? askWithinMs;
    const text = `${type} to ${to} had no reply within ${delayMs} ms; its outcome is unknown`;
    endsAfter(delayMs, new CoxswainError("ASK_TIMEOUT", text));
    this.send({ kind: "ask", from: by, to, type, body, protocol: protocol.name, question });
  }

  /** Nobody waits for the child's result any more. */
  #forget(child: string): void {
    const call = this.#calls.findLast((other) => other.child === child);
    this.#calls = this.#calls.filter((other) => other !== call);
    const gone = this.#asks.filter((ask) => ask.child === child).map(({ question }) => question);
    this.#asks = this.#asks.filter((ask) => ask.child !== child);
    this.#timers.dropDeadlines(gone);
  }

  // ---- the end of the turn ----

  over(): Turned {
    if (this.#outcome !== undefined) return this.#ended(this.#outcome);
    const { life, saved, snapshot } = this.#before;
    const changed = identical(this.#snapshot.value, snapshot.value) === false;
    const cell: Cell = {
      phase: "up",
      life,
      snapshot: this.#snapshot,
      calls: this.#calls,
      asks: this.#asks,
      timers: this.#timers.over(),
      open: this.#answers.open,
      held: this.#held,
      resumed: this.#held.length > 0 && (changed || this.#before.resumed),
      outcome: undefined,
      saved,
    };
    return { cell, sends: this.#sends, facts: this.#facts };
  }

  #ended(outcome: ActorOutcome): Turned {
    const { address: by } = this.#place;
    this.#answers.giveUp(`${by} ended (${outcome.kind}) before this was answered`);
    for (const message of this.#held)
      if (message.kind === "ask") this.refuseQuestion(message, "ACTOR_STOPPED");
    this.note({ kind: "ended", by, outcome });
    const { life } = this.#before;
    const cell: Cell = { ...empty, phase: "ended", life, snapshot: this.#snapshot, outcome };
    return { cell, sends: this.#sends, facts: this.#facts };
  }
}

export const empty = {
  calls: [],
  asks: [],
  timers: [],
  open: [],
  held: [],
  resumed: false,
  outcome: undefined,
  saved: undefined,
} as const;

function timerOf({ from, to, id, delayMs, event }: Extract<Word, { kind: "later" }>): Timer {
  if (typeof to === "string") return { kind: "raise", from, to, id, delayMs, event };
  return { kind: "send", from, id, delayMs, target: to as Destination, event };
}

/** What the receiver gets to see of a payload that was checked. */
function received(schema: ReturnType<typeof payloadSchema>, body: unknown): unknown {
  const checked = schema === undefined ? undefined : validate(schema, body);
  return checked?.ok ? checked.value : body;
}

function identical(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
