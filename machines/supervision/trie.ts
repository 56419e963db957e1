/**
 * A map from whole numbers to values that is never changed: `put` and `without` give a new one that shares all
 * but the path to the place, at most 32 slots a level. So a list of 100,000 costs the same few hundred bytes
 * for each change, and goes through in ascending order. Plain data.
 *
 * Source: Bagwell, "Ideal Hash Trees", 2001; here the numbers themselves are the path.
 */
export interface Trie<V> {
  readonly levels: number;
  readonly root: Branch<V>;
}

interface Branch<V> {
  /** Bit n: slot n is taken. `slots` has only those that are. */
  readonly bits: number;
  readonly slots: readonly (Branch<V> | V)[];
}

const bitsEach = 5;
const width = 2 ** bitsEach;
const nothing: Branch<never> = { bits: 0, slots: [] };
export const emptyTrie: Trie<never> = { levels: 1, root: nothing };

function slotOf(at: number, level: number): number {
  // Bit operations know 32 bits, and all numbers but a few are smaller.
  if (at < 2 ** 30 && level < 6) return (at >> (bitsEach * level)) & (width - 1);
  return Math.floor(at / width ** level) % width;
}

/** Where slot n stands among those taken. */
function rank(bits: number, slot: number): number {
  let below = bits & ((1 << slot) - 1);
  let count = 0;
  for (; below !== 0; below &= below - 1) count++;
  return count;
}

function taken(bits: number, slot: number): boolean {
  return (bits & (1 << slot)) !== 0;
}

export function valueAt<V>({ levels, root }: Trie<V>, at: number): V | undefined {
  if (at >= width ** levels) return undefined;
  let node: Branch<V> | V = root;
  for (let level = levels - 1; level >= 0; level--) {
    const { bits, slots } = node as Branch<V>;
    const slot = slotOf(at, level);
    if (!taken(bits, slot)) return undefined;
    node = slots[rank(bits, slot)] as Branch<V> | V;
  }
  return node as V;
}

export function put<V>(trie: Trie<V>, at: number, value: V): Trie<V> {
  let { levels, root } = trie;
  for (; at >= width ** levels; levels++) if (root.bits !== 0) root = { bits: 1, slots: [root] };
  return { levels, root: putIn(root, levels - 1, at, value) };
}

function putIn<V>({ bits, slots }: Branch<V>, level: number, at: number, value: V): Branch<V> {
  const slot = slotOf(at, level);
  const place = rank(bits, slot);
  const there = taken(bits, slot);
  const below = there ? (slots[place] as Branch<V>) : nothing;
  const entry = level === 0 ? value : putIn(below, level - 1, at, value);
  // Not `splice`, which leaves room for a dozen more that never come.
  const copy = there ? slots.with(place, entry) : slots.toSpliced(place, 0, entry);
  return { bits: bits | (1 << slot), slots: copy };
}

export function without<V>(trie: Trie<V>, at: number): Trie<V> {
  if (valueAt(trie, at) === undefined) return trie;
  return { levels: trie.levels, root: removeIn(trie.root, trie.levels - 1, at) };
}

function removeIn<V>({ bits, slots }: Branch<V>, level: number, at: number): Branch<V> {
  const slot = slotOf(at, level);
  const place = rank(bits, slot);
  const below = level === 0 ? nothing : removeIn(slots[place] as Branch<V>, level - 1, at);
  if (below.bits !== 0) return { bits, slots: slots.with(place, below) };
  return { bits: bits & ~(1 << slot), slots: slots.toSpliced(place, 1) };
}

/** The values, by ascending number. */
export function* ascending<V>({ levels, root }: Trie<V>): Generator<V> {
  yield* walk(root, levels - 1, false);
}

export function* descending<V>({ levels, root }: Trie<V>): Generator<V> {
  yield* walk(root, levels - 1, true);
}

function* walk<V>({ slots }: Branch<V>, level: number, backwards: boolean): Generator<V> {
  for (const slot of backwards ? slots.toReversed() : slots) {
    if (level === 0) yield slot as V;
    else yield* walk(slot as Branch<V>, level - 1, backwards);
  }
}
