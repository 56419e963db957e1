import { type CoxswainError, isCoxswainError } from "../../protocols/index.ts";
import { unknown } from "../transport/outcomes.ts";
import type { Outcome, Stream } from "../transport/transport.ts";

/** A stream that is opened when it is first used; where that fails, the next use tries again. */
export class LazyStream implements Stream {
  readonly #open: () => Promise<Outcome<Stream>>;
  #opening: Promise<Stream> | undefined;
  #opened: Stream | undefined;

  constructor(open: () => Promise<Outcome<Stream>>) {
    this.#open = open;
  }

  /** @throws what the store refuses */
  opened(): Promise<Stream> {
    this.#opening ??= this.#openNow().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #openNow(): Promise<Stream> {
    const outcome = await this.#open();
    if (outcome.kind !== "ok") throw outcome.error;
    this.#opened = outcome.value;
    return outcome.value;
  }

  append: Stream["append"] = async (...entry) => {
    try {
      return await (this.#opened ?? (await this.opened())).append(...entry);
    } catch (error) {
      return isCoxswainError(error)
        ? { kind: "unknown", error: error as CoxswainError }
        : unknown("STORE_FAILED", String(error), error);
    }
  };
  read: Stream["read"] = async (options) => (await this.opened()).read(options);
  delete: Stream["delete"] = async (sequence) => (await this.opened()).delete(sequence);
  count: Stream["count"] = async () => (await this.opened()).count();
  lastSequence: Stream["lastSequence"] = async () => (await this.opened()).lastSequence();
  consume: Stream["consume"] = async (options, handler) => (await this.opened()).consume(options, handler);
}
