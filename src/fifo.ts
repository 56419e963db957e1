import type { Incoming } from "./mailbox.ts";

/** First in, first out; an array with a moving head, so that nothing is copied at each step. */
export class Fifo {
  #items: (Incoming | undefined)[] = [];
  #head = 0;

  push(message: Incoming): void {
    this.#items.push(message);
  }

  first(): Incoming | undefined {
    return this.#items[this.#head];
  }

  shift(): Incoming | undefined {
    const message = this.#items[this.#head];
    if (message === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  /** Takes out the newest. */
  pop(): Incoming | undefined {
    if (this.first() === undefined) return undefined;
    const message = this.#items.pop();
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    }
    return message;
  }

  /** Takes out the first that is wanted, wherever it stands. */
  remove(isWanted: (message: Incoming) => boolean): Incoming | undefined {
    for (let i = this.#head; i < this.#items.length; i++) {
      const message = this.#items[i];
      if (message !== undefined && isWanted(message)) {
        this.#items.splice(i, 1);
        return message;
      }
    }
    return undefined;
  }
}
