import {
  type Accepted,
  type Check,
  type Decision,
  type DelegationRequest,
  priorities,
  quote,
  type Refused,
  type ResourceName,
  type RuleSet,
  resourceNames,
  type Situation,
} from "../../protocols/index.ts";
import { type CompiledRules, compileRules } from "./compiled-rules.ts";
import { factsOf } from "./facts.ts";
import { type Finding, governanceOf } from "./governance.ts";
import { matchRules, nearestRules } from "./match.ts";
import { amountText, resourceUnit } from "./units.ts";

/** From this share of its places on a target is watched. */
const watchedFrom = 0.8;

/**
 * Whether a task may be delegated: authority, rule, capacity, limits, governance, in this order; the first check that
 * fails refuses. An approval is not refused here: the decision says that one is required.
 *
 * The same request, situation and rule set give the same decision, byte for byte. What a refusal says fits one line.
 *
 * @throws CoxswainError OPTION_INVALID for a rule set that does not hold
 */
export function decide(request: DelegationRequest, situation: Situation, ruleSet: RuleSet): Decision {
  const compiled = compileRules(ruleSet);
  const { escalationPath } = ruleSet;

  const unauthorised = authorityFailure(request, situation, compiled);
  if (unauthorised !== undefined) return refusal("authority", unauthorised, { escalationPath });

  const facts = factsOf(request, situation);
  const rule = matchRules(compiled, request, situation, facts);
  if (rule === undefined) {
    const nearest = nearestRules(compiled, request, situation, facts);
    return refusal("rule", ruleFailure(request, situation, nearest), { escalationPath, nearest });
  }

  const { load } = situation;
  if (load.inFlight >= load.capacity) {
    const reason = `${request.to} has ${load.inFlight} of its ${load.capacity} places taken`;
    const alternatives = situation.alternatives.filter(
      ({ address, free }) => address !== request.to && free > 0,
    );
    return refusal("capacity", reason, { alternatives });
  }

  const violations = violationsOf(request, situation, rule.limits);
  if (violations.length > 0) {
    const each = violations.map(
      ({ resource, requested, remaining }) =>
        `${amountText(resource, requested)} of ${resource} where ${amountText(resource, remaining)} are left`,
    );
    const reason = `Rule ${quote(rule.name)} does not allow ${each.join(", nor ")}`;
    return refusal("limits", reason, { escalationPath: rule.escalationPath, violations });
  }

  const governance = governanceOf(request, situation, rule, { set: ruleSet, gates: compiled.gates, facts });
  if (governance.refused !== undefined)
    return refusal("governance", governance.refused, { escalationPath: rule.escalationPath });
  return acceptance(request, situation, rule, governance.findings);
}

function acceptance(
  request: DelegationRequest,
  { load, rules }: Situation,
  rule: RuleSet["rules"][number],
  governance: readonly Finding[],
): Accepted {
  const after = load.inFlight + 1;
  const utilisation = after / load.capacity;
  return {
    ok: true,
    rule: rule.name,
    rulesVersion: rules.version,
    workloadImpact: { before: load.inFlight, after, capacity: load.capacity, utilisation },
    governance: [...governance],
    approval: { required: rule.approvalRequired },
    monitoringRequired: request.priority >= priorities.CRITICAL || utilisation > watchedFrom,
    qualityValidationRequired: rule.qualityValidationRequired,
    limits: { ...rule.limits },
  };
}

function refusal(
  check: Check,
  reason: string,
  more: Partial<Pick<Refused, "escalationPath" | "alternatives" | "violations" | "nearest">>,
): Refused {
  return {
    ok: false,
    check,
    reason,
    // For want of a place there is nothing to be decided higher up: another takes it, or it waits.
    requiresEscalation: check !== "capacity",
    escalationPath: [...(more.escalationPath ?? [])],
    alternatives: [...(more.alternatives ?? [])],
    violations: [...(more.violations ?? [])],
    nearest: [...(more.nearest ?? [])],
  };
}

/** Both are known, the delegator's level may delegate, and the target's is no higher. */
function authorityFailure(
  { from, to }: DelegationRequest,
  situation: Situation,
  { order }: CompiledRules,
): string | undefined {
  for (const [address, role] of [[from, situation.from] as const, [to, situation.to] as const]) {
    if (role === undefined) return `The roster knows nobody at ${address}`;
    if (!order.has(role.authority))
      return `${address} has the level ${quote(role.authority)}, which the rules do not know`;
  }
  const [above, below] = [situation.from?.authority ?? "", situation.to?.authority ?? ""];
  if (!order.may(above, "delegate"))
    return `${from} is ${above}, which may ${order.operationsOf(above).join(", ") || "nothing"}, and not delegate`;
  if (!order.isWithin(below, above))
    return `${to} is ${below}, which is not below ${above}, the level of ${from}`;
  return undefined;
}

function ruleFailure(
  { from, to, task }: DelegationRequest,
  situation: Situation,
  nearest: Refused["nearest"],
): string {
  const asked = `No rule lets ${from} (${situation.from?.authority}) delegate ${quote(task.type)} to ${to} (${situation.to?.authority})`;
  const [first] = nearest;
  return first === undefined ? asked : `${asked}: in ${quote(first.rule)}, ${first.failed}`;
}

/** What is asked beyond what is left: of `time` for this task alone, of the rest beside all that the target holds. */
function violationsOf(
  { resources }: DelegationRequest,
  { load }: Situation,
  limits: Partial<Record<ResourceName, number>>,
): Refused["violations"] {
  return resourceNames.flatMap((resource) => {
    const [limit, requested] = [limits[resource], resources[resource]];
    if (limit === undefined || requested === undefined) return [];
    const remaining = resource === "time" ? limit : Math.max(0, limit - (load.held[resource] ?? 0));
    // Not a number is within no limit.
    return requested <= remaining ? [] : [{ resource, requested, remaining, unit: resourceUnit(resource) }];
  });
}
