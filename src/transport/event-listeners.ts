import { CoxswainError, isCoxswainError } from "../../protocols/index.ts";
import type { Delivery, TransportEvent } from "./transport.ts";

type Listener = (event: TransportEvent) => void;

/** Whoever listens to a transport's events. What a listener throws is told to the others and goes no further. */
export class EventListeners {
  readonly #listeners = new Set<Listener>();

  add(listener: Listener): () => void {
    const own: Listener = (event) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  emit(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (thrown) {
        this.#tellOthers(listener, thrown);
      }
    }
  }

  error(error: CoxswainError, subject?: string): void {
    this.emit(subject === undefined ? { type: "error", error } : { type: "error", error, subject });
  }

  /** Calls a subscriber's handler; what it throws becomes an `error` event. */
  guard(handler: (delivery: Delivery) => void, delivery: Delivery): void {
    try {
      handler(delivery);
    } catch (thrown) {
      this.error(thrownBy("A handler", thrown), delivery.subject);
    }
  }

  #tellOthers(faulty: Listener, thrown: unknown): void {
    const event: TransportEvent = { type: "error", error: thrownBy("An event listener", thrown) };
    for (const listener of [...this.#listeners]) {
      if (listener === faulty) continue;
      try {
        listener(event);
      } catch {
        // Two broken listeners: there is nobody left to tell.
      }
    }
  }
}

export function thrownBy(who: string, thrown: unknown): CoxswainError {
  if (isCoxswainError(thrown)) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new CoxswainError("ACTOR_FAILED", `${who} threw: ${text}`, { cause: thrown });
}
