export { checkGrant } from "./check-grant.ts";
export { type GrantRule, type GrantRuleInput, grantRuleOf } from "./grant-rule.ts";
export { NodeGrants } from "./node-grants.ts";
