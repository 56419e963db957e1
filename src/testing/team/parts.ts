import { identityOf } from "./identity.ts";
import type { Renaming, Swap } from "./renaming.ts";

/**
 * The parts states are made of (what a member is, a message, a history), each with a number. There are thousands of
 * parts where there are millions of states.
 */
export class Parts {
  readonly #numbers = new Map<string, number>();
  readonly #plain: unknown[] = [];
  readonly #texts: string[] = [];
  readonly #renaming: Renaming | undefined;
  readonly #swaps: readonly Swap[];
  /** By swap: the number of the renamed part. */
  readonly #renamed: number[][];

  constructor(renaming: Renaming | undefined, swaps: readonly Swap[]) {
    this.#renaming = renaming;
    this.#swaps = swaps;
    this.#renamed = swaps.map(() => []);
  }

  get count(): number {
    return this.#plain.length;
  }

  number(plain: unknown): number {
    const orderly =
      this.#renaming === undefined ? plain : this.#renaming.apply(plain, this.#swaps[0] as Swap);
    const text = identityOf(orderly);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#plain.length;
      this.#numbers.set(text, number);
      this.#plain.push(plain);
      this.#texts.push(text);
    }
    return number;
  }

  plain(part: number): unknown {
    return this.#plain[part];
  }

  text(part: number): string {
    return this.#texts[part] as string;
  }

  /** The part with the members swapped. */
  renamed(part: number, swap: number): number {
    return this.#renamed[swap]?.[part] ?? this.#rename(part, swap);
  }

  #rename(part: number, swap: number): number {
    if (swap === 0 || this.#renaming === undefined) return part;
    const number = this.number(this.#renaming.apply(this.#plain[part], this.#swaps[swap] as Swap));
    (this.#renamed[swap] as number[])[part] = number;
    return number;
  }
}
