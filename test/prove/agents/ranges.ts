import { z } from "zod";

const range = z.tuple([z.number(), z.number()]);

/**
 * Numbers in the order they came, neighbours joined: 1 2 3 5 3 is [1,3] [5,5] [3,3]. So what was left out, doubled or out of
 * order stays to be seen, and a long good run is short.
 */
export const ranges = z.array(range);
export type Ranges = z.infer<typeof ranges>;

/** Ranges by name. */
export const rangesOf = z.record(z.string(), ranges);
export type RangesOf = z.infer<typeof rangesOf>;

export function append(known: Ranges, n: number): Ranges {
  const last = known.at(-1);
  return last !== undefined && last[1] + 1 === n ? [...known.slice(0, -1), [last[0], n]] : [...known, [n, n]];
}

export function appendTo(known: RangesOf, name: string, n: number): RangesOf {
  return { ...known, [name]: append(known[name] ?? [], n) };
}

export function numbersOf(known: Ranges = []): number[] {
  return known.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}
