import type { CoxswainError } from "../../../protocols/index.ts";
import type { Env, Timer } from "../../env/env.ts";
import { unknown } from "../../transport/outcomes.ts";
import type { Outcome, Stream } from "../../transport/transport.ts";

/** Whether the store could not be asked, or not now: that says nothing about the message, and passes. */
export function isAway({ code }: CoxswainError): boolean {
  return code === "STORE_FAILED" || code === "TRANSPORT_FULL";
}

/** An entry made of what waits first. */
export interface Packed {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** What waits for a line, and what becomes of it. It keeps the messages of an entry until it is told of the entry's end. */
export interface LineSource {
  /** The next entry; `later` where it cannot be made now; undefined where nothing waits. */
  next(): Packed | "later" | undefined;
  stored(sequence: number): void;
  /**
   * The entry was not stored; with `unsure`, an earlier attempt may have stored it nonetheless, and after so many more nobody
   * can tell. @returns whether to go on with the next one now, or later
   */
  rejected(error: CoxswainError, unsure: boolean): "now" | "later";
}

const retryFirstMs = 50;
const retryMaxMs = 2_000;
/** Rejections of an entry that may have been stored, until it is given up: half a minute. */
const unsureRejectionsMax = 16;

/**
 * The way of one sender's messages into the inbox of one receiver: one entry at a time, so that none overtakes another and
 * the places of what is rejected can be given again.
 *
 * An entry whose outcome is unknown is sent again, the same to the byte, until it is known: the receiver drops the double.
 * Its later rejection does not say that it was never stored.
 */
export class Line {
  readonly #env: Env;
  readonly #stream: Stream;
  readonly #source: LineSource;
  /** An entry is on its way, or waits to be sent again. */
  #underWay = false;
  #tries = 0;
  #unsure = false;
  #rejections = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(host: { readonly env: Env; readonly stream: Stream }, source: LineSource) {
    this.#env = host.env;
    this.#stream = host.stream;
    this.#source = source;
  }

  /** Something waits. An entry that is on its way comes first. */
  go(): void {
    if (this.#underWay || this.#stopped) return;
    // Before it is asked: whoever is told there what became of a message may send the next one at once.
    this.#underWay = true;
    const packed = this.#source.next();
    if (packed === undefined) this.#underWay = false;
    else if (packed === "later") this.#later(() => this.#goOn());
    else this.#append(packed);
  }

  /** Nothing is sent from now on, and the source hears no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #goOn(): void {
    this.#underWay = false;
    this.go();
  }

  #append(packed: Packed): void {
    this.#stream.append(packed.subject, packed.bytes).then(
      (outcome) => this.#answered(packed, outcome),
      (thrown) => this.#answered(packed, unknown("STORE_FAILED", "The store threw", thrown)),
    );
  }

  #answered(packed: Packed, outcome: Outcome<number>): void {
    if (this.#stopped) return;
    if (outcome.kind === "unknown") this.#unsure = true;
    if (outcome.kind === "unknown" || (outcome.kind === "rejected" && this.#isOpen(outcome.error)))
      return this.#later(() => this.#append(packed));
    const unsure = this.#unsure;
    this.#unsure = false;
    this.#rejections = 0;
    if (outcome.kind === "ok") this.#source.stored(outcome.value);
    else if (this.#source.rejected(outcome.error, unsure) === "later") return this.#later(() => this.#goOn());
    this.#tries = 0;
    this.#goOn();
  }

  /** Whether it is worth asking again about an entry that may have been stored. A store that could not be asked has not answered. */
  #isOpen(error: CoxswainError): boolean {
    return this.#unsure && (isAway(error) || ++this.#rejections < unsureRejectionsMax);
  }

  #later(run: () => void): void {
    if (this.#stopped) return;
    const fullMs = Math.min(retryMaxMs, retryFirstMs * 2 ** this.#tries++);
    // Those that failed together do not come back together.
    this.#timer = this.#env.setTimer(fullMs * (1 - this.#env.random() / 4), run);
  }
}
