import { durability } from "../../machines/index.ts";
import type { Arrival as TreeArrival } from "../xstate/turn-keeper.ts";
import type { Message } from "./agent-host.ts";
import type { AgentRecord } from "./agent-record.ts";

/** What an agent has to do, one turn each. */
export type Work =
  | Message
  | TimerWork
  | { readonly kind: "result"; readonly key: string; readonly arrival: TreeArrival }
  | { readonly kind: "event"; readonly arrival: TreeArrival }
  /** The oldest that its state holds back no more. */
  | { readonly kind: "postponed" };

export interface TimerWork {
  readonly kind: "timer";
  readonly id: string;
  readonly generation: number;
}

/** What it is woken for where that is no message: timers, or what was under way. */
export const resumption = "resumption";

/** Names a message or a timer for good. */
export function causeOf(work: Message | { readonly id: string; readonly generation: number }): string {
  if (!("arrival" in work)) return `timer ${work.id} ${work.generation}`;
  const { from, incarnation, seq } = work.arrival.stamp;
  return `${from} ${incarnation} ${seq}`;
}

/** An agent's work: what waits, what has to wait, and what its draft and the commit under way have taken up. */
export class WorkQueue {
  #waiting: Work[] = [];
  /** One before it is missing, or the outbox is full. */
  #deferred: Work[] = [];
  #drafted: Work[] = [];
  #committing: Work[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#deferred.length === 0;
  }

  /** What has not had its turn. */
  get waiting(): number {
    return this.#waiting.length + this.#deferred.length;
  }

  get hasDeferred(): boolean {
    return this.#deferred.length > 0;
  }

  /** Turns of the draft. */
  get drafted(): number {
    return this.#drafted.length;
  }

  get next(): Work | undefined {
    return this.#waiting[0];
  }

  add(work: Work): void {
    this.#waiting.push(work);
  }

  /** A timer that is due, unless it waits already. */
  addTimer(id: string, generation: number): boolean {
    const isKnown = (work: Work): boolean =>
      work.kind === "timer" && work.id === id && work.generation === generation;
    if (this.#waiting.some(isKnown) || this.#deferred.some(isKnown)) return false;
    this.#waiting.push({ kind: "timer", id, generation });
    return true;
  }

  first(work: Work): void {
    this.#waiting.unshift(work);
  }

  take(): Work | undefined {
    return this.#waiting.shift();
  }

  /** What came of a call: nobody else gets it. */
  takeResult(): Work | undefined {
    const at = this.#waiting.findIndex(({ kind }) => kind === "result");
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  defer(work: Work): void {
    this.#deferred.push(work);
  }

  /** What had to wait is tried again. */
  retry(): void {
    if (this.#deferred.length === 0) return;
    this.#waiting = [...this.#deferred, ...this.#waiting];
    this.#deferred = [];
  }

  draft(work: Work): void {
    this.#drafted.push(work);
  }

  /** The draft is being committed. */
  commit(): void {
    this.#committing = this.#drafted;
    this.#drafted = [];
  }

  committed(): void {
    this.#committing = [];
  }

  /** What was being committed cannot be. */
  takeBack(): readonly Work[] {
    const again = this.#committing;
    this.#committing = [];
    return again;
  }

  again(works: readonly Work[]): void {
    this.#waiting = [...works, ...this.#waiting];
  }

  /** Messages whose turns are not committed. */
  get messages(): readonly Message[] {
    const all = [...this.#committing, ...this.#drafted, ...this.#deferred, ...this.#waiting];
    return all.filter((work) => work.kind === "message");
  }

  /** What the owner before was at, if that is not done; else the first message that is not. */
  causeIn({ received, state, timers }: AgentRecord): string {
    const messages = this.messages.filter(
      ({ arrival }) => durability.standing(received, arrival.stamp) === "next",
    );
    const { trial } = state;
    const causes = [resumption, ...messages.map(causeOf), ...timers.map(causeOf)];
    if (trial !== undefined && causes.includes(trial.cause)) return trial.cause;
    const [first] = messages;
    return first === undefined ? resumption : causeOf(first);
  }
}
