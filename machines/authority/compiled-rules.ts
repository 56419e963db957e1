import type { DataGate, DelegationRule, Facts, RuleSet } from "../../protocols/index.ts";
import { parseCel } from "./cel.ts";
import { failureOf, parseCondition } from "./conditions.ts";
import { type AuthorityOrder, authorityOrder } from "./levels.ts";
import { invalid, validateRules } from "./rule-set.ts";

/** A rule whose conditions are understood. */
export interface CompiledRule {
  readonly rule: DelegationRule;
  readonly conditions: readonly ((facts: Facts) => string | undefined)[];
}

export interface CompiledRules {
  readonly order: AuthorityOrder;
  /** As they go before one another where several apply; ties as in the set. */
  readonly rules: readonly CompiledRule[];
  readonly gates: readonly CompiledGate[];
}

/** A gate whose condition is understood. */
export interface CompiledGate {
  readonly name: string;
  readonly failureOf: (facts: Facts) => string | undefined;
}

/** A set is understood once, as long as the same object is given; a set is not changed after that. */
const known = new WeakMap<RuleSet, CompiledRules>();

/** @throws CoxswainError OPTION_INVALID for a set that does not hold */
export function compileRules(set: RuleSet): CompiledRules {
  const before = known.get(set);
  if (before !== undefined) return before;
  const checked = validateRules(set);
  if (!checked.ok) throw invalid(`Rule set "${set.name}"`, checked.problems);
  const compiled = {
    order: authorityOrder(set.levels),
    rules: checked.ruleSet.rules.map(compileRule),
    gates: checked.ruleSet.governance.gates.map(compileGate),
  };
  known.set(set, compiled);
  return compiled;
}

/** Which of two rules that apply goes first; 0: the one that stands first in the set. */
export function precedence(a: CompiledRule, b: CompiledRule, task: string): number {
  const named = Number(b.rule.tasks.includes(task)) - Number(a.rule.tasks.includes(task));
  return named !== 0 ? named : b.conditions.length - a.conditions.length;
}

function compileRule(rule: DelegationRule): CompiledRule {
  const conditions = Object.entries(rule.conditions).map(([name, condition]) => {
    const parsed = parseCondition(condition);
    if (!parsed.ok) throw invalid(`Rule "${rule.name}"`, [{ path: [name], says: parsed.problem }]);
    return (facts: Facts) => failureOf(name, parsed.predicate, facts);
  });
  if (rule.cel === undefined) return { rule, conditions };
  const { failureOf: failureOfCel } = compileGate({ name: rule.name, cel: rule.cel });
  return { rule, conditions: [...conditions, failureOfCel] };
}

function compileGate({ name, cel }: DataGate): CompiledGate {
  const parsed = parseCel(cel);
  if ("problem" in parsed) throw invalid(`"${name}"`, [{ path: ["cel"], says: parsed.problem }]);
  return { name, failureOf: (facts) => parsed.failureOf(facts) };
}
