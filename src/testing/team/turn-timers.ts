import type { Timer } from "./cell.ts";

/** The timers of a member during one of its turns. */
export class TurnTimers {
  #before: readonly Timer[];
  #set: Timer[] = [];

  constructor(before: readonly Timer[]) {
    this.#before = before;
  }

  /** Replaces one of the same actor and id. */
  arm(timer: Timer): void {
    if (timer.id !== undefined) this.cancel(timer.from, timer.id);
    this.#set.push(timer);
  }

  cancel(from: string, id: string): void {
    this.#keep((timer) => timer.id !== id || timer.from !== from);
  }

  /** A local actor has stopped. */
  cancelAll(from: string): void {
    this.#keep((timer) => timer.kind === "deadline" || timer.from !== from);
  }

  /** It went off. */
  rang(timer: Timer): void {
    this.#keep((other) => other !== timer);
  }

  dropDeadlines(questions: readonly string[]): void {
    if (questions.length === 0) return;
    this.#keep((timer) => timer.kind !== "deadline" || !questions.includes(timer.question));
  }

  /** Those of this turn are put in the order in which they are due. */
  over(): readonly Timer[] {
    if (this.#set.length === 0) return this.#before;
    return [...this.#before, ...this.#set.sort((a, b) => a.delayMs - b.delayMs)];
  }

  #keep(isKept: (timer: Timer) => boolean): void {
    this.#before = this.#before.filter(isKept);
    this.#set = this.#set.filter(isKept);
  }
}
