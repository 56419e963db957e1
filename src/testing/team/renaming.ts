/** Which members swap places: each address of a symmetric kind, and the one it becomes. */
export type Swap = ReadonlyMap<string, string>;

/**
 * Rewrites the addresses of symmetric members in plain data, wherever they stand as words of their own: in keys, in
 * the ids of questions, in event types. Where such addresses are keys, the keys are put in order, so that a table
 * of members is the same whoever entered it first.
 */
export class Renaming {
  readonly #word: RegExp;

  constructor(addresses: readonly string[]) {
    const alternatives = addresses.map((address) => address.replaceAll(".", "\\.")).join("|");
    // An address is dotted words: `worker.1` is no part of `worker.10` nor of `co-worker.1`.
    this.#word = new RegExp(`(?<![A-Za-z0-9_-])(?:${alternatives})(?![A-Za-z0-9_-])`, "g");
  }

  apply(value: unknown, swap: Swap): unknown {
    if (typeof value === "string") return this.#text(value, swap);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((inner) => this.apply(inner, swap));
    if (value instanceof Map) return new Map(this.#entries([...value], swap));
    if (value instanceof Set) {
      const entries = [...value].map((inner) => [inner, true] as const);
      return new Set(this.#entries(entries, swap).map(([inner]) => inner));
    }
    if (value instanceof Error || value instanceof Date || ArrayBuffer.isView(value)) {
      return value instanceof Error ? this.#error(value, swap) : value;
    }
    if ("toJSON" in value && typeof value.toJSON === "function") return this.apply(value.toJSON(), swap);
    return Object.fromEntries(this.#entries(Object.entries(value), swap) as [string, unknown][]);
  }

  #text(text: string, swap: Swap): string {
    return text.replace(this.#word, (address) => swap.get(address) ?? address);
  }

  #entries(entries: readonly (readonly [unknown, unknown])[], swap: Swap): [unknown, unknown][] {
    const renamed = entries.map(
      ([key, value]) => [this.apply(key, swap), this.apply(value, swap)] as [unknown, unknown],
    );
    const places = renamed.flatMap(([key], place) => (this.#names(key) ? [place] : []));
    const sorted = places
      .map((place) => renamed[place] as [string, unknown])
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (const [i, place] of places.entries()) renamed[place] = sorted[i] as [string, unknown];
    return renamed;
  }

  #names(key: unknown): boolean {
    // Not `test`: the expression is global and would remember where it stopped.
    return typeof key === "string" && key.search(this.#word) >= 0;
  }

  #error(error: Error, swap: Swap): unknown {
    const { code, details } = error as { code?: unknown; details?: unknown };
    const { name, message } = error;
    const copy = Object.assign(new Error(this.#text(message, swap)), {
      code,
      details: this.apply(details, swap),
    });
    copy.name = name;
    return copy;
  }
}

/** All ways to swap the members within each kind; the first leaves everybody where they are. */
export function swapsOf(kinds: readonly (readonly string[])[]): Swap[] {
  let swaps: [string, string][][] = [[]];
  for (const kind of kinds) {
    swaps = swaps.flatMap((swap) =>
      permutations(kind).map((order) => [
        ...swap,
        ...kind.map((from, i) => [from, order[i] as string] as [string, string]),
      ]),
    );
  }
  return swaps.map((swap) => new Map(swap));
}

function permutations(list: readonly string[]): string[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((first, i) => permutations(list.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}
