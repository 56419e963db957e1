import type { Step } from "./check-options.ts";
import { Links } from "./links.ts";
import { LocalSteps, type Outcome } from "./local-steps.ts";
import { questionsMax } from "./member.ts";
import { outside } from "./outside.ts";
import { Parts } from "./parts.ts";
import { Renaming } from "./renaming.ts";
import { type Change, type Memory, type Row, Rows } from "./rows.ts";
import type { TeamPlan } from "./team-plan.ts";
import type { TeamStep } from "./team-step.ts";

type RowStep = Step<Row, TeamStep>;
const words = {
  takeUp: "take up",
  timer: "timer",
  late: "late timer",
  call: "call",
  maybe: "maybe call",
  write: "write",
  start: "start",
  crash: "crash",
};

/** The steps of a whole team. */
export class TeamModel {
  readonly plan: TeamPlan;
  readonly parts: Parts;
  readonly links: Links;
  readonly local: LocalSteps;
  readonly rows: Rows;
  /** By what happens and the place where it does. */
  readonly #actions: Readonly<Record<keyof typeof words, readonly string[]>>;
  readonly #eventActions: readonly string[];

  constructor(plan: TeamPlan, memory: Memory | undefined) {
    this.plan = plan;
    this.parts = new Parts(plan.folded.length === 0 ? undefined : new Renaming(plan.folded), plan.swaps);
    this.links = new Links(plan, this.parts);
    this.local = new LocalSteps(plan, this.parts);
    this.rows = new Rows(plan, this.parts, this.links, memory);
    this.#actions = Object.fromEntries(
      Object.entries(words).map(([key, word]) => [
        key,
        plan.addresses.map((address) => `${word} ${address}`),
      ]),
    ) as Record<keyof typeof words, string[]>;
    this.#eventActions = plan.events.map(
      ({ event }, i) => `${event.fair === true ? "event" : "outside"} ${i}`,
    );
  }

  /** Everybody has started. */
  start(): { readonly row: Row; readonly outcomes: readonly Outcome[] } {
    const outcomes = this.plan.members.map((_, place) => this.local.first(place));
    let row = this.rows.first(outcomes.map(({ cell }) => cell));
    for (const [place, outcome] of outcomes.entries()) {
      row = this.rows.changed(row, { place, outcome, removed: -1, paid: -1 }) ?? row;
    }
    return { row, outcomes };
  }

  /** Every step that is possible; the ordinary ones first, then what goes wrong. */
  next(row: Row): RowStep[] {
    const steps: RowStep[] = [];
    const { length } = this.plan.members;
    for (let place = 0; place < length; place++) this.#ownSteps(row, place, steps);
    this.#deliveries(row, steps);
    for (let event = 0; event < this.plan.events.length; event++) this.#fromOutside(row, event, steps);
    this.#networkFaults(row, steps);
    for (let place = 0; place < length; place++) this.#crash(row, place, steps);
    return steps;
  }

  #ownSteps(row: Row, place: number, steps: RowStep[]): void {
    const can = this.local.abilities(place, row[place] as number);
    if (can.takesUp) this.#alone(row, place, "take up", "takeUp", steps);
    for (const at of can.calls.keys()) this.#comeTo(row, place, at, steps);
    for (const at of can.timers) this.#ring(row, place, at, steps);
    if (can.writes) this.#alone(row, place, "write", "write", steps);
    if (can.starts && this.plan.restarts[this.plan.kinds[place] as number]) {
      this.#alone(row, place, "start", "start", steps);
    }
  }

  #comeTo(row: Row, place: number, at: number, steps: RowStep[]): void {
    const cell = row[place] as number;
    const outcome = this.local.step(place, cell, { kind: "call", at }, this.rows.questionsOf(row, place));
    const isFair = this.local.abilities(place, cell).calls[at]?.fair === true;
    const action = this.#actions[isFair ? "call" : "maybe"][place] as string;
    const change = { place, outcome, removed: -1, paid: -1, waits: true };
    this.#step(row, action, change, { kind: "call", place, at, cell, outcome }, steps);
  }

  #ring(row: Row, place: number, at: number, steps: RowStep[]): void {
    const { mail, delays } = this.rows;
    const isLate = row.length > mail && row[delays] !== -1;
    if (isLate && row[delays] === 0) return;
    const cell = row[place] as number;
    const outcome = this.local.step(place, cell, { kind: "timer", at }, this.rows.questionsOf(row, place));
    const change = { place, outcome, removed: -1, paid: isLate ? delays : -1, waits: true };
    const action = this.#actions[isLate ? "late" : "timer"][place] as string;
    this.#step(row, action, change, { kind: "timer", place, at, cell, outcome }, steps);
  }

  #crash(row: Row, place: number, steps: RowStep[]): void {
    const paid = this.rows.crashes + (this.plan.kinds[place] as number);
    if (row[paid] === 0 || this.local.abilities(place, row[place] as number).phase !== "up") return;
    this.#alone(row, place, "crash", "crash", steps, paid);
  }

  #alone(
    row: Row,
    place: number,
    kind: "take up" | "start" | "crash" | "write",
    word: keyof typeof words,
    steps: RowStep[],
    paid = -1,
  ): void {
    const cell = row[place] as number;
    const outcome = this.local.step(place, cell, { kind }, this.rows.questionsOf(row, place));
    const change = { place, outcome, removed: -1, paid, waits: kind === "start" };
    this.#step(row, this.#actions[word][place] as string, change, { kind, place, cell, outcome }, steps);
  }

  #deliveries(row: Row, steps: RowStep[]): void {
    const { mail, overtakes, isUnordered } = this.rows;
    for (let at = mail; at < row.length; at++) {
      const message = row[at] as number;
      const { way, to: place, isFaulty, deliver, overtake } = this.links.sent(message);
      const isFirst = this.rows.isFirst(row, at, way);
      if (!isFirst && (row[overtakes] === 0 || !isFaulty || this.rows.isRepeated(row, at, way))) continue;
      if (!this.#isReceiving(row, place)) continue;
      const input = { kind: "deliver", message } as const;
      const outcome = this.local.step(place, row[place] as number, input, this.rows.questionsOf(row, place));
      // Where there is no order, nothing is overtaken.
      const inTurn = isFirst || isUnordered;
      const change = { place, outcome, removed: at, paid: inTurn ? -1 : overtakes };
      const kind = inTurn ? "deliver" : "overtake";
      this.#step(row, inTurn ? deliver : overtake, change, { kind, place, message, outcome }, steps);
    }
  }

  /** Held messages go first; what is sent to a durable member waits until it is up. */
  #isReceiving(row: Row, place: number): boolean {
    const { phase, takesUp } = this.local.abilities(place, row[place] as number);
    return !takesUp && (phase !== "down" || this.plan.members[place]?.isDurable === false);
  }

  #fromOutside(row: Row, event: number, steps: RowStep[]): void {
    const paid = this.rows.events + event;
    if (row[paid] === 0) return;
    const { event: given, body, protocol, to } = this.plan.events[event] as TeamPlan["events"][number];
    const number = given.ask === true ? this.#freeQuestion(row) : undefined;
    if (given.ask === true && number === undefined) return this.rows.noteWaiting(to);
    const question = number === undefined ? undefined : `${outside}/${number}`;
    const kind = question === undefined ? "tell" : "ask";
    for (const place of to) {
      if (this.local.abilities(place, row[place] as number).phase !== "up") continue;
      const address = this.plan.addresses[place] as string;
      const { type } = given.message;
      const message = this.parts.number({ kind, from: outside, to: address, type, body, protocol, question });
      if (kind === "ask") this.links.sent(message);
      const input = { kind: "deliver", message } as const;
      const outcome = this.local.step(place, row[place] as number, input, this.rows.questionsOf(row, place));
      const change = { place, outcome, removed: -1, paid, waits: true };
      const what = { kind: "event", place, message, outcome } as const;
      this.#step(row, this.#eventActions[event] as string, change, what, steps);
    }
  }

  /** The outside has no more questions open than may be under way. */
  #freeQuestion(row: Row): number | undefined {
    const spoken = this.rows.questionsOf(row, this.plan.members.length);
    const free = Array.from({ length: questionsMax }, (_, number) => number).filter(
      (number) => (spoken & (1 << number)) === 0,
    );
    return questionsMax - free.length < this.plan.channels.inFlightMax ? free[0] : undefined;
  }

  #networkFaults(row: Row, steps: RowStep[]): void {
    const { mail, losses, duplicates, isUnordered } = this.rows;
    if (row[losses] === 0 && row[duplicates] === 0) return;
    for (let at = mail; at < row.length; at++) {
      const message = row[at] as number;
      const { way, isFaulty } = this.links.sent(message);
      // One that is not the next to arrive is as well lost when it is.
      const isNext = isUnordered ? !this.rows.isRepeated(row, at, way) : this.rows.isFirst(row, at, way);
      if (!isFaulty || !isNext) continue;
      if (row[losses] !== 0) {
        const change = { place: -1, outcome: undefined, removed: at, paid: losses };
        this.#step(row, "lose", change, { kind: "lose", message }, steps);
      }
      if (row[duplicates] !== 0 && row.length - mail < this.plan.channels.inFlightMax) {
        steps.push({ action: "double", to: this.rows.doubled(row, at), what: { kind: "double", message } });
      }
    }
  }

  #step(row: Row, action: string, change: Change, what: TeamStep, steps: RowStep[]): void {
    const to = this.rows.changed(row, change);
    if (to !== undefined) steps.push({ action, to, what });
  }
}
