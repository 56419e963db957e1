/** Who may delegate what to whom: levels, rules, conditions and the decision, all pure. */
export { type CelCondition, parseCel } from "./cel.ts";
export {
  type Comparison,
  failureOf,
  type ParsedCondition,
  type Predicate,
  parseCondition,
} from "./conditions.ts";
export { decide } from "./decide.ts";
export { factsOf, measuredFacts } from "./facts.ts";
export { canonicalText, hashOf } from "./hash.ts";
export { type AuthorityOrder, authorityOrder, type Problem } from "./levels.ts";
export { loadRules } from "./load-rules.ts";
export { enterpriseData } from "./preset.ts";
export { presetLevels, presetOperations } from "./preset-levels.ts";
export { type RuleBookContext, type RuleVersion, ruleBookMachine } from "./rule-book.ts";
export { defineRule, defineRules, type RuleInput, type RuleSetInput, validateRules } from "./rule-set.ts";
export { sha256 } from "./sha256.ts";
export { amountText, durationText, quantityOf, resourceAmountOf, resourceUnit } from "./units.ts";
