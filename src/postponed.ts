import { Fifo } from "./fifo.ts";
import type { Incoming } from "./mailbox.ts";

/** Says which types the present state holds back. */
export interface Postpones {
  postpones(type: string): boolean;
}

/**
 * Messages held back until the state changes. A state holds back types, so they are kept by type: a
 * change of state lets go of the one that may be taken, and does not look at each of the others again.
 */
export class Postponed {
  readonly #byType = new Map<string, Fifo>();
  #count = 0;
  #arrivals = 0;
  #isResumed = false;

  get count(): number {
    return this.#count;
  }

  /** The state changed, and not all types have been found held back since. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  push(message: Incoming): void {
    const { type } = message.event;
    let fifo = this.#byType.get(type);
    if (fifo === undefined) {
      fifo = new Fifo();
      this.#byType.set(type, fifo);
    }
    message.rank = this.#arrivals++;
    fifo.push(message);
    this.#count++;
  }

  resume(): boolean {
    this.#isResumed = this.#count > 0;
    return this.#isResumed;
  }

  /** The earliest message of a type that the state does not hold back any more. */
  next(state: Postpones | undefined): Incoming | undefined {
    let earliest: Fifo | undefined;
    let rank = Number.POSITIVE_INFINITY;
    for (const [type, fifo] of this.#byType) {
      const first = fifo.first();
      if (first === undefined || first.rank > rank || state?.postpones(type)) continue;
      earliest = fifo;
      rank = first.rank;
    }
    const message = earliest?.shift();
    if (message === undefined) this.#isResumed = false;
    else this.#took();
    return message;
  }

  /** The entry time of the earliest. */
  oldestEnteredMs(): number | undefined {
    let oldest: Incoming | undefined;
    for (const fifo of this.#byType.values()) {
      const first = fifo.first();
      if (first !== undefined && (oldest === undefined || first.rank < oldest.rank)) oldest = first;
    }
    return oldest?.enteredMs;
  }

  remove(id: string): Incoming | undefined {
    for (const fifo of this.#byType.values()) {
      const found = fifo.remove((message) => message.envelope.id === id);
      if (found !== undefined) {
        this.#took();
        return found;
      }
    }
    return undefined;
  }

  /** Takes out one whose deadline has passed. */
  removeExpired(nowMs: number): Incoming | undefined {
    for (const fifo of this.#byType.values()) {
      const found = fifo.remove(
        ({ envelope: { deadlineMs } }) => deadlineMs !== undefined && deadlineMs < nowMs,
      );
      if (found !== undefined) {
        this.#took();
        return found;
      }
    }
    return undefined;
  }

  #took(): void {
    this.#count--;
    if (this.#count === 0) this.#isResumed = false;
  }
}
