import type { Observer } from "xstate";

export type Listener = (event: { readonly type: string }) => void;

/** XState rethrows what an observer throws on a later tick, where it would end the process. */
export function walledObserver<T>(
  observer: Observer<T>,
  onThrow: (error: unknown) => void,
): Required<Observer<T>> {
  const guard = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      onThrow(error);
    }
  };
  return {
    next: (value) => guard(() => observer.next?.(value)),
    error: (error) => guard(() => observer.error?.(error)),
    complete: () => guard(() => observer.complete?.()),
  };
}

const nothing: Iterator<never> = { next: () => ({ done: true, value: undefined }) };

/** A set of observers that takes no memory until the first comes; hardly an actor has any. */
export class Observers {
  #set: Set<unknown> | undefined;

  get size(): number {
    return this.#set?.size ?? 0;
  }
  add(observer: unknown): void {
    this.#set ??= new Set();
    this.#set.add(observer);
  }
  delete(observer: unknown): void {
    this.#set?.delete(observer);
  }
  clear(): void {
    this.#set = undefined;
  }
  [Symbol.iterator](): Iterator<unknown> {
    return this.#set === undefined ? nothing : this.#set.values();
  }
}

/** Handlers of emitted events, likewise. */
export class Listeners {
  #map: Map<string, Set<Listener>> | undefined;

  get(type: string): Set<Listener> | undefined {
    return this.#map?.get(type);
  }
  set(type: string, handlers: Set<Listener>): void {
    this.#map ??= new Map();
    this.#map.set(type, handlers);
  }
  clear(): void {
    this.#map = undefined;
  }
}
