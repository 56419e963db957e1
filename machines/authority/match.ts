import {
  type DelegationRequest,
  type DelegationRule,
  type Facts,
  quote,
  type Refused,
  type Situation,
} from "../../protocols/index.ts";
import { type CompiledRule, type CompiledRules, precedence } from "./compiled-rules.ts";

/** How many of the rules that did not apply a refusal names. */
const nearestMax = 3;

/** The rule that decides, of those that apply; undefined: none does. */
export function matchRules(
  { rules }: CompiledRules,
  request: DelegationRequest,
  situation: Situation,
  facts: Facts,
): DelegationRule | undefined {
  const applicable = rules.filter((rule) => failures(rule, request, situation, facts).length === 0);
  // Sorting is stable: what is alike stays in the order of the set.
  return applicable.sort((a, b) => precedence(a, b, request.task.type))[0]?.rule;
}

/** The rules that came nearest, and the first thing that kept each from applying: those that differ in the least first. */
export function nearestRules(
  { rules }: CompiledRules,
  request: DelegationRequest,
  situation: Situation,
  facts: Facts,
): Refused["nearest"] {
  return rules
    .map((compiled) => ({ compiled, failed: failures(compiled, request, situation, facts) }))
    .sort((a, b) => distance(a.failed) - distance(b.failed))
    .slice(0, nearestMax)
    .map(({ compiled, failed }) => ({ rule: compiled.rule.name, failed: failed[0]?.says ?? "" }));
}

interface Failure {
  readonly of: "level" | "task" | "condition";
  readonly says: string;
}

/** All that keeps a rule from applying: levels, task, then its conditions in their order. */
function failures(
  { rule, conditions }: CompiledRule,
  request: DelegationRequest,
  situation: Situation,
  facts: Facts,
): Failure[] {
  const failed: Failure[] = [];
  const [from, to] = [situation.from?.authority, situation.to?.authority];
  if (rule.from !== from) failed.push({ of: "level", says: `the delegator is ${rule.from}, not ${from}` });
  if (rule.to !== to) failed.push({ of: "level", says: `the target is ${rule.to}, not ${to}` });
  const { type } = request.task;
  if (!rule.tasks.includes(type) && !rule.tasks.includes("*"))
    failed.push({
      of: "task",
      says: `the tasks are ${rule.tasks.slice(0, 8).join(", ")}, not ${quote(type)}`,
    });
  for (const condition of conditions) {
    const says = condition(facts);
    if (says !== undefined) failed.push({ of: "condition", says });
  }
  return failed;
}

/** Other levels are further off than another task, and that than any number of conditions. */
function distance(failed: readonly Failure[]): number {
  const weight = { level: 10_000, task: 1_000, condition: 1 };
  return failed.reduce((sum, { of }) => sum + weight[of], 0);
}
