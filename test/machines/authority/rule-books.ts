import { defineRules, type ruleBookMachine } from "../../../machines/authority/index.ts";
import { type RuleSet, rules } from "../../../protocols/index.ts";
import type { PathsOptions } from "../../../src/testing/model/index.ts";

/** A set that differs from others in one number. */
export function setOf(mark: number): RuleSet {
  const levels = { from: "PIPELINE_MANAGER", to: "STAGE_COORDINATOR" };
  const rule = { name: "r", ...levels, tasks: ["etl_orchestration"], limits: { cpu: mark } };
  return defineRules({ name: "main", rules: [rule] });
}

/** What the paths of a book need: sets that hold, one that does not, and versions there are and are not. */
export const ruleBookOptions: PathsOptions<typeof ruleBookMachine> = {
  protocol: rules,
  payloads: {
    replace: [
      { expected: 0, ruleSet: setOf(1) },
      { expected: 1, ruleSet: setOf(2) },
      { expected: 7, ruleSet: setOf(3) },
    ],
    read: [{}, { version: 1 }, { version: 9 }],
  },
};
