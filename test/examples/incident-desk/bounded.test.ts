import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addCounts,
  addOne,
  own,
  shorten,
  Table,
  Tally,
  Top,
} from "../../../examples/incident-desk/logs/bounded.ts";
import {
  bucketLimitsMs,
  emptyHistogram,
  mergeHistograms,
  quantileAtMostMs,
  record,
} from "../../../examples/incident-desk/logs/histogram.ts";
import { TimelineCounter } from "../../../examples/incident-desk/logs/timeline.ts";

describe("a table", () => {
  test("is exact while its keys fit, in parts as in one", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(keys, keys, (first, second) => {
        const [whole, a, b] = [
          new Tally({ rowsMax: 4 }),
          new Tally({ rowsMax: 4 }),
          new Tally({ rowsMax: 4 }),
        ];
        for (const key of first) a.count(key);
        for (const key of second) b.count(key);
        for (const key of [...first, ...second]) whole.count(key);
        const merged = new Tally({ rowsMax: 4 }).addAll(a.ranked()).addAll(b.ranked()).ranked();
        expect(merged).toEqual(whole.ranked());
        for (const { key, count } of merged.rows)
          expect(count).toBe([...first, ...second].filter((k) => k === key).length);
      }),
    );
  });

  test("keeps the heaviest beyond that, and loses no count", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (keys) => {
        const tally = new Tally({ rowsMax: 5 });
        for (const key of keys) tally.count(`key ${key}`);
        const { rows, others } = tally.ranked();
        expect(rows.length).toBeLessThanOrEqual(5);
        expect(tally.size).toBeLessThanOrEqual(10);
        expect(rows.reduce((sum, { count }) => sum + count, others.count)).toBe(keys.length);
      }),
    );
    const tally = new Tally({ rowsMax: 2 });
    for (let i = 0; i < 100; i += 1) {
      tally.count("often");
      tally.count(`once ${i}`);
    }
    expect(tally.ranked().rows[0]).toEqual({ key: "often", count: 100 });
  });

  test("ranks by what it is told, and joins what else is known", () => {
    const table = new Table<{ key: string; count: number; bytes: number }>({
      rowsMax: 2,
      weightOf: ({ bytes }) => bytes,
      join: (into, { bytes }) => {
        into.bytes += bytes;
      },
    });
    for (const [key, bytes] of [
      ["a", 1],
      ["b", 5],
      ["a", 1],
      ["c", 9],
    ] as const)
      table.add({ key, count: 1, bytes });
    expect(table.ranked().rows).toEqual([
      { key: "c", count: 1, bytes: 9 },
      { key: "b", count: 1, bytes: 5 },
    ]);
    expect(table.ranked().others).toEqual({ rows: 1, count: 2 });
  });
});

test("the top is what sorting would give", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const top = new Top<number>(4, (a, b) => b - a);
      for (const number of numbers) top.add(number);
      expect(top.items()).toEqual(numbers.toSorted((a, b) => b - a).slice(0, 4));
    }),
  );
});

test("a text of its own is the same text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(own(text)).toBe(text);
    }),
  );
});

test("histograms add up, and bound every share from above", () => {
  const durations = fc.array(
    fc.double({ min: 0, max: 1e7, noNaN: true }).map((ms) => Math.round(ms * 1e3) / 1e3),
  );
  fc.assert(
    fc.property(durations, durations, (first, second) => {
      const [whole, a, b] = [emptyHistogram(), emptyHistogram(), emptyHistogram()];
      for (const ms of first) record(a, ms);
      for (const ms of second) record(b, ms);
      for (const ms of [...first, ...second]) record(whole, ms);
      expect(mergeHistograms(a, b)).toEqual(whole);
      const sorted = [...first, ...second].sort((x, y) => x - y);
      for (const share of [0.5, 0.95, 1]) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1];
        if (exact !== undefined) expect(quantileAtMostMs(whole, share)).toBeGreaterThanOrEqual(exact);
      }
    }),
  );
  expect(bucketLimitsMs).toEqual([...bucketLimitsMs].sort((x, y) => x - y));
});

test("a timeline does not depend on the order of entries, nor on how they were split", () => {
  const times = fc.array(fc.tuple(fc.integer({ min: -1e12, max: 2e12 }), fc.boolean()), { maxLength: 300 });
  fc.assert(
    fc.property(times, times, (first, second) => {
      const count = (entries: readonly (readonly [number, boolean])[]) => {
        const counter = new TimelineCounter();
        for (const [ms, bad] of entries) counter.add(ms, bad);
        return counter.timeline();
      };
      const whole = count([...first, ...second]);
      expect(count([...second, ...first].reverse())).toEqual(whole);
      expect(new TimelineCounter().addAll(count(first)).addAll(count(second)).timeline()).toEqual(whole);
      expect(whole.bins.length).toBeLessThanOrEqual(240);
      expect(whole.bins.reduce((sum, { entries }) => sum + entries, 0)).toBe(first.length + second.length);
    }),
  );
});

describe("what a log itself names", () => {
  test("is counted under any name, also one that every object has", () => {
    const counts: Record<string, number> = {};
    for (const key of ["constructor", "toString", "constructor"]) addOne(counts, key);
    expect(counts).toEqual({ constructor: 2, toString: 1 });
    expect(addCounts(counts, { constructor: 3 })).toEqual({ constructor: 5, toString: 1 });
  });

  test("is cut between characters, never within one", () => {
    for (let charsMax = 2; charsMax < 8; charsMax++) {
      const cut = shorten("😀😀😀😀", charsMax);
      expect(new TextDecoder().decode(new TextEncoder().encode(cut))).toBe(cut);
    }
    expect(shorten("abcdef", 4)).toBe("abc…");
  });
});
