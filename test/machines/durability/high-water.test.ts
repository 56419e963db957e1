import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lowWater, risen, type Stamp, standing } from "../../../machines/durability/high-water.ts";

const stamp = (from: string, seq: number, incarnation = 1): Stamp => ({ from, incarnation, seq });

describe("R5: the high-water mark", () => {
  test("takes 1, 2, 3 of a sender, and nothing twice or too early", () => {
    const one = risen(lowWater, stamp("a", 1), 1, 10);
    expect(standing(lowWater, stamp("a", 1))).toBe("next");
    expect(standing(lowWater, stamp("a", 2))).toBe("ahead");
    expect(standing(one, stamp("a", 1))).toBe("seen");
    expect(standing(one, stamp("a", 2))).toBe("next");
    expect(standing(one, stamp("a", 3))).toBe("ahead");
    expect(standing(one, stamp("b", 1))).toBe("next");
  });

  test("begins anew with a later incarnation, and refuses the one before as stale", () => {
    const old = risen(lowWater, stamp("a", 1, 5), 1, 10);
    expect(standing(old, stamp("a", 1, 6))).toBe("next");
    expect(standing(old, stamp("a", 2, 6))).toBe("ahead");
    const fresh = risen(old, stamp("a", 1, 6), 2, 10);
    expect(standing(fresh, stamp("a", 2, 5))).toBe("stale");
  });

  test("a sender may be called like a property of every object", () => {
    expect(standing(lowWater, stamp("constructor", 1))).toBe("next");
    expect(standing(risen(lowWater, stamp("constructor", 1), 1, 10), stamp("constructor", 1))).toBe("seen");
  });

  test("forgets the idlest sender beyond its limit, and never applies again what that one had sent", () => {
    let water = risen(lowWater, stamp("a", 1, 3), 1, 2);
    water = risen(water, stamp("b", 1, 7), 2, 2);
    water = risen(water, stamp("a", 2, 3), 3, 2);
    water = risen(water, stamp("c", 1, 8), 4, 2);
    expect(Object.keys(water.heads)).toEqual(["a", "c"]);
    expect(standing(water, stamp("b", 1, 7))).toBe("stale");
    expect(standing(water, stamp("b", 2, 7))).toBe("stale");
    expect(standing(water, stamp("b", 1, 8))).toBe("next");
    expect(standing(water, stamp("a", 3, 3))).toBe("next");
  });

  test("applies nothing twice and nothing out of order, whatever arrives and however few senders it keeps", () => {
    const arrival = fc.record({
      from: fc.constantFrom("a", "b", "c", "d"),
      incarnation: fc.integer({ min: 1, max: 3 }),
      seq: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(arrival, { maxLength: 80 }),
        fc.integer({ min: 1, max: 4 }),
        (arrivals, sendersMax) => {
          let water = lowWater;
          const applied = new Map<string, number>();
          for (const [turn, it] of arrivals.entries()) {
            if (standing(water, it) !== "next") continue;
            const line = `${it.from} ${it.incarnation}`;
            expect(it.seq).toBe((applied.get(line) ?? 0) + 1);
            applied.set(line, it.seq);
            water = risen(water, it, turn, sendersMax);
            expect(Object.keys(water.heads).length).toBeLessThanOrEqual(sendersMax);
          }
        },
      ),
    );
  });

  test("with room for every sender it takes all that come in order", () => {
    let water = lowWater;
    for (let seq = 1; seq <= 50; seq++)
      for (const from of ["a", "b", "c"]) {
        expect(standing(water, stamp(from, seq))).toBe("next");
        water = risen(water, stamp(from, seq), seq, 3);
      }
  });
});
