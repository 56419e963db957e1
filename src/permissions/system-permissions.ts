import { clientPermissions, nodePermissions } from "./node-permissions.ts";
import { operatorPermissions } from "./operator-permissions.ts";
import type { UserPermissions } from "./permission.ts";
import { checkPlan, type SystemPlan } from "./plan.ts";

/**
 * What each user of a system may do on its NATS server: the nodes of the plan, its clients, and the operator. Nothing is allowed that
 * the plan does not say.
 *
 * @throws OPTION_INVALID for a plan that contradicts itself
 */
export function systemPermissions(plan: SystemPlan): readonly UserPermissions[] {
  const checked = checkPlan(plan);
  const users = checked.parties.map((party) =>
    party.kind === "node" ? nodePermissions(checked, party) : clientPermissions(checked, party),
  );
  return [...users, operatorPermissions(checked)];
}
