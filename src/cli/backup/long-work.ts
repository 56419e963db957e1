import { interrupted } from "../interrupted.ts";
import { say } from "../output.ts";

const sayEveryMs = 2_000;

/** Ctrl-C was pressed: what is under way ends in order. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly code: number;

  constructor(code: number) {
    super("interrupted");
    this.code = code;
  }
}

/** Something long: it says now and then how far it is, and can be interrupted between two steps. */
export class LongWork implements Disposable {
  readonly #stopSignals: () => void;
  #interruptedWith: number | undefined;
  #saidAtMs = Date.now();

  constructor() {
    this.#stopSignals = interrupted((code) => {
      this.#interruptedWith = code;
    });
  }

  /** @throws Interrupted */
  step(says: () => string): void {
    if (this.#interruptedWith !== undefined) throw new Interrupted(this.#interruptedWith);
    if (Date.now() - this.#saidAtMs < sayEveryMs) return;
    this.#saidAtMs = Date.now();
    say(`coxswain: ${says()}`);
  }

  [Symbol.dispose](): void {
    this.#stopSignals();
  }
}
