import type { Env } from "../env/env.ts";

/** One thing to do later, in order; `owner` groups what may have to be dropped together. */
interface Entry<Owner, Item> {
  readonly owner: Owner | undefined;
  readonly item: Item | undefined;
  readonly run: (() => void) | undefined;
}

/** So many deliveries a turn of the event loop, then timers and sockets get theirs. */
const turnMax = 1_024;

/**
 * First in, first out, never inside the call that adds. It drains as a microtask, which is fast, and
 * leaves the rest of a long burst to the next turn of the event loop, so that two chatting actors
 * starve nobody.
 */
export class DeliveryQueue<Owner, Item> {
  readonly #deliver: (owner: Owner, item: Item) => void;
  readonly #env: Pick<Env, "soon">;
  readonly #drain = (): void => this.#drainSome();
  #entries: Entry<Owner, Item>[] = [];
  #head = 0;
  #scheduled = false;
  #left = turnMax;
  #turnEnds = false;

  constructor(env: Pick<Env, "soon">, deliver: (owner: Owner, item: Item) => void) {
    this.#env = env;
    this.#deliver = deliver;
  }

  add(owner: Owner, item: Item): void {
    this.#entries.push({ owner, item, run: undefined });
    if (!this.#scheduled) this.#schedule();
  }

  /** Runs after everything that is in the queue now. `run` must not throw. */
  addRun(run: () => void): void {
    this.#entries.push({ owner: undefined, item: undefined, run });
    if (!this.#scheduled) this.#schedule();
  }

  /** Forgets what waits for one owner. */
  drop(owner: Owner): void {
    this.#entries = this.#entries.slice(this.#head).filter((entry) => entry.owner !== owner);
    this.#head = 0;
  }

  #schedule(): void {
    this.#scheduled = true;
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      this.#env.soon(() => {
        this.#turnEnds = false;
        this.#left = turnMax;
        if (this.#head < this.#entries.length) this.#drainSome();
      });
    }
    if (this.#left > 0) queueMicrotask(this.#drain);
  }

  #drainSome(): void {
    while (this.#head < this.#entries.length && this.#left > 0) {
      this.#left -= 1;
      const { owner, item, run } = this.#entries[this.#head] as Entry<Owner, Item>;
      this.#head += 1;
      if (this.#head >= 4_096) this.#forgetDone();
      if (run !== undefined) run();
      else this.#deliver(owner as Owner, item as Item);
    }
    if (this.#head === this.#entries.length) this.#forgetDone();
    this.#scheduled = false;
    if (this.#head < this.#entries.length) this.#schedule();
  }

  #forgetDone(): void {
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }
}
