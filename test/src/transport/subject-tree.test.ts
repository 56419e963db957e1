import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPattern, isSubject, overlap, SubjectTree } from "../../../src/transport/subject-tree.ts";

const token = fc.constantFrom("a", "b", "c");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc
  .tuple(fc.array(fc.oneof(token, fc.constant("*")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, rest]) => (rest ? [...tokens.slice(0, -1), ">"] : tokens).join("."));

/** The definition, token by token. */
function matches(wanted: string, given: string): boolean {
  const patterns = wanted.split(".");
  const tokens = given.split(".");
  if (patterns.at(-1) === ">") {
    if (tokens.length < patterns.length) return false;
    patterns.pop();
    tokens.length = patterns.length;
  }
  return (
    patterns.length === tokens.length && patterns.every((each, at) => each === "*" || each === tokens[at])
  );
}

describe("subject tree", () => {
  it("finds exactly the patterns that match, also after some were taken out", () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 12 }),
        fc.array(subject),
        fc.nat(11),
        (patterns, subjects, cut) => {
          const tree = new SubjectTree<number>();
          for (const [n, each] of patterns.entries()) tree.add(each, n);
          for (const [n, each] of patterns.slice(0, cut).entries()) tree.delete(each, n);
          for (const each of subjects) {
            const expected = patterns.flatMap((wanted, n) => (n >= cut && matches(wanted, each) ? [n] : []));
            expect(tree.match(each).toSorted((x, y) => x - y)).toEqual(expected);
          }
        },
      ),
    );
  });

  it("takes out a pattern that was never there without harm", () => {
    const tree = new SubjectTree<string>();
    tree.add("a.b", "one");
    tree.delete("a.b", "other");
    tree.delete("a.b.c", "one");
    tree.delete("x", "one");
    expect(tree.match("a.b")).toEqual(["one"]);
  });

  it("whatever is a subject has no white space, no wildcard and no empty token", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", ".", "*", ">", " ", "\r", "\n", "\t", "é") }),
        (text) => {
          const sound = text !== "" && !/[\s*>]/.test(text) && text.split(".").every((each) => each !== "");
          expect(isSubject(text)).toBe(sound);
          if (sound) expect(isPattern(text)).toBe(true);
        },
      ),
    );
  });

  it("a text of great length is refused without being looked at", () => {
    expect(isSubject("a.".repeat(100_000))).toBe(false);
    expect(isPattern(`${"*.".repeat(100_000)}>`)).toBe(false);
  });
});

describe("two patterns", () => {
  const tokens = ["a", "b", "c"];
  const longer = (some: readonly string[]): string[] =>
    some.flatMap((each) => tokens.map((last) => (each === "" ? last : `${each}.${last}`)));
  const subjects = [...new Array(5)].reduce<string[][]>((all) => [...all, longer(all.at(-1) ?? [])], [[""]]);

  it("overlap where some subject matches both", () => {
    const every = subjects.flat().filter((each) => each !== "");
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const both = every.some((each) => matches(one, each) && matches(other, each));
        expect(overlap(one, other)).toBe(both);
        expect(overlap(other, one)).toBe(both);
      }),
      { numRuns: 300 },
    );
  });
});
