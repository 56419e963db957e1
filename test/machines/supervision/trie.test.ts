import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ascending,
  descending,
  emptyTrie,
  put,
  type Trie,
  valueAt,
  without,
} from "../../../machines/supervision/trie.ts";

/** Every branch of a trie. */
function branches(trie: Trie<unknown>): Set<unknown> {
  const all = new Set<unknown>();
  const visit = (node: { slots: readonly unknown[] }, level: number): void => {
    all.add(node);
    if (level > 0) for (const slot of node.slots) visit(slot as typeof node, level - 1);
  };
  visit(trie.root, trie.levels - 1);
  return all;
}

describe("a trie", () => {
  test("is what a sorted map is, whatever is put in and taken out, and leaves earlier ones as they were", () => {
    const places = fc.oneof(fc.nat(40), fc.nat(2_000), fc.nat(0x3fffffff), fc.nat(Number.MAX_SAFE_INTEGER));
    const steps = fc.array(fc.record({ at: places, value: fc.option(fc.nat()) }), { maxLength: 120 });
    fc.assert(
      fc.property(steps, (all) => {
        const model = new Map<number, number>();
        let trie: Trie<number> = emptyTrie;
        for (const { at, value } of all) {
          const before = trie;
          const list = [...ascending(before)];
          if (value === null) {
            model.delete(at);
            trie = without(trie, at);
          } else {
            model.set(at, value);
            trie = put(trie, at, value);
          }
          expect([...ascending(before)]).toEqual(list);
        }
        const sorted = [...model].sort(([a], [b]) => a - b).map(([, value]) => value);
        expect([...ascending(trie)]).toEqual(sorted);
        expect([...descending(trie)]).toEqual(sorted.toReversed());
        for (const { at } of all) expect(valueAt(trie, at)).toBe(model.get(at));
      }),
    );
  });

  test("shares all but the path to a change, so 100,000 changes stay linear", () => {
    let trie: Trie<number> = emptyTrie;
    for (let at = 0; at < 100_000; at++) trie = put(trie, at, at);
    for (const at of [0, 31, 32, 50_000, 99_999]) {
      for (const changed of [put(trie, at, -1), without(trie, at)]) {
        const old = branches(trie);
        const fresh = [...branches(changed)].filter((branch) => !old.has(branch));
        expect(fresh.length).toBeLessThanOrEqual(4);
      }
    }
  });

  test("keeps no branch for what was taken out", () => {
    let trie: Trie<number> = emptyTrie;
    for (let at = 0; at < 5_000; at++) trie = without(put(trie, at, at), at - 1);
    expect([...ascending(trie)]).toEqual([4_999]);
    expect(branches(trie).size).toBe(trie.levels);
  });

  test("is plain data", () => {
    const trie = put(put(emptyTrie as Trie<string>, 7, "a"), 70, "b");
    const copy = JSON.parse(JSON.stringify(trie)) as Trie<string>;
    expect([valueAt(copy, 7), valueAt(copy, 70), valueAt(copy, 8)]).toEqual(["a", "b", undefined]);
  });
});
