import { CoxswainError } from "../../../protocols/index.ts";
import type { Step } from "./check-options.ts";
import { Links } from "./links.ts";
import { LocalSteps, type Outcome } from "./local-steps.ts";
import { questionsMax } from "./member.ts";
import { outside } from "./outside.ts";
import { Parts } from "./parts.ts";
import { Renaming } from "./renaming.ts";
import type { Members, MessageView, TeamOptions, TeamView } from "./team-options.ts";
import type { TeamPlan } from "./team-plan.ts";
import type { TeamStep } from "./team-step.ts";

/** A state of a team: the numbers of its parts and what is left of its budgets; the layout is {@link TeamModel}'s. */
export type Row = Int32Array;
type RowStep = Step<Row, TeamStep>;

/** Messages under way, whatever they are there for. */
const floodMax = 32;

/** What a step changes in a row. */
interface Change {
  readonly place: number;
  readonly outcome: Outcome | undefined;
  /** Where in the row a message goes away; -1: none does. */
  readonly removed: number;
  /** Where a budget is paid from; -1: from none. */
  readonly paid: number;
  /** No message made it happen, but time, a call, the outside: it waits while too many messages are under way. */
  readonly waits?: boolean;
}

/**
 * The steps of a whole team. A row holds, one after the other: what each member is, what is left of losses,
 * duplicates, overtakings, delays, crashes by kind and events, the history, and the messages under way, by their
 * ways and on each in the order in which they were sent.
 */
export class TeamModel<M extends Members = Members, H = unknown> {
  readonly plan: TeamPlan;
  readonly parts: Parts;
  readonly links: Links;
  readonly local: LocalSteps;
  readonly #options: TeamOptions<M, H>;
  readonly #members: number;
  readonly #losses: number;
  readonly #crashes: number;
  readonly #events: number;
  readonly #history: number;
  readonly #mail: number;
  readonly #actions: Readonly<
    Record<"takeUp" | "timer" | "late" | "call" | "maybe" | "write" | "start" | "crash", string[]>
  >;
  readonly #eventActions: readonly string[];
  readonly #histories = new Map<number, Map<number, number>>();
  /** By member: steps not taken because more messages than `inFlightMax` would have been under way. */
  readonly waited = new Map<string, number>();
  /** The same for messages that answered others: nothing but the search itself asks for that. */
  readonly flooded = new Map<string, number>();

  constructor(plan: TeamPlan, options: TeamOptions<M, H>) {
    this.plan = plan;
    this.#options = options;
    this.parts = new Parts(plan.folded.length === 0 ? undefined : new Renaming(plan.folded), plan.swaps);
    this.links = new Links(plan, this.parts);
    this.local = new LocalSteps(plan, this.parts);
    this.#members = plan.members.length;
    this.#losses = this.#members;
    this.#crashes = this.#losses + 4;
    this.#events = this.#crashes + plan.kindNames.length;
    this.#history = this.#events + plan.events.length;
    this.#mail = this.#history + 1;
    const named = (word: string): string[] => plan.addresses.map((address) => `${word} ${address}`);
    this.#actions = {
      takeUp: named("take up"),
      timer: named("timer"),
      late: named("late timer"),
      call: named("call"),
      maybe: named("maybe call"),
      write: named("write"),
      start: named("start"),
      crash: named("crash"),
    };
    this.#eventActions = plan.events.map(
      ({ event }, i) => `${event.fair === true ? "event" : "outside"} ${i}`,
    );
  }

  /** Where the messages begin in a row. */
  get mail(): number {
    return this.#mail;
  }

  /** Where the history is in a row. */
  get history(): number {
    return this.#history;
  }

  /** Where the budgets by kind begin, and those of the events. */
  get budgets(): { readonly crashes: number; readonly events: number } {
    return { crashes: this.#crashes, events: this.#events };
  }

  // ---- the beginning ----

  start(): { readonly row: Row; readonly outcomes: readonly Outcome[] } {
    const { channels, crashesMax, events, members } = this.plan;
    const outcomes = members.map((_, place) => this.local.first(place));
    const { lossesMax, duplicatesMax, overtakesMax, delaysMax } = channels;
    const row = Int32Array.from([
      ...outcomes.map(({ cell }) => cell),
      ...[lossesMax, duplicatesMax, overtakesMax, delaysMax].map(budgetOf),
      ...crashesMax.map(budgetOf),
      ...events.map(({ event }) => budgetOf(event.timesMax ?? 1)),
      this.#options.history === undefined ? -1 : this.parts.number(this.#options.history.init),
    ]);
    let started: Row = row;
    for (const [place, outcome] of outcomes.entries()) {
      const next = this.#changed(started, { place, outcome, removed: -1, paid: -1 });
      if (next === undefined) throw this.#tooMany(outcome);
      started = next;
    }
    return { row: started, outcomes };
  }

  // ---- steps ----

  /** Every step that is possible; the ordinary ones first, then what goes wrong. */
  next(row: Row): RowStep[] {
    const steps: RowStep[] = [];
    for (let place = 0; place < this.#members; place++) this.#ownSteps(row, place, steps);
    this.#deliveries(row, steps);
    for (let event = 0; event < this.plan.events.length; event++) this.#fromOutside(row, event, steps);
    this.#faults(row, steps);
    return steps;
  }

  #ownSteps(row: Row, place: number, steps: RowStep[]): void {
    const cell = row[place] as number;
    const can = this.local.abilities(place, cell);
    const { takeUp, timer, late, call, maybe, write, start } = this.#actions;
    if (can.takesUp) this.#alone(row, place, "take up", takeUp, steps);
    for (const at of can.calls.keys()) {
      const outcome = this.local.step(place, cell, { kind: "call", at }, this.#questionsOf(row, place));
      const action = (can.calls[at]?.fair === true ? call : maybe)[place] as string;
      const change = { place, outcome, removed: -1, paid: -1, waits: true };
      this.#step(row, action, change, { kind: "call", place, at, cell, outcome }, steps);
    }
    const isLate = row.length > this.#mail && row[this.#losses + 3] !== -1;
    for (const at of isLate && row[this.#losses + 3] === 0 ? [] : can.timers) {
      const outcome = this.local.step(place, cell, { kind: "timer", at }, this.#questionsOf(row, place));
      const change = { place, outcome, removed: -1, paid: isLate ? this.#losses + 3 : -1, waits: true };
      const action = (isLate ? late : timer)[place] as string;
      this.#step(row, action, change, { kind: "timer", place, at, cell, outcome }, steps);
    }
    if (can.writes) this.#alone(row, place, "write", write, steps);
    if (can.starts && this.plan.restarts[this.plan.kinds[place] as number]) {
      this.#alone(row, place, "start", start, steps);
    }
  }

  #alone(
    row: Row,
    place: number,
    kind: "take up" | "start" | "crash" | "write",
    actions: readonly string[],
    steps: RowStep[],
    paid = -1,
  ): void {
    const cell = row[place] as number;
    const outcome = this.local.step(place, cell, { kind }, this.#questionsOf(row, place));
    const what = { kind, place, cell, outcome } as const;
    this.#step(
      row,
      actions[place] as string,
      { place, outcome, removed: -1, paid, waits: kind === "start" },
      what,
      steps,
    );
  }

  #deliveries(row: Row, steps: RowStep[]): void {
    const overtakes = this.#losses + 2;
    for (let at = this.#mail; at < row.length; at++) {
      const message = row[at] as number;
      const sent = this.links.sent(message);
      const isNext = this.#isFirst(row, at, sent.way);
      // Where there is no order, nothing overtakes.
      const isFirst = isNext || row[overtakes] === -1;
      if (!isNext && (row[overtakes] === 0 || !sent.isFaulty || this.#isRepeated(row, at, sent.way)))
        continue;
      if (!this.#isReceiving(row, sent.to)) continue;
      const place = sent.to;
      const questions = this.#questionsOf(row, place);
      const outcome = this.local.step(place, row[place] as number, { kind: "deliver", message }, questions);
      const change = { place, outcome, removed: at, paid: isFirst ? -1 : overtakes };
      const kind = isFirst ? "deliver" : "overtake";
      this.#step(row, sent[kind], change, { kind, place, message, outcome }, steps);
    }
  }

  #fromOutside(row: Row, event: number, steps: RowStep[]): void {
    const paid = this.#events + event;
    if (row[paid] === 0) return;
    const { event: given, body, protocol, to } = this.plan.events[event] as TeamPlan["events"][number];
    const question = given.ask === true ? `${outside}/${this.#freeOutside(row)}` : undefined;
    const kind = question === undefined ? "tell" : "ask";
    for (const place of to) {
      if (this.local.abilities(place, row[place] as number).phase !== "up") continue;
      const address = this.plan.addresses[place] as string;
      const { type } = given.message;
      const message = this.parts.number({ kind, from: outside, to: address, type, body, protocol, question });
      const input = { kind: "deliver", message } as const;
      const outcome = this.local.step(place, row[place] as number, input, this.#questionsOf(row, place));
      const change = { place, outcome, removed: -1, paid, waits: true };
      this.#step(
        row,
        this.#eventActions[event] as string,
        change,
        { kind: "event", place, message, outcome },
        steps,
      );
    }
  }

  #faults(row: Row, steps: RowStep[]): void {
    const isUnordered = row[this.#losses + 2] === -1;
    for (let at = this.#mail; at < row.length; at++) {
      const message = row[at] as number;
      const { way, isFaulty } = this.links.sent(message);
      // One that is not the next to arrive is as well lost when it is.
      const isNext = isUnordered ? !this.#isRepeated(row, at, way) : this.#isFirst(row, at, way);
      if (!isFaulty || !isNext) continue;
      if (row[this.#losses] !== 0) {
        const change = { place: -1, outcome: undefined, removed: at, paid: this.#losses };
        this.#step(row, "lose", change, { kind: "lose", message }, steps);
      }
      const duplicates = this.#losses + 1;
      if (row[duplicates] !== 0 && row.length - this.#mail < this.plan.channels.inFlightMax) {
        steps.push({
          action: "double",
          to: this.#doubled(row, at, duplicates),
          what: { kind: "double", message },
        });
      }
    }
    for (let place = 0; place < this.#members; place++) {
      const paid = this.#crashes + (this.plan.kinds[place] as number);
      if (row[paid] === 0) continue;
      if (this.local.abilities(place, row[place] as number).phase !== "up") continue;
      this.#alone(row, place, "crash", this.#actions.crash, steps, paid);
    }
  }

  #step(row: Row, action: string, change: Change, what: TeamStep, steps: RowStep[]): void {
    const to = this.#changed(row, change);
    if (to !== undefined) steps.push({ action, to, what });
  }

  // ---- rows ----

  /** The row after a step; undefined where too many messages would be under way. */
  #changed(row: Row, { place, outcome, removed, paid, waits = false }: Change): Row | undefined {
    const sends = outcome?.sends ?? [];
    const to = new Int32Array(row.length - (removed >= 0 ? 1 : 0) + sends.length);
    if (removed < 0) to.set(row);
    else {
      to.set(row.subarray(0, removed));
      to.set(row.subarray(removed + 1), removed);
    }
    if (paid >= 0 && to[paid] !== -1) to[paid] = (to[paid] as number) - 1;
    if (outcome === undefined) return to;
    if (sends.length > 0 && !this.#hasRoom(to.length - this.#mail, place, waits)) return undefined;
    to[place] = outcome.cell;
    if (this.#options.history !== undefined)
      to[this.#history] = this.#remembered(row[this.#history] as number, outcome);
    let length = to.length - sends.length;
    for (const message of sends) this.#insert(to, length++, message);
    return to;
  }

  #hasRoom(under: number, place: number, waits: boolean): boolean {
    if (under <= (waits ? this.plan.channels.inFlightMax : floodMax)) return true;
    const counts = waits ? this.waited : this.flooded;
    const address = this.plan.addresses[place] as string;
    counts.set(address, (counts.get(address) ?? 0) + 1);
    return false;
  }

  /** Puts a message behind those on its way. */
  #insert(row: Row, length: number, message: number): void {
    const { way } = this.links.sent(message);
    const isUnordered = row[this.#losses + 2] === -1;
    let at = length;
    for (; at > this.#mail; at--) {
      const other = row[at - 1] as number;
      const otherWay = this.links.sent(other).way;
      if (otherWay < way || (otherWay === way && !(isUnordered && other > message))) break;
      row[at] = other;
    }
    row[at] = message;
  }

  #doubled(row: Row, at: number, paid: number): Row {
    const to = new Int32Array(row.length + 1);
    to.set(row.subarray(0, at + 1));
    to.set(row.subarray(at), at + 1);
    if (to[paid] !== -1) to[paid] = (to[paid] as number) - 1;
    return to;
  }

  #isFirst(row: Row, at: number, way: number): boolean {
    return at === this.#mail || this.links.sent(row[at - 1] as number).way !== way;
  }

  /** Whether the same message stands before it on its way: to take either is the same. */
  #isRepeated(row: Row, at: number, way: number): boolean {
    for (let i = at - 1; i >= this.#mail && this.links.sent(row[i] as number).way === way; i--) {
      if (row[i] === row[at]) return true;
    }
    return false;
  }

  /** Held messages go first; what is sent to a durable member waits until it is up. */
  #isReceiving(row: Row, place: number): boolean {
    const { phase, takesUp } = this.local.abilities(place, row[place] as number);
    if (takesUp) return false;
    return phase !== "down" || this.plan.members[place]?.isDurable === false;
  }

  #questionsOf(row: Row, place: number): number {
    if (!this.links.askers.has(place)) return 0;
    let questions = 0;
    for (let at = 0; at < this.#members; at++) questions |= this.links.questionsIn(row[at] as number, place);
    for (let at = this.#mail; at < row.length; at++)
      questions |= this.links.questionsIn(row[at] as number, place);
    return questions;
  }

  #freeOutside(row: Row): number {
    const spoken = this.#questionsOf(row, this.#members);
    for (let number = 0; number < questionsMax; number++) if ((spoken & (1 << number)) === 0) return number;
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected at most ${questionsMax} questions from outside at once`,
    );
  }

  #remembered(history: number, outcome: Outcome): number {
    const { next } = this.#options.history as NonNullable<TeamOptions<M, H>["history"]>;
    if (outcome.facts.length === 0) return history;
    let known = this.#histories.get(history);
    if (known === undefined) {
      known = new Map();
      this.#histories.set(history, known);
    }
    let after = known.get(outcome.id);
    if (after === undefined) {
      after = this.parts.number(outcome.facts.reduce(next, this.parts.plain(history) as H));
      known.set(outcome.id, after);
    }
    return after;
  }

  #tooMany({ sends }: Outcome): CoxswainError {
    return new CoxswainError(
      "OPTION_INVALID",
      `Expected at most ${floodMax} messages at the start, got ${sends.length}`,
    );
  }

  // ---- what is seen of a row ----

  hasFailed(row: Row, place: number): boolean {
    return this.local.abilities(place, row[place] as number).isFailed;
  }

  /** Whether nobody waits for what will not come, should this be the end. */
  isSettled(row: Row): boolean {
    if (row.length > this.#mail) return false;
    for (let place = 0; place < this.#members; place++) {
      if (this.local.abilities(place, row[place] as number).isOwing) return false;
    }
    return true;
  }

  view(row: Row): TeamView<M, H> {
    const members: Record<string, unknown> = {};
    for (let place = 0; place < this.#members; place++) {
      const { name, options } = this.plan.members[place] as TeamPlan["members"][number];
      const view = this.local.view(row[place] as number);
      if (options.count === undefined) members[name] = view;
      else if (members[name] === undefined) members[name] = [view];
      else (members[name] as unknown[]).push(view);
    }
    const { parts } = this;
    const mail = this.#mail;
    const history = row[this.#history] as number;
    return {
      members: members as TeamView<M, H>["members"],
      get inFlight() {
        return Array.from(row.subarray(mail), (message) => parts.plain(message) as MessageView);
      },
      get history() {
        return (history < 0 ? undefined : parts.plain(history)) as H;
      },
    };
  }
}

function budgetOf(most: number): number {
  return most === Number.POSITIVE_INFINITY ? -1 : most;
}
