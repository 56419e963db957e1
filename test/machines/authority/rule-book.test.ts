import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { defineRules, hashOf, ruleBookMachine } from "../../../machines/authority/index.ts";
import type { MessageOf, RuleSet, rules } from "../../../protocols/index.ts";
import { pathsOf } from "../../../src/testing/model/index.ts";
import { ruleBookOptions, setOf } from "./rule-books.ts";

type Event = MessageOf<typeof rules>;

const replace = (expected: number, ruleSet: RuleSet) => ({ type: "replace", expected, ruleSet }) as Event;
const read = (version?: number) => ({ type: "read", version }) as Event;

/** What the book answers to each message, one after the other. */
function answers(...events: readonly Event[]): unknown[] {
  let [snapshot] = initialTransition(ruleBookMachine);
  return events.map((event) => {
    const [next, actions] = transition(ruleBookMachine, snapshot, event);
    snapshot = next;
    const sent = actions.find(({ type }) => type === "xstate.sendTo")?.params as
      | { event: { type: string; value?: unknown; reason?: string } }
      | undefined;
    return sent?.event.type === "refusal" ? sent.event.reason : sent?.event.value;
  });
}

describe("the book of rules", () => {
  const [one, two] = [setOf(1), setOf(2)] as const;

  test("gives versions one after the other, each with the hash of its set", () => {
    expect(answers(read(), replace(0, one), replace(1, two), read(), read(1), read(3))).toEqual([
      "No rule set is in force yet",
      { version: 1, hash: hashOf(one) },
      { version: 2, hash: hashOf(two) },
      { version: 2, hash: hashOf(two), ruleSet: two },
      { version: 1, hash: hashOf(one), ruleSet: one },
      "Expected a version from 1 to 2, got 3",
    ]);
  });

  test("refuses whoever would replace another version than the one in force", () => {
    expect(answers(replace(1, one), replace(0, one), replace(0, two), replace(2, two))).toEqual([
      "Expected version 0, which is in force, got 1: conflict",
      { version: 1, hash: hashOf(one) },
      "Expected version 1, which is in force, got 0: conflict",
      "Expected version 1, which is in force, got 2: conflict",
    ]);
  });

  test("answers alike whoever asks again because the answer was lost", () => {
    const [, again] = answers(replace(0, one), replace(0, structuredClone(one)), read());
    expect(again).toEqual({ version: 1, hash: hashOf(one) });
    expect(answers(replace(0, one), replace(5, one), replace(1, one)).slice(1)).toEqual([
      "Expected version 1, which is in force, got 5: conflict",
      { version: 2, hash: hashOf(one) },
    ]);
  });

  test("refuses a set that does not hold, and keeps the one in force", () => {
    const wrong = structuredClone(two);
    if (wrong.rules[0] !== undefined) wrong.rules[0].conditions = { it: ">= many" };
    expect(answers(replace(0, one), replace(1, wrong), read())).toEqual([
      { version: 1, hash: hashOf(one) },
      'Rule set "main" does not hold: rules.0.conditions.it: ">=" compares numbers, and "many" is none',
      { version: 1, hash: hashOf(one), ruleSet: one },
    ]);
  });

  test("keeps former versions as long as there is room, the newest always, and refuses one too large", () => {
    const many = Array.from({ length: 40 }, (_, index) => replace(index, setOf(index + 1)));
    expect(answers(...many, read(8), read(9), read()).slice(-3)).toEqual([
      "Expected a version from 9 to 40, got 8",
      expect.objectContaining({ version: 9 }),
      expect.objectContaining({ version: 40 }),
    ]);
    const large = (mark: number, rules: number) =>
      defineRules({
        name: "main",
        rules: Array.from({ length: rules }, (_, i) => ({
          name: `r${mark}-${i}`,
          from: "DATA_ARCHITECT",
          to: "PIPELINE_MANAGER",
          tasks: Array.from({ length: 9 }, (_, j) => `${i}-${j}`.padEnd(60, "x")),
        })),
      });
    const six = Array.from({ length: 6 }, (_, index) => replace(index, large(index, 100)));
    expect(answers(...six, read(1), read(6)).slice(-2)).toEqual([
      expect.stringMatching(/^Expected a version from [2-5] to 6, got 1$/),
      expect.objectContaining({ version: 6 }),
    ]);
    expect(answers(replace(0, large(0, 256)))[0]).toMatch(
      /^Expected at most 100000 characters of rules, got \d+$/,
    );
  });

  for (const path of pathsOf(ruleBookMachine, ruleBookOptions)) test(path.name, () => path.run());
});
