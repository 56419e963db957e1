import type { AnyEventObject } from "xstate";
import {
  type ActorAddress,
  CoxswainError,
  type Protocol,
  replySchema,
  validate,
} from "../../../protocols/index.ts";
import { type Cell, isDue, type Message, type Timer, type Turned } from "./cell.ts";
import { logicOf } from "./logic-of.ts";
import { outside, runtime } from "./outside.ts";
import type { Ending, PureLogic } from "./pure-logic.ts";
import type { CallSamples, MemberOptions } from "./team-options.ts";
import { empty, type Place, Turn } from "./turn.ts";
import type { TurnedAway } from "./turn-answers.ts";

/** Events a machine may send itself in one turn; more are taken to go in circles. */
const ownEventsMax = 1_000;
const noSamples: CallSamples = {};

export interface MemberPlan {
  /** The name it has in the options. */
  readonly name: string;
  readonly address: ActorAddress;
  readonly options: MemberOptions;
  readonly input: unknown;
  /** Whether the number of its lives is bounded, so that each may have a name of its own. */
  readonly countsLives: boolean;
  /** What is shown of a cell, for a `durable` of the user's own. */
  readonly isWritten: ((cell: Cell) => boolean) | undefined;
}

/** What a call may come to, as one choice. */
export interface CallChoice {
  /** Which of its cell's calls. */
  readonly call: number;
  readonly kind: "done" | "error" | "sends";
  readonly value: unknown;
  readonly fair: boolean;
}

/** One member: what it does in each case, as its cell would. Pure: each step gives another cell. */
export class Member implements Place {
  readonly name: string;
  readonly address: ActorAddress;
  readonly options: MemberOptions;
  readonly #plan: MemberPlan;
  readonly #logic: PureLogic;
  readonly #addresses: ReadonlySet<string>;
  readonly #protocols: Map<string, Protocol>;
  /** The numbers of its questions that something in the team speaks of, a bit each. */
  #questions = 0;

  constructor(plan: MemberPlan, addresses: ReadonlySet<string>, protocols: Map<string, Protocol>) {
    this.name = plan.name;
    this.address = plan.address;
    this.options = plan.options;
    this.#plan = plan;
    this.#logic = logicOf(plan.options, plan.address);
    this.#addresses = addresses;
    this.#protocols = protocols;
  }

  /** Whether messages for it wait while it is down. */
  get isDurable(): boolean {
    return this.options.durable !== undefined;
  }

  // ---- Place ----

  freeQuestion(taken: number): number {
    let left = taken;
    for (let number = 0; number < questionsMax; number++) {
      if ((this.#questions & (1 << number)) === 0 && left-- === 0) return number;
    }
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected at most ${questionsMax} questions of ${this.address} to be spoken of at once`,
    );
  }

  isMember(address: string): boolean {
    return this.#addresses.has(address);
  }

  isSampled(src: string): boolean {
    return this.options.calls?.[src] !== undefined;
  }

  sees(protocol: Protocol): void {
    this.#protocols.set(protocol.name, protocol);
  }

  replySchemaOf({
    protocol,
    type,
  }: {
    readonly protocol: string;
    readonly type: string;
  }): ReturnType<typeof replySchema> {
    const known = this.options.protocol ?? this.#protocols.get(protocol);
    return known === undefined ? undefined : replySchema(known, type);
  }

  // ---- steps ----

  /** Its beginning. @param questions the bits of its questions that something in the team speaks of, here and below */
  start(life: number, questions: number): Turned {
    this.#questions = questions;
    const first = this.#logic.first(this.#plan.input);
    const { snapshot } = first;
    if (snapshot === undefined) {
      throw new CoxswainError("MACHINE_INVALID", `${this.address} could not be started`, {
        cause: first.error,
      });
    }
    const turn = new Turn(this, { ...empty, phase: "up", life, snapshot });
    turn.did(first);
    return this.#close(turn, undefined);
  }

  /** What it begins with, and so what a crash leaves of it. */
  unborn(life: number): Cell {
    const { snapshot } = this.#logic.first(this.#plan.input);
    return { ...empty, phase: "down", life, snapshot: snapshot as Cell["snapshot"] };
  }

  deliver(cell: Cell, message: Message, questions: number): Turned {
    this.#questions = questions;
    const turn = new Turn(this, cell);
    if (cell.phase !== "up") {
      this.#turnAway(turn, message, cell.phase === "down" ? "ADDRESS_UNKNOWN" : "ACTOR_STOPPED");
      return { ...turn.over(), cell };
    }
    if (message.kind === "down") this.#hearOfEnd(turn, message);
    else if (message.kind === "reply" || message.kind === "refusal") this.#hearAnswer(turn, cell, message);
    else this.#receive(turn, cell, message);
    return this.#close(turn, cell);
  }

  /** The held message that may be taken now, or undefined. It goes before all that arrives. */
  takeable({ phase, resumed, held, snapshot }: Cell): Message | undefined {
    if (phase !== "up" || !resumed) return undefined;
    return held.find(({ type }) => !this.#logic.postpones(snapshot, type));
  }

  takeUp(cell: Cell, questions: number): Turned {
    this.#questions = questions;
    const turn = new Turn(this, cell);
    const message = this.takeable(cell) as Message;
    turn.takeUp(message);
    this.#receive(turn, cell, message);
    return this.#close(turn, cell);
  }

  dueTimers({ phase, timers }: Cell): number[] {
    return phase === "up" ? timers.flatMap((_, i) => (isDue(timers, i) ? [i] : [])) : [];
  }

  ring(cell: Cell, at: number, questions: number): Turned {
    this.#questions = questions;
    const turn = new Turn(this, cell);
    const timer = cell.timers[at] as Timer;
    turn.rang(timer);
    if (timer.kind === "raise") turn.did(this.#logic.next(turn.snapshot, timer.event, timer.to));
    else if (timer.kind === "send") this.#attempt(turn, () => turn.tell(timer.target as never, timer.event));
    else {
      const ask = cell.asks.find(({ question }) => question === timer.question);
      const ending = { kind: "error", error: timer.error } as const;
      if (ask !== undefined) turn.askEnded(ask, (now) => this.#logic.ended(now, ask.child, ending, false));
    }
    return this.#close(turn, cell);
  }

  callChoices({ phase, calls }: Cell): CallChoice[] {
    if (phase !== "up") return [];
    return calls.flatMap(({ src }, call) => {
      const { done = [], error = [], sends = [], never = false } = this.options.calls?.[src] ?? noSamples;
      return [
        ...done.map((value) => ({ call, kind: "done", value, fair: !never }) as const),
        ...error.map((value) => ({ call, kind: "error", value, fair: !never }) as const),
        ...sends.map((value) => ({ call, kind: "sends", value, fair: false }) as const),
      ];
    });
  }

  comeTo(cell: Cell, { call, kind, value }: CallChoice, questions: number): Turned {
    this.#questions = questions;
    const turn = new Turn(this, cell);
    const ended = cell.calls[call] as Cell["calls"][number];
    const { child } = ended;
    if (kind === "sends") {
      const parent = child.slice(0, Math.max(child.lastIndexOf("/"), 0));
      turn.did(this.#logic.next(turn.snapshot, value as AnyEventObject, parent));
    } else {
      const ending: Ending = kind === "done" ? { kind, output: value } : { kind, error: value };
      turn.callEnded(ended, (now, isHidden) => this.#logic.ended(now, child, ending, isHidden));
    }
    return this.#close(turn, cell);
  }

  crash(cell: Cell): Cell {
    const life = cell.life + (this.#plan.countsLives ? 1 : 0);
    if (!this.isDurable) return this.unborn(life);
    return { ...(cell.saved ?? cell), phase: "down", life, saved: undefined };
  }

  /** Whether a start would bring it back. */
  mayStart({ phase, outcome }: Cell): boolean {
    return phase === "down" || (phase === "ended" && outcome?.kind === "failed");
  }

  restart(cell: Cell, questions: number): Turned {
    const back = cell.phase === "down" && this.isDurable ? cell : cell.saved;
    if (back === undefined) return this.start(cell.life, questions);
    return { cell: { ...back, phase: "up", life: cell.life, saved: undefined }, sends: [], facts: [] };
  }

  /** It writes what it has not written yet. */
  write(cell: Cell): Cell {
    return { ...cell, saved: undefined };
  }

  // ---- within a step ----

  #receive(turn: Turn, cell: Cell, message: Message): void {
    const { kind, from, type, body, protocol, question } = message;
    const { address: by, options } = this;
    if (options.protocol !== undefined && options.protocol.name !== protocol) {
      return this.#turnAway(turn, message, "PROTOCOL_UNKNOWN");
    }
    if (this.#logic.postpones(cell.snapshot, type)) {
      turn.note({ kind: "held", by, from, type, body });
      return turn.hold(message);
    }
    // A question that comes twice is open already.
    if (kind === "ask" && cell.open.some((open) => open.question === question)) {
      return turn.note({ kind: "unexpected", by, from, type, body });
    }
    const event = eventOf(message);
    let takes = true;
    const isTaken = (): boolean => this.#logic.takes(cell.snapshot, event);
    this.#attempt(turn, () => {
      takes = isTaken();
    });
    if (!takes) return this.#turnAway(turn, message, "MESSAGE_UNEXPECTED");
    turn.note({ kind: "took", by, from, type, body });
    if (kind === "ask") turn.opened({ question: question ?? "", asker: from, type, protocol });
    turn.did(this.#logic.next(cell.snapshot, event, ""));
  }

  #hearAnswer(turn: Turn, cell: Cell, { kind, from, type, body, question }: Message): void {
    const { address: by } = this;
    const ask = cell.asks.find((pending) => pending.question === question);
    if (ask === undefined) return turn.note({ kind: "late", by, from, type, body });
    turn.note({ kind: "took", by, from, type, body });
    const ending = kind === "reply" ? answered(ask, body) : failed(refusalOf(body));
    turn.askEnded(ask, (now) => this.#logic.ended(now, ask.child, ending, false));
  }

  #hearOfEnd(turn: Turn, { from, type, body }: Message): void {
    const event = { ...(body as object), type } as AnyEventObject;
    if (!this.#logic.hears(turn.snapshot, event)) return;
    turn.note({ kind: "took", by: this.address, from, type, body });
    turn.did(this.#logic.next(turn.snapshot, event, ""));
  }

  #turnAway(turn: Turn, message: Message, code: TurnedAway): void {
    const { kind, from, type, body } = message;
    turn.note({ kind: "unexpected", by: this.address, from, type, body });
    if (kind === "ask") turn.refuseQuestion(message, code);
  }

  #attempt(turn: Turn, run: () => void): void {
    try {
      run();
    } catch (error) {
      turn.fail(error);
    }
  }

  #close(turn: Turn, before: Cell | undefined): Turned {
    for (let count = 0; turn.own.length > 0 && !turn.isOver; count++) {
      if (count === ownEventsMax)
        turn.fail(new CoxswainError("MACHINE_LOOPED", `${this.address} goes in circles`));
      else turn.did(this.#logic.next(turn.snapshot, turn.own.shift() as AnyEventObject, ""));
    }
    const turned = turn.over();
    const settled = turned.cell.resumed && this.takeable(turned.cell) === undefined;
    const cell = settled ? { ...turned.cell, resumed: false } : turned.cell;
    return { ...turned, cell: this.#saved(cell, before) };
  }

  /** What of it is written now. */
  #saved(cell: Cell, before: Cell | undefined): Cell {
    const { durable } = this.options;
    if (durable === undefined || before === undefined) return cell;
    const last: Cell = before.saved ?? { ...before, saved: undefined };
    if (cell.phase === "ended") return cell.outcome?.kind === "failed" ? { ...cell, saved: last } : cell;
    if (durable === "each-turn" || this.#plan.isWritten?.(cell) === true)
      return { ...cell, saved: undefined };
    return { ...cell, saved: last };
  }
}

/** Bits of a number that are safe to shift. */
export const questionsMax = 16;

function eventOf({ kind, from, type, body, question }: Message): AnyEventObject {
  return {
    ...(body as object),
    type,
    ...(from === outside || from === runtime ? {} : { sender: from }),
    ...(kind === "ask" ? { replyTo: { $replyTo: from, question } } : {}),
  };
}

function answered({ protocol, type, to }: Cell["asks"][number], value: unknown): Ending {
  const schema = replySchema(protocol, type);
  const checked = schema === undefined ? undefined : validate(schema, value);
  if (checked?.ok !== false) return { kind: "done", output: checked === undefined ? value : checked.value };
  const text = `Expected a reply to ${type} from ${to}: ${checked.issues}`;
  return failed(new CoxswainError("REPLY_INVALID", text));
}

function failed(error: unknown): Ending {
  return { kind: "error", error };
}

function refusalOf(body: unknown): CoxswainError {
  const { code, message, details } = body as {
    code: "REFUSED";
    message: string;
    details: Record<string, unknown>;
  };
  return new CoxswainError(code, message, { details });
}
