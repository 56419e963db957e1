import type { TeamFact } from "./facts.ts";
import type { Links } from "./links.ts";
import type { Outcome } from "./local-steps.ts";
import type { Parts } from "./parts.ts";
import type { TeamPlan } from "./team-plan.ts";

/**
 * A state of a team in numbers, one after the other: what each member is, by the number of the part; what is left of
 * losses, duplicates, overtakings, delays, crashes by kind, and events, -1 for any number; the history, or -1; and the
 * messages under way, by their ways and on each in the order in which they were sent.
 */
export type Row = readonly number[];

/** What a step changes in a row. */
export interface Change {
  readonly place: number;
  readonly outcome: Outcome | undefined;
  /** Where in the row a message goes away; -1: none does. */
  readonly removed: number;
  /** Where a budget is paid from; -1: from none. */
  readonly paid: number;
  /** No message made it happen, but time, a call, the outside: it waits while too many messages are under way. */
  readonly waits?: boolean;
}

/** How what happened is remembered, as `TeamOptions.history` says it. */
export interface Memory {
  readonly init: unknown;
  readonly next: (history: never, fact: TeamFact) => unknown;
}

/** Messages under way beyond `inFlightMax` that only answers to messages can have made. */
const floodMax = 32;

/** Reads rows and makes the next ones. */
export class Rows {
  readonly #plan: TeamPlan;
  readonly #parts: Parts;
  readonly #links: Links;
  readonly #memory: Memory | undefined;
  readonly #remembered = new Map<number, Map<number, number>>();
  /** Where things are in a row. */
  readonly losses: number;
  readonly duplicates: number;
  readonly overtakes: number;
  readonly delays: number;
  readonly crashes: number;
  readonly events: number;
  readonly history: number;
  readonly mail: number;
  /** Messages keep no order. */
  readonly isUnordered: boolean;
  /** By member: steps not taken because more messages than `inFlightMax` would have been under way. */
  readonly waited = new Map<string, number>();

  constructor(plan: TeamPlan, parts: Parts, links: Links, memory: Memory | undefined) {
    this.#plan = plan;
    this.#parts = parts;
    this.#links = links;
    this.#memory = memory;
    this.losses = plan.members.length;
    this.duplicates = this.losses + 1;
    this.overtakes = this.losses + 2;
    this.delays = this.losses + 3;
    this.crashes = this.losses + 4;
    this.events = this.crashes + plan.kindNames.length;
    this.history = this.events + plan.events.length;
    this.mail = this.history + 1;
    this.isUnordered = plan.channels.overtakesMax === Number.POSITIVE_INFINITY;
  }

  /** Before anybody has done anything. */
  first(cells: readonly number[]): Row {
    const { channels, crashesMax, events } = this.#plan;
    const { lossesMax, duplicatesMax, overtakesMax, delaysMax } = channels;
    const history = this.#memory === undefined ? -1 : this.#parts.number(this.#memory.init);
    return [
      ...cells,
      ...[lossesMax, duplicatesMax, overtakesMax, delaysMax].map(budgetOf),
      ...crashesMax.map(budgetOf),
      ...events.map(({ event }) => budgetOf(event.timesMax ?? 1)),
      history,
    ];
  }

  /** The row after a step; undefined where too many messages would be under way. */
  changed(row: Row, { place, outcome, removed, paid, waits = false }: Change): Row | undefined {
    const sends = outcome?.sends;
    if (waits && sends !== undefined && sends.length > 0 && !this.#hasRoom(row, place, sends.length))
      return undefined;
    const to = row.slice();
    if (removed >= 0) {
      to.copyWithin(removed, removed + 1);
      to.pop();
    }
    if (paid >= 0 && to[paid] !== -1) to[paid] = (to[paid] as number) - 1;
    if (outcome === undefined) return to;
    to[place] = outcome.cell;
    if (this.#memory !== undefined)
      to[this.history] = this.#after(this.#memory, row[this.history] as number, outcome);
    for (const message of outcome.sends) this.put(to, to.length, message);
    return to;
  }

  #hasRoom(row: Row, place: number, more: number): boolean {
    if (row.length - this.mail + more <= this.#plan.channels.inFlightMax) return true;
    this.noteWaiting([place]);
    return false;
  }

  /** A step of these members was not taken. */
  noteWaiting(places: readonly number[]): void {
    for (const place of places) {
      const address = this.#plan.addresses[place] as string;
      this.waited.set(address, (this.waited.get(address) ?? 0) + 1);
    }
  }

  /** Whether answers to messages have made more and more of them. */
  isFlooded(row: Row): boolean {
    return row.length - this.mail > this.#plan.channels.inFlightMax + floodMax;
  }

  /** Puts a message behind those on its way, in a row whose messages end at `end`. */
  put(row: number[], end: number, message: number): void {
    const { way } = this.#links.sent(message);
    let at = end;
    for (; at > this.mail; at--) {
      const other = row[at - 1] as number;
      const otherWay = this.#links.sent(other).way;
      if (otherWay < way || (otherWay === way && !(this.isUnordered && other > message))) break;
      row[at] = other;
    }
    row[at] = message;
  }

  /** The message at a place is there twice. */
  doubled(row: Row, at: number): Row {
    const to = row.toSpliced(at, 0, row[at] as number);
    if (to[this.duplicates] !== -1) to[this.duplicates] = (to[this.duplicates] as number) - 1;
    return to;
  }

  isFirst(row: Row, at: number, way: number): boolean {
    return at === this.mail || this.#links.sent(row[at - 1] as number).way !== way;
  }

  /** Whether the same message stands before it on its way: to take either is the same. */
  isRepeated(row: Row, at: number, way: number): boolean {
    for (let i = at - 1; i >= this.mail && this.#links.sent(row[i] as number).way === way; i--) {
      if (row[i] === row[at]) return true;
    }
    return false;
  }

  /** Which questions of a place the row speaks of, a bit each. */
  questionsOf(row: Row, place: number): number {
    if (!this.#links.askers.has(place)) return 0;
    let questions = 0;
    for (let at = 0; at < row.length; at++) {
      if (at < this.losses || at >= this.mail) questions |= this.#links.questionsIn(row[at] as number, place);
    }
    return questions;
  }

  #after({ next }: Memory, history: number, { id, facts }: Outcome): number {
    if (facts.length === 0) return history;
    let known = this.#remembered.get(history);
    if (known === undefined) {
      known = new Map();
      this.#remembered.set(history, known);
    }
    let after = known.get(id);
    if (after === undefined) {
      const before: unknown = this.#parts.plain(history);
      after = this.#parts.number(facts.reduce<unknown>((so, fact) => next(so as never, fact), before));
      known.set(id, after);
    }
    return after;
  }
}

function budgetOf(most: number): number {
  return most === Number.POSITIVE_INFINITY ? -1 : most;
}

export function isSameRow(a: Row, b: Row): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
