import { z } from "zod";
import {
  CoxswainError,
  type DelegationRule,
  dataClass,
  dataGate,
  delegationRule,
  quote,
  type ResourceName,
  type RuleSet,
  resourceNames,
  ruleSet,
} from "../../protocols/index.ts";
import { parseCel } from "./cel.ts";
import { parseCondition } from "./conditions.ts";
import { authorityOrder, type Problem, problemsOfLevels } from "./levels.ts";
import { presetLevels, presetOperations } from "./preset-levels.ts";
import { resourceAmountOf } from "./units.ts";

/** A number of the canonical unit, or a text with a unit: `200`, `"200_GB"`. */
const limits = z.strictObject(
  Object.fromEntries(resourceNames.map((name) => [name, amount(name).optional()])) as {
    [K in ResourceName]: z.ZodOptional<ReturnType<typeof amount>>;
  },
);

/** Milliseconds, or a text such as `"30_days"`. */
const duration = z.union([z.number(), z.string()]).transform((given, context) => {
  const ms = resourceAmountOf("time", given);
  if (typeof ms === "number") return ms;
  context.issues.push({ code: "custom", message: ms.problem, input: given });
  return z.NEVER;
});

/** As a rule is written: limits with units, checked as far as it can be without the rest of its set. */
const written = delegationRule.extend({ limits: limits.default({}) }).superRefine((rule, context) => {
  for (const { path, says } of problemsOfConditions(rule))
    context.addIssue({ code: "custom", path: [...path], message: says });
});

const writtenGate = dataGate.superRefine(({ cel }, context) => {
  const parsed = parseCel(cel);
  if ("problem" in parsed) context.addIssue({ code: "custom", path: ["cel"], message: parsed.problem });
});

const writtenSet = ruleSet.extend({
  operations: ruleSet.shape.operations.unwrap().default(() => structuredClone(presetOperations)),
  levels: ruleSet.shape.levels.default(() => structuredClone(presetLevels)),
  rules: z.array(written).max(256),
  governance: z
    .strictObject({
      classifications: z
        .record(z.string(), dataClass.extend({ retentionMaxMs: duration.optional() }))
        .default({}),
      gates: z.array(writtenGate).max(64).default([]),
    })
    .default({ classifications: {}, gates: [] }),
});

/** A rule set is not deeper. */
const depthMax = 16;

export type RuleInput = z.input<typeof written>;
export type RuleSetInput = z.input<typeof writtenSet>;

/**
 * A rule, checked. What must be so in its whole set (that its levels are known) {@link defineRules} checks.
 *
 * @throws CoxswainError OPTION_INVALID for an unknown key or unit, or a condition that cannot be understood
 */
export function defineRule(rule: RuleInput): DelegationRule {
  const [parsed, problems] = parseWith(written, rule);
  if (parsed === undefined) throw invalid(`Rule ${quote(rule.name)}`, problems);
  return plain(parsed) as DelegationRule;
}

/**
 * A rule set, checked, and in canonical units. Levels and operations that it does not name are the preset's.
 *
 * Of several rules that apply the one that names the task type goes before one for any ("*"), then the one with more
 * conditions, then the one that stands first. It alone decides: what its limits refuse, no other rule allows.
 *
 * @throws CoxswainError OPTION_INVALID, with every problem found
 */
export function defineRules(given: RuleSetInput): RuleSet {
  const checked = validateRules(given);
  if (!checked.ok) throw invalid(`Rule set ${quote(given.name)}`, checked.problems);
  return checked.ruleSet;
}

/** The same for what came from outside: it does not throw. */
export function validateRules(
  given: unknown,
): { ok: true; ruleSet: RuleSet } | { ok: false; problems: readonly Problem[] } {
  const [parsed, problems] = parseWith(writtenSet, given);
  if (parsed === undefined) return { ok: false, problems };
  const set = plain(parsed) as RuleSet;
  const found = problemsOfSet(set);
  return found.length === 0 ? { ok: true, ruleSet: set } : { ok: false, problems: found };
}

export function invalid(what: string, problems: readonly Problem[]): CoxswainError {
  const lines = problems.map(({ path, says }) => `${path.join(".")}: ${says}`);
  return new CoxswainError("OPTION_INVALID", `${what} does not hold: ${lines.slice(0, 5).join("; ")}`, {
    details: { problems: lines.slice(0, 100) },
  });
}

function problemsOfConditions(rule: Pick<DelegationRule, "conditions" | "cel">): Problem[] {
  const wrong: Problem[] = Object.entries(rule.conditions).flatMap(([name, condition]) => {
    const parsed = parseCondition(condition);
    return parsed.ok ? [] : [{ path: ["conditions", name], says: parsed.problem }];
  });
  const cel = rule.cel === undefined ? undefined : parseCel(rule.cel);
  return cel !== undefined && "problem" in cel ? [...wrong, { path: ["cel"], says: cel.problem }] : wrong;
}

/** What must be so between the parts of a set. */
function problemsOfSet(set: RuleSet): Problem[] {
  const problems = problemsOfLevels(set.levels, set.operations);
  const order = authorityOrder(set.levels);
  const seen = new Set<string>();
  set.rules.forEach((rule, index) => {
    const path = ["rules", index];
    for (const end of ["from", "to"] as const)
      if (!order.has(rule[end]))
        problems.push({ path: [...path, end], says: `unknown level ${quote(rule[end])}` });
    if (order.has(rule.from) && order.has(rule.to) && !order.isWithin(rule.to, rule.from))
      problems.push({ path: [...path, "to"], says: `${rule.to} is not ${rule.from}, nor below it` });
    if (seen.has(rule.name))
      problems.push({ path: [...path, "name"], says: `two rules have the name ${quote(rule.name)}` });
    seen.add(rule.name);
  });
  return problems;
}

function parseWith<S extends z.ZodType>(schema: S, given: unknown): [z.output<S> | undefined, Problem[]] {
  const hidden = hiddenKey(given);
  if (hidden !== undefined) return [undefined, [hidden]];
  const parsed = schema.safeParse(given);
  return parsed.success ? [parsed.data, []] : [undefined, parsed.error.issues.flatMap(problemsOfIssue)];
}

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.filter((key) => typeof key !== "symbol");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], says: `unknown key ${quote(key)}` }));
  return [{ path, says: issue.message.slice(0, 300) }];
}

/**
 * A record drops a key of that name without a word, and with it a condition. Each part is looked at once: what came from
 * YAML may contain itself.
 */
function hiddenKey(
  value: unknown,
  path: readonly (string | number)[] = [],
  seen: Set<object> = new Set(),
): Problem | undefined {
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (path.length > depthMax) return { path, says: `expected at most ${depthMax} levels` };
  if (Object.hasOwn(value, "__proto__"))
    return { path: [...path, "__proto__"], says: `unknown key "__proto__"` };
  for (const [key, within] of Object.entries(value)) {
    const found = hiddenKey(within, [...path, Array.isArray(value) ? Number(key) : key], seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function amount(resource: ResourceName) {
  return z.union([z.number(), z.string()]).transform((given, context) => {
    const value = resourceAmountOf(resource, given);
    if (typeof value === "number") return value;
    context.issues.push({ code: "custom", message: value.problem, input: given });
    return z.NEVER;
  });
}

/** Without the keys that are there and undefined, so that equal sets have equal text. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
