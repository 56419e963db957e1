export { checkGrant } from "./check-grant.ts";
export type { GrantRule, GrantRuleInput } from "./grant-rule.ts";
export { NodeGrants } from "./node-grants.ts";
