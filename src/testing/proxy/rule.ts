import { CoxswainError } from "../../../protocols/index.ts";

/** A fault that waits for its moment. Ends when it has acted `times` times, or is closed; `using` closes it. */
export interface ProxyRule<T> extends Disposable {
  /**
   * The first frame, or connection, it acted on. Rejects with CANCELLED if the rule, or the proxy, is closed before.
   * Nobody need wait for it.
   */
  readonly matched: Promise<T>;
  /** How often it has acted. */
  readonly count: number;
  /** Whether it will act again. */
  readonly open: boolean;
  /**
   * Lets go of what it holds now: held frames, in the order they came, behind all that has passed since; stalled
   * connections. The rule itself stays, and holds again while it is open.
   *
   * @returns how many frames or connections went on; what was held on a connection that has ended is lost.
   */
  release(): number;
  /** Acts no more, and lets go of what it holds. Idempotent. */
  close(): void;
}

/** Whoever keeps the rules. */
export interface RuleOwner {
  /** It has acted as often as it may; it may still hold something. */
  exhausted(rule: Rule<unknown>): void;
  closed(rule: Rule<unknown>): void;
}

/** What every rule has: a limit, a promise, an end. */
export abstract class Rule<T> implements ProxyRule<T> {
  /** "drop", "stall" and so on, for reports. */
  readonly name: string;
  readonly matched: Promise<T>;
  readonly #owner: RuleOwner;
  #left: number;
  #count = 0;
  #closed = false;
  #settle: { resolve(value: T): void; reject(error: Error): void } | undefined;

  constructor(name: string, times: number, owner: RuleOwner) {
    this.name = name;
    this.#left = times;
    this.#owner = owner;
    this.matched = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.matched.catch(() => {});
  }

  get count(): number {
    return this.#count;
  }

  get open(): boolean {
    return !this.#closed && this.#left > 0;
  }

  /** It acts on this one. */
  protected act(on: T): void {
    this.#left--;
    this.#count++;
    this.#settle?.resolve(on);
    this.#settle = undefined;
    if (this.#left <= 0) this.#owner.exhausted(this as Rule<unknown>);
  }

  abstract release(): number;

  close(): void {
    this.fail(undefined);
  }

  /** Closes it because of what its predicate threw. */
  fail(cause: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    const why =
      cause === undefined
        ? `Expected something for the rule "${this.name}" to act on, but it was closed before anything came`
        : `The predicate of the rule "${this.name}" threw: ${String(cause)}`;
    this.#settle?.reject(new CoxswainError("CANCELLED", why, cause === undefined ? {} : { cause }));
    this.#settle = undefined;
    this.#owner.closed(this as Rule<unknown>);
    this.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
