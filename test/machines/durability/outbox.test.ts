import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lowWater, risen, standing } from "../../../machines/durability/high-water.ts";
import { emptyOutbox, type Outbox, posted, trimmed } from "../../../machines/durability/outbox.ts";

const to = (name: string, message = "m") => ({ to: name, message });

describe("R4: the outbox", () => {
  test("numbers a line for each receiver, and a position over all", () => {
    const box = posted(emptyOutbox(1_000), [to("a"), to("b"), to("a")], 1, 10);
    expect(
      box.entries.map(({ to: name, position, incarnation, seq }) => [name, position, incarnation, seq]),
    ).toEqual([
      ["a", 1, 1_000, 1],
      ["b", 2, 1_000, 1],
      ["a", 3, 1_000, 2],
    ]);
  });

  test("goes on numbering after everything was trimmed", () => {
    const box = trimmed(posted(emptyOutbox(0), [to("a")], 1, 10), [1]);
    expect(box.entries).toEqual([]);
    expect(posted(box, [to("a")], 2, 10).entries).toMatchObject([{ position: 2, seq: 2 }]);
  });

  test("trims what is confirmed and nothing else, in whatever order it was confirmed", () => {
    const box = posted(emptyOutbox(0), [to("a"), to("b"), to("c")], 1, 10);
    expect(trimmed(box, [3, 1, 9]).entries.map(({ position }) => position)).toEqual([2]);
    expect(trimmed(box, [])).toBe(box);
  });

  test("forgets the idlest receiver beyond its limit, but never one that something waits for", () => {
    let box: Outbox<string> = posted(emptyOutbox(5), [to("a")], 1, 2);
    box = posted(box, [to("b")], 2, 2);
    box = posted(trimmed(box, [2]), [to("c")], 3, 2);
    expect(Object.keys(box.lines)).toEqual(["a", "c"]);
  });

  test("of two receivers it could forget, forgets the one it wrote to longer ago", () => {
    let box: Outbox<string> = posted(emptyOutbox(5), [to("b")], 1, 2);
    box = posted(trimmed(box, [1]), [to("a")], 2, 2);
    box = posted(trimmed(box, [2]), [to("c")], 3, 2);
    expect(Object.keys(box.lines)).toEqual(["a", "c"]);
    expect(posted(box, [to("b")], 4, 3).entries.at(-1)).toMatchObject({ to: "b", incarnation: 6, seq: 1 });
  });

  test("is understood by every receiver's marks, whoever is forgotten between: each message once, in order", () => {
    const sends = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(sends, fc.integer({ min: 1, max: 4 }), (list, receiversMax) => {
        let box: Outbox<string> = emptyOutbox(1);
        const waters = new Map<string, typeof lowWater>();
        for (const [turn, [name, confirms]] of list.entries()) {
          box = posted(box, [to(name)], turn, receiversMax);
          const entry = box.entries.at(-1);
          if (entry === undefined) throw new Error("Expected an entry");
          const stamp = { from: "me", incarnation: entry.incarnation, seq: entry.seq };
          const water = waters.get(name) ?? lowWater;
          expect(standing(water, stamp)).toBe("next");
          waters.set(name, risen(water, stamp, turn, 10));
          expect(standing(waters.get(name) ?? lowWater, stamp)).toBe("seen");
          if (confirms)
            box = trimmed(
              box,
              box.entries.map(({ position }) => position),
            );
        }
      }),
    );
  });
});
