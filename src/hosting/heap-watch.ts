import type { Embedded } from "./embedded.ts";

/** Samples in a row above the limit: what stays so long is no garbage. */
const samplesMax = 8;
/** V8's limit, too, is one of what has outlived the youngest; these may take as much again, in MiB. */
export const youngMaxMb = 32;
/** A sample that has not come after so many looks is asked for again. */
const looksMax = 20;
/** A heap so many times above the limit is not waited for. */
const burst = 3;

/** Watches what a worker's heap and buffers hold: in a long turn by looking into it, between turns by asking. */
export class HeapWatch {
  readonly #limitBytes: number;
  readonly #worker: Pick<Embedded, "usedBytes">;
  readonly #onExceeded: () => void;
  #above = 0;
  /** Looks since a sample was asked for that has not come. */
  #waited = 0;

  constructor(heapMaxMb: number, worker: Pick<Embedded, "usedBytes">, onExceeded: () => void) {
    this.#limitBytes = heapMaxMb * 1_048_576;
    this.#worker = worker;
    this.#onExceeded = onExceeded;
  }

  /** The worker is in the midst of a turn. */
  sample(): void {
    if (this.#waited > 0 && ++this.#waited <= looksMax) return;
    const asked = this.#worker.usedBytes();
    if (asked === undefined) return;
    this.#waited = 1;
    asked.then(
      (bytes) => {
        this.#waited = 0;
        const oldBytes = bytes - youngMaxMb * 1_048_576;
        this.#above = oldBytes > this.#limitBytes ? this.#above + 1 : 0;
        if (this.#above >= samplesMax || oldBytes > burst * this.#limitBytes) this.#onExceeded();
      },
      // It has ended meanwhile.
      () => {},
    );
  }

  /** The worker has told between two turns what it holds. @returns whether to ask again, without garbage. */
  told(bytes: number, collected: boolean): boolean {
    this.#above = 0;
    if (bytes <= this.#limitBytes) return false;
    if (collected) this.#onExceeded();
    return !collected;
  }
}
