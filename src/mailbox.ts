import { CoxswainError, type Envelope } from "../protocols/index.ts";
import { Fifo } from "./fifo.ts";
import { Postponed, type Postpones } from "./postponed.ts";

/** A message that passed the boundary and waits, or is being worked on. */
export interface Incoming {
  readonly envelope: Envelope;
  /** What the machine sees. */
  event: { readonly type: string };
  /** The subject its asker waits on; undefined for a message that was told. */
  reply: string | undefined;
  /** It came as JSON, so it is answered in JSON. */
  readonly json: boolean;
  /** The sender's trust zone, as its subject says. */
  readonly zone: string;
  /** When it entered the mailbox, on the monotonic clock. */
  enteredMs: number;
  /** Its turn in line: arrival, put back by its priority. Set by the mailbox. */
  rank: number;
  /** Most urgent messages that had come before it. Set by the mailbox. */
  urgentBefore?: number;
}

export type Overflow = "refuse" | "dropOldest" | "dropNewest";

export interface MailboxLimits {
  /** Messages that may wait; default 1,000. */
  readonly waitingMax: number;
  /**
   * What gives way when it is full; default `refuse`: the newcomer, and its sender is told. To a message of the most urgent
   * priority the newest of the least urgent gives way instead.
   */
  readonly overflow: Overflow;
  /** How many later, more urgent messages may overtake a message, for each step of priority; default 64. */
  readonly overtakesMax: number;
  /** Messages a state may hold back; default 1,000. */
  readonly postponedMax: number;
}

const mailboxDefaults: MailboxLimits = {
  waitingMax: 1_000,
  overflow: "refuse",
  overtakesMax: 64,
  postponedMax: 1_000,
};
const priorityLevels = 5;
const normalPriority = 2;

/**
 * Messages waiting for one actor: bounded, five priorities, first in first out within each.
 *
 * The most urgent go first, until `overtakesMax` of them have overtaken one that waits; then it is that one's turn. Among
 * the others a message's rank is its arrival number plus `overtakesMax` for each step below the second priority, and the lowest
 * rank is next. So the least urgent message is overtaken by at most 4 × `overtakesMax` later ones, whatever the load: ageing
 * without a clock. And where the most urgent are few beside all that waits, they wait for nothing but the step at hand.
 */
export class Mailbox {
  readonly #limits: MailboxLimits;
  readonly #lanes: (Fifo | undefined)[] = new Array(priorityLevels);
  #arrivals = 0;
  #urgentArrivals = 0;
  #waiting = 0;
  #postponed: Postponed | undefined;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  /** Messages that may be worked on now. */
  get waiting(): number {
    return this.#waiting + (this.#postponed?.isResumed ? this.#postponed.count : 0);
  }

  get postponed(): number {
    return this.#postponed === undefined || this.#postponed.isResumed ? 0 : this.#postponed.count;
  }

  /** Enters a message. @returns the message that had to give way, which may be the newcomer. */
  enter(message: Incoming): Incoming | undefined {
    let evicted: Incoming | undefined;
    if (this.#waiting >= this.#limits.waitingMax) {
      evicted = this.#makeRoom(message);
      if (evicted === message) return message;
    }
    const priority = priorityOf(message);
    if (priority === 0) message.rank = this.#urgentArrivals++;
    else {
      message.rank = this.#arrivals++ + (priority - 1) * this.#limits.overtakesMax;
      message.urgentBefore = this.#urgentArrivals;
    }
    this.#lane(priority).push(message);
    this.#waiting++;
    return evicted;
  }

  /** Holds a message back. False where `postponedMax` are held already. */
  postpone(message: Incoming): boolean {
    this.#postponed ??= new Postponed();
    if (this.#postponed.count >= this.#limits.postponedMax) return false;
    this.#postponed.push(message);
    return true;
  }

  /** Takes out a message held back whose deadline has passed. */
  removeExpired(nowMs: number): Incoming | undefined {
    return this.#postponed?.removeExpired(nowMs);
  }

  /** The state changed: what was held back comes first, in its old order, but for types held back again. @returns whether anything was */
  resume(): boolean {
    return this.#postponed?.resume() ?? false;
  }

  /** @param state without it, nothing is held back any more. */
  next(state?: Postpones): Incoming | undefined {
    if (this.#postponed?.isResumed) {
      const resumed = this.#postponed.next(state);
      if (resumed !== undefined) return resumed;
    }
    if (this.#waiting === 0) return undefined;
    const urgent = this.#lanes[0]?.first();
    let best = urgent === undefined ? undefined : this.#lanes[0];
    let bestRank = Number.POSITIVE_INFINITY;
    for (let priority = 1; priority < priorityLevels; priority++) {
      const head = this.#lanes[priority]?.first();
      if (head === undefined || head.rank >= bestRank) continue;
      if (urgent !== undefined && !this.#hasBorneEnough(head, urgent)) continue;
      best = this.#lanes[priority];
      bestRank = head.rank;
    }
    this.#waiting--;
    return best?.shift();
  }

  /** Takes a waiting message out, wherever it stands. */
  remove(id: string): Incoming | undefined {
    const held = this.#postponed?.remove(id);
    if (held !== undefined) return held;
    for (const lane of this.#lanes) {
      const found = lane?.remove((message) => message.envelope.id === id);
      if (found !== undefined) {
        this.#waiting--;
        return found;
      }
    }
    return undefined;
  }

  /** Empties the mailbox, in order. */
  takeAll(): Incoming[] {
    this.resume();
    const all: Incoming[] = [];
    for (let message = this.next(); message !== undefined; message = this.next()) all.push(message);
    return all;
  }

  /** The longest waiting message's entry time, or undefined. */
  oldestEnteredMs(): number | undefined {
    let oldest = this.#postponed?.isResumed ? this.#postponed.oldestEnteredMs() : undefined;
    for (const lane of this.#lanes) {
      const head = lane?.first();
      if (head !== undefined && (oldest === undefined || head.enteredMs < oldest)) oldest = head.enteredMs;
    }
    return oldest;
  }

  /** Whether so many of the most urgent, which came later, have overtaken it that the next must not. */
  #hasBorneEnough({ urgentBefore = 0 }: Incoming, urgent: Incoming): boolean {
    return urgent.rank - urgentBefore >= this.#limits.overtakesMax;
  }

  /** Whoever gives way to a newcomer. To the most urgent, the least urgent does, lest work keep out an alarm. */
  #makeRoom(newcomer: Incoming): Incoming {
    const { overflow } = this.#limits;
    const isUrgent = priorityOf(newcomer) === 0;
    if (overflow !== "dropOldest" && !isUrgent) return newcomer;
    for (let priority = priorityLevels - 1; priority >= 0; priority--) {
      const lane = this.#lanes[priority];
      if (overflow !== "dropOldest" && priority === 0) break;
      const dropped = overflow === "dropOldest" ? lane?.shift() : lane?.pop();
      if (dropped !== undefined) {
        this.#waiting--;
        return dropped;
      }
    }
    return newcomer;
  }

  #lane(priority: number): Fifo {
    const lane = this.#lanes[priority];
    if (lane !== undefined) return lane;
    const made = new Fifo();
    this.#lanes[priority] = made;
    return made;
  }
}

function priorityOf({ envelope }: Incoming): number {
  return envelope.priority ?? normalPriority;
}

/** @throws OPTION_INVALID */
export function mailboxLimits(given: Partial<MailboxLimits>): MailboxLimits {
  const limits = { ...mailboxDefaults, ...given };
  for (const name of ["waitingMax", "overtakesMax", "postponedMax"] as const) {
    const least = name === "waitingMax" ? 1 : 0;
    if (!Number.isSafeInteger(limits[name]) || limits[name] < least) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected ${name} to be a whole number >= ${least}, got ${limits[name]}`,
      );
    }
  }
  if (!["refuse", "dropOldest", "dropNewest"].includes(limits.overflow)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected overflow to be "refuse", "dropOldest" or "dropNewest", got ${JSON.stringify(limits.overflow)}`,
    );
  }
  return limits;
}
