/** Chance from a seed. Each part of a simulation draws from its own stream, so that one more draw here moves nothing there. */
export interface RandomStream {
  /** 0 ≤ x < 1. */
  next(): number;
  /** A whole number, least ≤ x ≤ most. */
  whole(least: number, most: number): number;
  /** A number, least ≤ x < most. */
  between(least: number, most: number): number;
  /** True once in 1/probability. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A stream of its own: the same for the same seed and names, whatever was drawn here. */
  fork(name: string): RandomStream;
}

export function randomStream(seed: number | string): RandomStream {
  return new Stream(String(seed));
}

class Stream implements RandomStream {
  readonly #path: string;
  #state: number;

  constructor(path: string) {
    this.#path = path;
    this.#state = textHash(path);
  }

  // mulberry32
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T;
  }

  fork(name: string): RandomStream {
    return new Stream(`${this.#path}/${name}`);
  }
}

/** FNV-1a, then mixed: neighbouring seeds must not give neighbouring streams. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
